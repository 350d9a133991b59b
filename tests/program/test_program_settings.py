"""What a setting does to the account: asked of the rehearsed account, not of the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]


def rehearse_whole(rehearsed: Rehearse, stack: str, **config: Any) -> Rehearsal:
    done = rehearsed(stack, **config)
    assert done.error is None, done.error
    broken = [verdict for verdict in done.checks if not verdict.ok]
    assert not broken, broken
    return done


def test_the_team_preset_is_small_and_still_whole(rehearsed: Rehearse) -> None:
    done = rehearse_whole(rehearsed, "cn-northwest-1", preset="team")
    assert len(done.client("ec2").describe_nat_gateways()["NatGateways"]) == 1
    (database,) = done.client("rds").describe_db_instances()["DBInstances"]
    assert (database["DBInstanceClass"], database["MultiAZ"]) == ("db.t4g.medium", False)
    (cache,) = done.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert cache["AutomaticFailover"] == "disabled"
    ecs, services = done.client("ecs"), done.outputs["services"]
    running = ecs.describe_services(cluster=done.outputs["cluster"], services=list(services.values()))["services"]
    counts = {one["serviceName"]: one["desiredCount"] for one in running}
    assert counts.pop(services["annotation-worker"]) == 0, "it starts with the first job"
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("region", ["cn-north-1", "ap-northeast-1"])
def test_the_production_preset_has_something_of_everything_in_each_zone(rehearsed: Rehearse, region: str) -> None:
    done = rehearse_whole(rehearsed, region, preset="production")
    assert len(done.client("ec2").describe_nat_gateways()["NatGateways"]) == 3
    (database,) = done.client("rds").describe_db_instances()["DBInstances"]
    assert (database["DBInstanceClass"], database["MultiAZ"]) == ("db.m6g.2xlarge", True)
    assert (database["BackupRetentionPeriod"], database["DeletionProtection"]) == (35, True)
    (cache,) = done.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert (cache["AutomaticFailover"], len(cache["MemberClusters"])) == ("enabled", 3)
    ecs, services = done.client("ecs"), done.outputs["services"]
    running = ecs.describe_services(cluster=done.outputs["cluster"], services=list(services.values()))["services"]
    counts = {service["serviceName"]: service["desiredCount"] for service in running}
    assert all(count >= 3 for name, count in counts.items() if name != services["scheduler"]), counts
    plans = done.client("backup")
    (plan,) = plans.list_backup_plans()["BackupPlansList"]
    (rule,) = plans.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    assert rule["Lifecycle"]["DeleteAfterDays"] == 90


def test_interface_endpoints_carry_chinas_prefix_where_the_service_has_it(rehearsed: Rehearse) -> None:
    wanted = ["ecr.api", "logs"]
    done = rehearse_whole(rehearsed, "cn-north-1", interfaceEndpoints=wanted)
    found = {
        one["ServiceName"]: one["VpcEndpointType"]
        for one in done.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    }
    assert found == {
        "com.amazonaws.cn-north-1.s3": "Gateway",
        "cn.com.amazonaws.cn-north-1.ecr.api": "Interface",
        "com.amazonaws.cn-north-1.logs": "Interface",
    }


def test_only_allowed_addresses_reach_the_load_balancer(rehearsed: Rehearse) -> None:
    done = rehearse_whole(
        rehearsed, "cn-northwest-1", allowedCidrs=["203.0.113.0/24", "198.51.100.7/32"], httpPort=8088
    )
    groups = done.client("ec2").describe_security_groups(Filters=[{"Name": "tag:cvat:edge", "Values": ["alb"]}])
    (group,) = groups["SecurityGroups"]
    opened = {(rule["FromPort"], one["CidrIp"]) for rule in group["IpPermissions"] for one in rule["IpRanges"]}
    assert opened == {(8088, "203.0.113.0/24"), (8088, "198.51.100.7/32")}
    assert done.outputs["url"].endswith(":8088")


def test_exec_is_allowed_where_asked_for_and_only_in_services(rehearsed: Rehearse) -> None:
    done = rehearse_whole(rehearsed, "ap-northeast-1", enableExec=True)
    services = done.of_type("aws:ecs/service:Service")
    assert all(service.inputs["enableExecuteCommand"] for service in services)
    roles = done.client("iam").list_roles()["Roles"]
    opening = [role["RoleName"] for role in roles if "ssmmessages" in role_policies(done, role["RoleName"])]
    assert len(opening) == len(services), "each service's task role, and only these, opens the channel"
    assert not any("execution" in name or "init" in name for name in opening)


def role_policies(done: Rehearsal, role: str) -> str:
    iam = done.client("iam")
    names = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return "".join(str(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in names)


def test_own_demo_data_is_read_from_its_bucket_and_none_copies_nothing(rehearsed: Rehearse) -> None:
    done = rehearse_whole(rehearsed, "cn-northwest-1", demoData="s3://our-media/demo/")
    (init,) = [r for r in done.of_type("aws:ecs/taskDefinition:TaskDefinition") if r.name == "init"]
    assert "s3://our-media/demo/" in init.inputs["containerDefinitions"]
    (policy,) = [r for r in done.of_type("aws:iam/rolePolicy:RolePolicy") if r.name == "init-task"]
    assert "arn:aws-cn:s3:::our-media/demo/*" in policy.inputs["policy"]
    done = rehearse_whole(rehearsed, "cn-northwest-1", demoData="none")
    (init,) = [r for r in done.of_type("aws:ecs/taskDefinition:TaskDefinition") if r.name == "init"]
    assert "copy-demo" not in init.inputs["containerDefinitions"]


def test_own_tags_are_on_everything(rehearsed: Rehearse) -> None:
    done = rehearse_whole(rehearsed, "cn-northwest-1", tags=["team=vision"])
    untagged = [
        record.urn for record in done.resources if record.tags is not None and record.tags.get("team") != "vision"
    ]
    assert not untagged


def test_ready_images_are_used_instead_of_builds(rehearsed: Rehearse) -> None:
    ready = "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/cvat-ui@sha256:" + "0" * 64
    done = rehearsed("cn-northwest-1", uiImage=ready)
    assert done.error is None, done.error
    assert "images-ui" not in {record.name for record in done.of_type("docker:index/image:Image")}
    (ui,) = [r for r in done.of_type("aws:ecs/taskDefinition:TaskDefinition") if r.name == "cvat-ui"]
    assert ready in ui.inputs["containerDefinitions"]
    (pull,) = [r for r in done.of_type("aws:iam/rolePolicy:RolePolicy") if r.name == "cvat-ui-execution"]
    assert "arn:aws-cn:ecr:cn-northwest-1:123456789012:repository/cvat-ui" in pull.inputs["policy"]


def test_more_variables_and_secrets_reach_cvats_processes_and_nobody_else(rehearsed: Rehearse) -> None:
    arn = "arn:aws-cn:secretsmanager:cn-northwest-1:123456789012:secret:mail-AbCdEf"
    done = rehearsed(
        "cn-northwest-1",
        serverEnvironment=["CVAT_REGISTRATION=open"],
        serverSecrets=[f"EMAIL_HOST_PASSWORD={arn}:password"],
    )
    assert done.error is None, done.error
    definitions = {
        r.name: r.inputs["containerDefinitions"] for r in done.of_type("aws:ecs/taskDefinition:TaskDefinition")
    }
    for name in ("cvat-server", "cvat-worker"):
        assert '"CVAT_REGISTRATION"' in definitions[name]
        assert f"{arn}:password::" in definitions[name]
    assert "CVAT_REGISTRATION" not in definitions["cvat-ui"] + definitions["cvat-gateway"]
    reading = [r.name for r in done.of_type("aws:iam/rolePolicy:RolePolicy") if arn in r.inputs["policy"]]
    assert set(reading) == {f"cvat-{kind}-execution" for kind in ("server", "worker", "annotation-worker", "scheduler")}


def test_tasks_follow_the_load_between_count_and_maximum(rehearsed: Rehearse) -> None:
    done = rehearse_whole(
        rehearsed, "cn-northwest-1", serverMaxCount=6, gatewayMaxCount=2, workerMaxCount=2,
        annotationWorkerMaxCount=1, fargateSpot=True,
    )  # fmt: skip
    scaling = done.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert [(one["MinCapacity"], one["MaxCapacity"]) for one in targets] == [(2, 6)], "only the server may grow"
    assert targets[0]["ResourceId"] == f"service/{done.outputs['cluster']}/{done.outputs['services']['server']}"
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 60
    on_spot = {
        service.name: service.inputs["capacityProviderStrategies"][0]["capacityProvider"] == "FARGATE_SPOT"
        for service in done.of_type("aws:ecs/service:Service")
    }
    assert {name for name, spot in on_spot.items() if spot} == {"cvat-ui", "cvat-gateway"}, "no job is lost to Spot"


def test_media_buckets_are_read_with_the_tasks_role_and_no_other_bucket_is(rehearsed: Rehearse) -> None:
    done = rehearsed("cn-northwest-1", mediaBuckets=["our-photos"])
    assert done.error is None, done.error
    policies = {r.name: r.inputs["policy"] for r in done.of_type("aws:iam/rolePolicy:RolePolicy")}
    for kind in ("server", "worker", "annotation-worker"):
        assert "arn:aws-cn:s3:::our-photos/*" in policies[f"cvat-{kind}-task"]
    assert "our-photos" not in policies["cvat-gateway-task"] + policies["init-task"]
    (server,) = [r for r in done.of_type("aws:ecs/taskDefinition:TaskDefinition") if r.name == "cvat-server"]
    assert '{"name": "CVAT_S3_ROLE_BUCKETS", "value": "our-photos"}' in server.inputs["containerDefinitions"]


def test_administrators_pages_open_from_their_network_only(rehearsed: Rehearse) -> None:
    done = rehearse_whole(rehearsed, "cn-north-1", adminCidrs=["10.20.0.0/16"], internal=True)
    elb = done.client("elbv2")
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    assert balancer["Scheme"] == "internal"
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    found = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    rules = sorted((rule for rule in found if not rule["IsDefault"]), key=lambda rule: int(rule["Priority"]))
    admin = [rule for rule in rules if "/admin*" in str(rule["Conditions"])]
    assert [rule["Actions"][0]["Type"] for rule in admin] == ["forward", "fixed-response"]
    sources = [one["SourceIpConfig"]["Values"] for one in admin[0]["Conditions"] if one["Field"] == "source-ip"]
    assert sources == [["10.20.0.0/16"]]
    assert admin[1]["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "403"

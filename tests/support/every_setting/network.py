"""Stack, account, sleep and network."""

from __future__ import annotations

from typing import Any

from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim


@claim("preset", "team", round_="given")
def the_preset_decides_the_sizes_that_are_not_set(seen: Seen, preset: str) -> None:
    assert seen.cache["CacheNodeType"] == "cache.t4g.small", f"{preset} is sized for five people"
    assert seen.service("server")["desiredCount"] == 1, f"{preset} runs one of each"
    assert seen.database["DBInstanceClass"] == "db.t4g.medium", f"{preset} pays for no more"
    assert seen.cache["AutomaticFailover"] == "disabled", f"{preset} has no standby"


@claim("disposable", True, round_="given")
def a_trial_can_be_deleted_without_leftovers(seen: Seen, disposable: bool) -> None:
    assert seen.database["DeletionProtection"] is not disposable, "a trial that cannot be deleted costs for ever"
    assert seen.cache.get("SnapshotRetentionLimit", 0) == 0, "snapshots outlive what they were taken of"
    inputs = seen.record("aws:rds/instance:Instance", "data-database").inputs
    assert inputs["skipFinalSnapshot"] is disposable, "a final snapshot would be kept"
    assert "finalSnapshotIdentifier" not in inputs, "and a name for one is of no use"


@claim("tags", ["team=vision", "cost-centre=42"])
def own_tags_are_on_everything(seen: Seen, tags: list[str]) -> None:
    expected = dict(tag.split("=") for tag in tags)
    tags_of_database = {tag["Key"]: tag["Value"] for tag in seen.database["TagList"]}
    assert expected.items() <= tags_of_database.items(), "the bill cannot be split"
    bare = [
        resource.urn
        for resource in seen.done.resources
        if resource.tags is not None and not expected.items() <= resource.tags.items()
    ]
    assert not bare, "a resource without the tags is nobody's"


@claim("permissionsBoundaryArn", lambda on: on.boundary)
def every_role_is_bounded(seen: Seen, arn: str) -> None:
    iam = seen.client("iam")
    roles = [iam.get_role(RoleName=role["RoleName"])["Role"] for role in iam.list_roles()["Roles"]]
    bounds = {role["RoleName"]: role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") for role in roles}
    assert set(bounds.values()) == {arn}, f"an account that demands it refuses the role: {bounds}"


@claim("kmsKeyArn", lambda on: on.key)
def stores_logs_and_secrets_are_encrypted_by_the_key(seen: Seen, arn: str) -> None:
    assert seen.database["KmsKeyId"] == arn, "who may use the key may read"
    system = seen.done.outputs["stores"]["files"]
    (files,) = seen.client("efs").describe_file_systems(FileSystemId=system)["FileSystems"]
    assert files["KmsKeyId"] == arn, "who may use the key may read"
    secret = seen.client("secretsmanager").describe_secret(SecretId=seen.done.outputs["admin_secret_arn"])
    assert secret["KmsKeyId"] == arn, "who may use the key may read"
    groups = seen.client("logs").describe_log_groups()["logGroups"]
    assert {group.get("kmsKeyId") for group in groups} == {arn}, "logs name people"


@claim("mode", "asleep", round_="asleep")
def no_task_and_no_endpoint_of_a_sleeping_stack_runs(seen: Seen, _: str) -> None:
    running = {kind: seen.service(kind)["desiredCount"] for kind in seen.done.outputs["services"]}
    assert set(running.values()) == {0}, f"what runs is paid for: {running}"
    assert not seen.client("sagemaker").list_endpoints()["Endpoints"], "endpoints cost most"


def hours(seen: Seen) -> set[tuple[str, str]]:
    """When the server's number changes, and in which time zone."""
    resource = f"service/{seen.done.outputs['cluster']}/{seen.done.outputs['services']['server']}"
    scheduled = seen.client("application-autoscaling").describe_scheduled_actions(
        ServiceNamespace="ecs", ResourceId=resource
    )["ScheduledActions"]
    return {(action["Schedule"], action["Timezone"]) for action in scheduled}


@claim("officeHours", "mon-sat 07:30-21:00", round_="given")
def tasks_come_and_go_with_the_office_hours(seen: Seen, _: str) -> None:
    ends = "cron(0 21 ? * MON,TUE,WED,THU,FRI,SAT *)"
    assert ends in {when for when, _ in hours(seen)}, "nights would be paid for"
    assert len(hours(seen)) == 2, "a morning and an evening"


@claim("officeTimeZone", "Europe/Berlin", round_="given")
def office_hours_are_those_of_the_place(seen: Seen, zone: str) -> None:
    assert {where for _, where in hours(seen)} == {zone}, "people would begin before their tasks"


@claim("vpcCidr", "10.50.0.0/16")
def the_new_vpc_has_the_range(seen: Seen, cidr: str) -> None:
    ranges = [vpc["CidrBlock"] for vpc in seen.client("ec2").describe_vpcs()["Vpcs"]]
    assert cidr in ranges, "a range that another network uses cannot be peered with"


@claim("publicSubnetCidrs", ["10.50.0.0/24", "10.50.1.0/24", "10.50.2.0/24"])
def the_public_subnets_have_their_ranges(seen: Seen, cidrs: list[str]) -> None:
    assert [subnet["CidrBlock"] for subnet in seen.subnets("public")] == cidrs, (
        "addresses are the network team's to give"
    )


@claim("privateSubnetCidrs", ["10.50.32.0/20", "10.50.64.0/20", "10.50.96.0/20"])
def the_private_subnets_have_their_ranges(seen: Seen, cidrs: list[str]) -> None:
    assert [subnet["CidrBlock"] for subnet in seen.subnets("private")] == cidrs, (
        "addresses are the network team's to give"
    )


@claim("availabilityZones", lambda on: on.zones)
def subnets_lie_in_the_named_zones_in_their_order(seen: Seen, zones: list[str]) -> None:
    for kind in ("public", "private"):
        assert [subnet["AvailabilityZone"] for subnet in seen.subnets(kind)] == zones, "a zone may lack what is needed"


@claim("natGateways", "single")
def one_nat_gateway_serves_all_zones(seen: Seen, _: str) -> None:
    public = {subnet["SubnetId"] for subnet in seen.subnets("public")}
    nat_subnets = [gateway["SubnetId"] for gateway in seen.client("ec2").describe_nat_gateways()["NatGateways"]]
    assert len(public & set(nat_subnets)) == 1, "each more costs as much again"


@claim("flowLogs", "rejected")
def refused_connections_are_logged_with_the_stacks_retention(seen: Seen, _: str) -> None:
    flow_logs = seen.client("ec2").describe_flow_logs()["FlowLogs"]
    assert [flow_log["TrafficType"] for flow_log in flow_logs] == ["REJECT"], "who knocks is what one wants to know"
    groups = seen.client("logs").describe_log_groups(logGroupNamePrefix="network-flow-logs")["logGroups"]
    destination = flow_logs[0]["LogDestination"]
    assert [group["arn"].removesuffix(":*") for group in groups] == [destination], "elsewhere nobody looks"
    assert groups[0].get("retentionInDays"), "logs that are kept for ever cost more every month"


@claim("interfaceEndpoints", ["ecr.api", "logs"])
def each_service_gets_a_private_endpoint_in_every_zone(seen: Seen, services: list[str]) -> None:
    endpoints = seen.client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    interfaces = [endpoint for endpoint in endpoints if endpoint["VpcEndpointType"] == "Interface"]
    prefix = "cn.com" if seen.done.region.startswith("cn-") else "com"
    region = seen.done.region
    assert {endpoint["ServiceName"] for endpoint in interfaces} == {
        f"{prefix}.amazonaws.{region}.ecr.api",
        f"com.amazonaws.{region}.logs",
    }, services
    assert {len(endpoint["SubnetIds"]) for endpoint in interfaces} == {3}, "a zone without an endpoint pays for NAT"


@claim("vpcId", lambda on: on.vpc_id, round_="given")
def the_existing_vpc_is_used_and_none_is_made(seen: Seen, vpc_id: str) -> None:
    assert seen.database["DBSubnetGroup"]["VpcId"] == vpc_id, "what is peered with the VPC could not reach CVAT"
    vpcs = [vpc["VpcId"] for vpc in seen.client("ec2").describe_vpcs()["Vpcs"] if not vpc.get("IsDefault")]
    assert vpcs == [vpc_id], "a second VPC would be paid for, and empty"
    inside = ("aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route")
    assert not seen.done.of_type(*inside), "somebody else's network is not ours to change"


def subnets_of(service: dict[str, Any]) -> set[str]:
    """Where a service's tasks run."""
    return set(service["networkConfiguration"]["awsvpcConfiguration"]["subnets"])


@claim("privateSubnetIds", lambda on: on.private_subnets, round_="given")
def tasks_and_stores_live_in_the_named_private_subnets(seen: Seen, ids: list[str]) -> None:
    assert subnets_of(seen.service("server")) <= set(ids), "tasks belong where the network team put them"
    system = seen.done.outputs["stores"]["files"]
    targets = seen.client("efs").describe_mount_targets(FileSystemId=system)["MountTargets"]
    assert {target["SubnetId"] for target in targets} == set(ids), "a zone without a mount target has no files"


@claim("publicSubnetIds", lambda on: on.public_subnets, round_="asleep")
def the_load_balancer_stands_in_the_named_public_subnets(seen: Seen, ids: list[str]) -> None:
    used = {zone["SubnetId"] for zone in seen.balancer["AvailabilityZones"]}
    assert used == set(ids), "elsewhere nobody reaches it"


def variables(seen: Seen, kind: str) -> dict[str, str]:
    """Of the first container of a service's tasks."""
    definition = seen.client("ecs").describe_task_definition(taskDefinition=seen.service(kind)["taskDefinition"])
    container = definition["taskDefinition"]["containerDefinitions"][0]
    return {variable["name"]: variable["value"] for variable in container["environment"]}


@claim("proxy", "http://proxy.example.com:3128")
def cvat_and_gateway_call_by_the_proxy(seen: Seen, url: str) -> None:
    for kind in ("server", "worker", "gateway"):
        assert variables(seen, kind)["HTTPS_PROXY"] == url, "nothing else leads out of some networks"
    exceptions = variables(seen, "server")["NO_PROXY"].split(",")
    assert variables(seen, "server")["CVAT_NUCLIO_HOST"] in exceptions, "the proxy does not know the gateway"


@claim("proxyExceptions", ["corp.example.com"])
def what_is_in_the_corporate_network_is_called_directly(seen: Seen, hosts: list[str]) -> None:
    assert set(hosts) <= set(variables(seen, "server")["NO_PROXY"].split(",")), "the proxy leads outside only"


@claim("certificateAuthorities", lambda on: on.authority)
def images_contain_the_authority_and_cvat_uses_it(seen: Seen, pem: str) -> None:
    assert variables(seen, "server")["REQUESTS_CA_BUNDLE"].startswith("/etc/ssl/"), "requests has a list of its own"
    build = seen.record("docker:index/image:Image", "images-server").inputs["build"]
    assert build["args"]["CA_CERTIFICATES"] == pem.strip(), "a proxy that opens TLS is trusted by nobody"

"""Settings and surroundings that change under a stack that runs: nothing that is in use is replaced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Rehearsal, rehearse

Update = Callable[..., Rehearsal]


@pytest.fixture
def account() -> Iterator[Account]:
    with Account() as opened:
        yield opened


@pytest.fixture
def update(archives: Path, account: Account) -> Update:
    """Run the program over what the account has, with these settings over the stack's file."""

    def run(stack: str = "cn-north-1", **config: Any) -> Rehearsal:
        settings = {"cvat:modelArchives": str(archives)} | {f"cvat:{key}": value for key, value in config.items()}
        return rehearse(stack, config=settings, account=account, judge=False)

    return run


def done(rehearsal: Rehearsal) -> set[str]:
    """Resources that were not left as they were."""
    assert rehearsal.error is None, rehearsal.error
    return rehearsal.outcome.touched()


def test_a_stack_stays_in_its_zones_though_it_would_choose_others_today(update: Update) -> None:
    zones = ["cn-north-1d", "cn-north-1b", "cn-north-1a"]
    done(update(availabilityZones=zones))
    assert done(update()) == set(), "a new VPC would take the first three zones in the order of their names"
    refused = update(availabilityZones=zones[::-1])
    assert "AWS cannot move those in cn-north-1d, cn-north-1a" in str(refused.error)
    assert refused.outcome.touched() == set(), "it is refused before anything changes"


def test_flow_logs_of_other_traffic_take_the_place_of_the_old_ones(update: Update, account: Account) -> None:
    """EC2 refuses two with the same destination side by side (FlowLogAlreadyExists)."""
    done(update(flowLogs="rejected"))
    touched = done(update(flowLogs="all"))
    assert touched == {"replaced aws:ec2/flowLog:FlowLog network"}, "and nothing else"
    (flow_log,) = account.client("ec2", "cn-north-1").describe_flow_logs()["FlowLogs"]
    assert flow_log["TrafficType"] == "ALL"
    done(update())
    assert not account.client("ec2", "cn-north-1").describe_flow_logs()["FlowLogs"], "they would cost for ever"


def test_a_variant_that_scales_gets_another_instance_type_by_a_new_endpoint(update: Update) -> None:
    """SageMaker refuses UpdateEndpoint with another type while the variant is registered for scaling."""
    scaling = {"inferenceMaxInstanceCount": "2"}
    done(update("cn-northwest-1", **scaling))
    for types in ({"inferenceInstanceType": "ml.m5.xlarge"}, {}):
        changed = update("cn-northwest-1", **scaling, **types)
        touched = done(changed)
        for replaced in ("aws:sagemaker/endpoint:Endpoint", "aws:appautoscaling/target:Target"):
            assert f"replaced {replaced} inference" in touched, "the endpoint in use must not be updated"
        order = [step.record.type for step in changed.outcome.steps if step.verb == "replaced"]
        assert order.index("aws:sagemaker/endpoint:Endpoint") < order.index("aws:appautoscaling/target:Target")
        (target,) = [
            resource
            for resource in changed.resources
            if resource.name == "inference" and "appautoscaling/target" in resource.type
        ]
        (endpoint,) = [resource for resource in changed.resources if resource.type == "aws:sagemaker/endpoint:Endpoint"]
        assert endpoint.outputs["name"] in target.inputs["resourceId"], "the new endpoint scales"


def test_an_endpoint_that_does_not_scale_keeps_its_name_with_another_instance_type(update: Update) -> None:
    done(update("cn-northwest-1"))
    touched = done(update("cn-northwest-1", inferenceInstanceType="ml.m5.xlarge"))
    assert "updated aws:sagemaker/endpoint:Endpoint inference" in touched


def listeners(rehearsal: Rehearsal) -> dict[int, str]:
    """Protocol and first action by port, as the account has them."""
    balancers = rehearsal.client("elbv2").describe_load_balancers()["LoadBalancers"]
    described = [
        listener
        for balancer in balancers
        for listener in rehearsal.client("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
            "Listeners"
        ]
    ]
    assert len({listener["Port"] for listener in described}) == len(described), "ELB refuses two listeners on a port"
    return {
        listener["Port"]: f"{listener['Protocol']} {listener['DefaultActions'][0]['Type']}" for listener in described
    }


@pytest.fixture
def certificate_arn(account: Account) -> str:
    return str(account.client("acm", "cn-north-1").request_certificate(DomainName="cvat.example.com")["CertificateArn"])


def test_plain_http_becomes_https_and_plain_http_again(update: Update, certificate_arn: str) -> None:
    plain = {80: "HTTP forward"}
    done(update(httpPort=80))
    secure = update(httpPort=80, httpsPort=443, certificateArn=certificate_arn)
    touched = done(secure)
    assert "updated aws:lb/listener:Listener cvat-80" in touched, "a second listener on port 80 is refused"
    assert "created aws:lb/listener:Listener cvat-443" in touched
    assert listeners(secure) == {80: "HTTP redirect", 443: "HTTPS forward"}
    back = update(httpPort=80)
    done(back)
    assert listeners(back) == plain


def test_https_on_the_port_that_plain_http_had_changes_that_listener(update: Update, certificate_arn: str) -> None:
    done(update(httpPort=8443))
    secure = update(httpPort=8080, httpsPort=8443, certificateArn=certificate_arn)
    assert "updated aws:lb/listener:Listener cvat-8443" in done(secure)
    assert listeners(secure) == {8080: "HTTP redirect", 8443: "HTTPS forward"}
    back = update(httpPort=8443)
    done(back)
    assert listeners(back) == {8443: "HTTP forward"}


def test_another_load_balancer_gets_other_target_groups(update: Update) -> None:
    done(update(disposable="true"))
    internal = update(disposable="true", internal="true")
    touched = done(internal)
    assert "replaced aws:lb/loadBalancer:LoadBalancer cvat" in touched
    for kind in ("server", "ui"):
        assert f"created aws:lb/targetGroup:TargetGroup cvat-{kind}-internal" in touched, "one has one load balancer"
        assert f"deleted aws:lb/targetGroup:TargetGroup cvat-{kind}" in touched
        assert f"updated aws:ecs/service:Service cvat-{kind}" in touched, "its tasks register with the new group"
    public = update(disposable="true")
    assert "created aws:lb/targetGroup:TargetGroup cvat-server" in done(public)


def test_a_load_balancer_that_is_protected_is_not_replaced_half_way(update: Update) -> None:
    done(update())
    refused = update(internal="true")
    assert "cvat:internal = true: the stack's load balancer is public" in str(refused.error)
    assert "aws elbv2 modify-load-balancer-attributes --load-balancer-arn arn:aws-cn:" in str(refused.error)
    assert refused.outcome.touched() == set(), "it is refused before anything changes"
    assert done(update()) == set()


def test_another_administrator_is_created_on_a_protected_stack(update: Update, account: Account) -> None:
    done(update())
    runs = account.calls.count("ecs:RunTask")
    changed = update(adminUser="root")
    touched = done(changed)
    assert "replaced aws:secretsmanager/secretVersion:SecretVersion data-admin" in touched
    assert not any("RandomPassword" in title for title in touched), "the password stays"
    assert account.calls.count("ecs:RunTask") == runs + 1, "else nobody of that name could log in"
    secret = account.client("secretsmanager", "cn-north-1").get_secret_value(
        SecretId=changed.outputs["admin_secret_arn"]
    )
    assert json.loads(secret["SecretString"])["username"] == "root"
    versions = [record for record in changed.resources if "secretVersion:" in record.type]
    assert not any(record.protect for record in versions), "Pulumi would refuse to replace one"
    done(update())
    assert done(update()) == set()


def buckets(rehearsal: Rehearsal) -> set[str]:
    """Names of the account's buckets without their random ends."""
    return {bucket["Name"].rpartition("-")[0] for bucket in rehearsal.client("s3").list_buckets()["Buckets"]}


def test_all_functions_are_removed_from_a_stack_that_keeps_its_stores(update: Update) -> None:
    """S3 refuses to delete a bucket that holds objects or versions of them: the update would end half-way."""
    first = update()
    done(first)
    (models,) = [record for record in first.of_type("aws:s3/bucket:Bucket") if record.name == "inference-models"]
    for body in (b"old", b"new"):
        first.client("s3").put_object(Bucket=models.id, Key="by-hand", Body=body)
    assert "deleted aws:s3/bucket:Bucket inference-models" in done(update(inferenceLayout="none", demoData="none"))
    assert buckets(first) == {"cvat-logs"}, "archives and demo files are uploaded again when they are wanted"
    done(update())
    assert done(update()) == set()


def test_logs_stay_locked_where_they_are_when_the_stack_gives_their_bucket_up(update: Update) -> None:
    """As with cvat:loadBalancerArn. S3 would refuse to delete the bucket, and the update would end half-way."""
    first = update()
    done(first)
    kept = [record for record in first.resources if record.name == "cvat-logs" and record.type.startswith("aws:s3/")]
    assert len(kept) == 6, [record.type for record in kept]
    assert all(record.options.retain_on_delete for record in kept)


def test_a_destroyed_stack_can_be_created_again_and_the_proof_of_its_certificate_stays(
    account: Account, archives: Path
) -> None:
    """ACM asks for the same record for every certificate of a name in an account, and at every renewal. The tagging API
    still shows the destroyed services: those of a stack without a database would stop every update."""
    region, host = "ap-northeast-1", "cvat.example.com"
    zone = account.client("route53", region).create_hosted_zone(Name="example.com", CallerReference="x")["HostedZone"]
    config = {
        "cvat:modelArchives": str(archives),
        "cvat:hostName": host,
        "cvat:hostedZoneId": zone["Id"].rpartition("/")[2],
        "cvat:requestCertificate": "true",
        "cvat:disposable": "true",
    }
    done(rehearse(region, config=config, account=account, judge=False))
    gone = rehearse(region, config=config, account=account, destroy=True)
    assert gone.error is None, gone.error
    records = account.client("route53", region).list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert {record["Type"] for record in records} - {"NS", "SOA"} == {"CNAME"}, "the proof, and not the stack's name"
    tagging = account.client("resourcegroupstaggingapi", region)
    assert tagging.get_resources(ResourceTypeFilters=["ecs:service"])["ResourceTagMappingList"], "as AWS does for hours"
    done(rehearse(region, config=config, account=account, judge=False))


def test_every_log_group_has_a_retention_also_the_databases_own(update: Update) -> None:
    """RDS creates the groups that it does not find, and keeps everything in them."""
    first = update(logRetentionDays="14")
    done(first)
    groups = first.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups if group.get("retentionInDays") != 14] == []
    assert len([group for group in groups if group["logGroupName"].startswith("/aws/rds/instance/")]) == 2


@pytest.fixture(scope="module")
def running(archives: Path) -> Iterator[Update]:
    """A stack that runs, and updates of it that must be refused."""
    with Account() as account:
        config = {"cvat:modelArchives": str(archives)}
        done(rehearse("cn-northwest-1", config=config, account=account, judge=False))

        def run(preview: bool = False, **changes: Any) -> Rehearsal:
            changed = {key.replace("_", ":") if "_" in key else f"cvat:{key}": value for key, value in changes.items()}
            return rehearse("cn-northwest-1", config=config | changed, account=account, judge=False, preview=preview)

        yield run


RANGES = json.dumps(["10.192.160.0/19", "10.192.96.0/19", "10.192.128.0/19"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"aws_region": "cn-north-1"}, "aws:region = cn-north-1: the stack runs in cn-northwest-1"),
        ({"privateSubnetCidrs": RANGES}, f"cvat:privateSubnetCidrs = {', '.join(json.loads(RANGES))}: the stack has"),
        ({"redisEngineVersion": "6.2"}, "cvat:redisEngineVersion = 6.2: the stack runs Redis 7.1.0"),
        ({"dbEngineVersion": "14"}, "cvat:dbEngineVersion = 14: the database is PostgreSQL 15"),
        ({"dbStorageGb": "49", "dbMaxStorageGb": "49"}, "cvat:dbStorageGb = 49: the database has 50 GB"),
    ],
)
def test_what_aws_cannot_change_is_refused_before_anything_changes(
    running: Update, change: dict[str, str], said: str
) -> None:
    for preview in (True, False):
        refused = running(preview, **change)
        assert said in str(refused.error), refused.error
        assert "Set it back" in str(refused.error)
        assert refused.outcome.touched() == set()
    settled = running()
    assert settled.error is None, settled.error
    assert settled.outcome.touched() == set()


def test_an_account_with_many_roles_is_asked_for_those_of_the_stack_only(running: Update) -> None:
    """IAM throttles ListRoles, and a page has a hundred roles."""
    account = running(True).account
    for number in range(250):
        account.client("iam", "cn-northwest-1").create_role(
            RoleName=f"init-execution-{number}", AssumeRolePolicyDocument="{}"
        )
    before = len(account.calls)
    refused = running(True, aws_region="cn-north-1")
    assert "aws:region = cn-north-1: the stack runs in cn-northwest-1" in str(refused.error), "IAM has no regions"
    asked = [call for call in account.calls[before:] if call.startswith("iam:")]
    assert asked == ["iam:ListRoles", "iam:GetRole"], asked

"""running_stack.py: what AWS does not answer is not taken for what does not exist."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from components import running_stack
from components.context import REGION_TAG, RELEASE_TAG, VERSION_TAG, StackContext
from region import Region
from settings.releases import DEFAULT
from settings.running_stack import RunningStack, RunningSubnet
from settings.zones import Zone

CONTEXT = StackContext(
    region=Region("cn-north-1"), account="123456789012", stack="prod", tags={"project": "cvat", "stack": "prod"}
)
DATABASE = "arn:aws-cn:rds:cn-north-1:123456789012:db:data"
KEY = "arn:aws-cn:kms:cn-north-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account in which the tagging API shows one database; `get_instance` says what RDS does with the question."""

    answers = SimpleNamespace(refusal="")

    def refuse(**_: Any) -> Any:
        raise Exception(answers.refusal)

    mapping = SimpleNamespace(resource_arn=DATABASE, tags={})
    nothing = SimpleNamespace(names=[], ids=[], vpc_ids=[])
    for module, name in ((aws.iam, "get_roles"), (aws.ec2, "get_security_groups"), (aws.ec2, "get_vpcs")):
        monkeypatch.setattr(module, name, lambda **_: nothing)
    monkeypatch.setattr(aws.ec2, "get_subnets", lambda **_: nothing)
    tagged = SimpleNamespace(resource_tag_mapping_lists=[mapping])
    monkeypatch.setattr(aws.resourcegroupstaggingapi, "get_resources", lambda **_: tagged)
    monkeypatch.setattr(aws.rds, "get_instance", refuse)
    return answers


def test_a_database_that_is_deleted_but_still_tagged_does_not_exist(account: Any) -> None:
    account.refusal = "invoking aws:rds/getInstance:getInstance: no matching RDS DB Instance found"
    assert running_stack.running_stack(CONTEXT).database is None


@pytest.mark.parametrize(
    "refusal",
    [
        "AccessDenied: rds:DescribeDBInstances",
        "request send failed, dial tcp: lookup rds.cn-north-1.amazonaws.com.cn on 10.0.0.2:53: no such host",
    ],
)
def test_a_database_that_cannot_be_looked_at_is_not_taken_for_a_deleted_one(account: Any, refusal: str) -> None:
    account.refusal = f"invoking aws:rds/getInstance:getInstance: {refusal}"
    with pytest.raises(pulumi.RunError, match=r"(AccessDenied|no such host).*pulumi up"):
        running_stack.running_stack(CONTEXT)


def test_what_the_tagging_api_shows_of_a_destroyed_stack_does_not_exist(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It shows deleted resources for hours, and ECS deleted services and clusters."""
    account.refusal = "no matching RDS DB Instance found"
    prefix = "arn:aws-cn"
    arns = [
        DATABASE,
        f"{prefix}:elasticfilesystem:cn-north-1:123456789012:file-system/fs-0123456789abcdef0",
        f"{prefix}:ecs:cn-north-1:123456789012:service/cvat-1234567/cvat-server-1234567",
        f"{prefix}:ecs:cn-north-1:123456789012:service/cvat-7654321/cvat-server-7654321",
    ]
    version = {VERSION_TAG: "2.73.0"}
    tagged = SimpleNamespace(
        resource_tag_mapping_lists=[SimpleNamespace(resource_arn=arn, tags=version) for arn in arns]
    )
    monkeypatch.setattr(aws.resourcegroupstaggingapi, "get_resources", lambda **_: tagged)

    def gone(file_system_id: str) -> Any:
        raise Exception(f"{file_system_id}: no matching EFS file system found")

    def inactive(cluster_name: str) -> Any:
        if cluster_name != "cvat-1234567":
            raise Exception(f"reading ECS Cluster ({cluster_name}): couldn't find resource")
        raise Exception(f"reading ECS Cluster ({cluster_name}): INACTIVE")

    monkeypatch.setattr(aws.efs, "get_file_system", gone)
    monkeypatch.setattr(aws.ecs, "get_cluster", inactive)
    stack = running_stack.running_stack(CONTEXT)
    assert (stack.database, stack.file_system_ids) == (None, ())
    assert (stack.initialised, stack.version) == (False, ""), "else the stack could not be created again"
    monkeypatch.setattr(aws.ecs, "get_cluster", lambda cluster_name: SimpleNamespace(status="ACTIVE"))
    assert running_stack.running_stack(CONTEXT).initialised


def test_a_key_that_only_some_secrets_have_got_is_the_stacks(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update failed half-way: without the key, no task may read the secret that has it already."""
    secrets = ["admin-AbCdEf", "django-AbCdEf", "redis-AbCdEf"]
    tagged = SimpleNamespace(
        resource_tag_mapping_lists=[
            SimpleNamespace(resource_arn=f"arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:{name}", tags={})
            for name in secrets
        ]
    )
    monkeypatch.setattr(aws.resourcegroupstaggingapi, "get_resources", lambda **_: tagged)
    keys = {"admin": "", "django": KEY, "redis": ""}
    monkeypatch.setattr(
        aws.secretsmanager,
        "get_secret",
        lambda arn: SimpleNamespace(kms_key_id=keys[arn.rpartition(":secret:")[2].partition("-")[0]]),
    )
    assert running_stack.running_stack(CONTEXT).key_arn == KEY


def a_role(monkeypatch: pytest.MonkeyPatch, **tags: str) -> None:
    """The only role below the stack's path."""
    monkeypatch.setattr(aws.iam, "get_roles", lambda **_: SimpleNamespace(names=["init-execution-1234567"]))
    monkeypatch.setattr(aws.iam, "get_role", lambda name: SimpleNamespace(tags={"project": "cvat", **tags}))


def test_a_stack_of_another_region_is_known_by_its_role_and_nothing_else_is_asked(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.refusal = "AccessDenied: the account of this region is nobody's business"
    a_role(monkeypatch, stack="prod", **{REGION_TAG: "cn-northwest-1"})
    assert running_stack.running_stack(CONTEXT) == RunningStack(region="cn-northwest-1")


def test_a_role_with_another_stacks_tags_says_nothing_of_this_one(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.refusal = "no matching RDS DB Instance found"
    a_role(monkeypatch, stack="trial", **{REGION_TAG: "cn-northwest-1", RELEASE_TAG: "v2"})
    stack = running_stack.running_stack(CONTEXT)
    assert (stack.region, stack.release) == ("", DEFAULT.name)


def test_redis_is_asked_by_whichever_of_its_nodes_is_there(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that failed, or that a smaller number of replicas has removed, leaves a gap."""
    account.refusal = "no matching RDS DB Instance found"
    group = "arn:aws-cn:elasticache:cn-north-1:123456789012:replicationgroup:jobs"
    tagged = SimpleNamespace(resource_tag_mapping_lists=[SimpleNamespace(resource_arn=group, tags={})])
    monkeypatch.setattr(aws.resourcegroupstaggingapi, "get_resources", lambda **_: tagged)

    def node(cluster_id: str) -> Any:
        if cluster_id != "jobs-003":
            raise Exception(f"{cluster_id}: couldn't find resource")
        return SimpleNamespace(engine_version="7.1.0", subnet_group_name="s")

    monkeypatch.setattr(aws.elasticache, "get_cluster", node)
    monkeypatch.setattr(aws.elasticache, "get_subnet_group", lambda name: SimpleNamespace(subnet_ids=[name]))
    stack = running_stack.running_stack(CONTEXT)
    assert (stack.redis_version, stack.store_subnet_ids) == ("7.1.0", frozenset({"s"}))


def test_private_subnets_of_a_vpc_without_internet_are_its_isolated_ones(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.refusal = "no matching RDS DB Instance found"
    isolated = SimpleNamespace(ids=["subnet-1"])
    nothing = SimpleNamespace(ids=[])
    monkeypatch.setattr(aws.ec2, "get_subnets", lambda tags: isolated if tags["SubnetType"] == "Isolated" else nothing)
    subnet = {"cidr_block": "10.0.0.0/24", "availability_zone": "cn-north-1a", "availability_zone_id": "cnn1-az1"}
    monkeypatch.setattr(aws.ec2, "get_subnet", lambda id: SimpleNamespace(**subnet, tags={"Name": "network-1"}))
    stack = running_stack.running_stack(CONTEXT)
    assert stack.isolated
    assert stack.private_subnets == {0: RunningSubnet("10.0.0.0/24", Zone("cn-north-1a", "cnn1-az1"))}

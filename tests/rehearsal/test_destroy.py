"""A stack that may go leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal import Account, Rehearsal, rehearse
from rehearsal.engine.state import Record

STACK = "cn-northwest-1"

LISTS = """
backup list_backup_plans BackupPlansList
backup list_backup_vaults BackupVaultList
cloudwatch describe_alarms MetricAlarms
cloudwatch list_dashboards DashboardEntries
ec2 describe_addresses Addresses
ec2 describe_internet_gateways InternetGateways
ec2 describe_network_interfaces NetworkInterfaces
ec2 describe_route_tables RouteTables
ec2 describe_security_group_rules SecurityGroupRules
ec2 describe_security_groups SecurityGroups
ec2 describe_subnets Subnets
ec2 describe_vpcs Vpcs
ecr describe_repositories repositories
ecs list_task_definitions taskDefinitionArns
efs describe_access_points AccessPoints
efs describe_file_systems FileSystems
efs describe_mount_targets MountTargets
elasticache describe_cache_parameter_groups CacheParameterGroups
elasticache describe_cache_subnet_groups CacheSubnetGroups
elasticache describe_replication_groups ReplicationGroups
elbv2 describe_load_balancers LoadBalancers
elbv2 describe_target_groups TargetGroups
events list_rules Rules
iam list_roles Roles
logs describe_log_groups logGroups
rds describe_db_instances DBInstances
rds describe_db_parameter_groups DBParameterGroups
rds describe_db_subnet_groups DBSubnetGroups
s3 list_buckets Buckets
sagemaker list_endpoint_configs EndpointConfigs
sagemaker list_endpoints Endpoints
sagemaker list_models Models
secretsmanager list_secrets SecretList
servicediscovery list_namespaces Namespaces
servicediscovery list_services Services
sns list_topics Topics
"""
"""Calls that tell what an account holds, and the member with it."""

FILTERS = {"describe_mount_targets": "efs describe_file_systems FileSystems FileSystemId"}
"""Calls that want to know of which other thing."""

OF_A_TASK = "moto ECS"
"""moto keeps the network interface of a task that has ended; Fargate takes it away."""


def counts(account: Account) -> dict[str, int]:
    """How many things of each kind the account holds."""
    numbers = {}
    for line in LISTS.split("\n"):
        if line:
            service, call, member = line.split()
            ask = getattr(account.client(service, STACK), call)
            listed = [thing for arguments in of(account, call) for thing in ask(**arguments)[member]]
            numbers[call] = sum(
                not (isinstance(thing, dict) and thing.get("Description") == OF_A_TASK) for thing in listed
            )
    return numbers


def of(account: Account, call: str) -> list[dict[str, str]]:
    if call not in FILTERS:
        return [{}]
    service, parents, member, key = FILTERS[call].split()
    return [{key: parent[key]} for parent in getattr(account.client(service, STACK), parents)()[member]]


@dataclass(frozen=True)
class Gone:
    """A stack that was there."""

    empty: dict[str, int]
    """What the account held before it was made,"""
    full: dict[str, int]
    """when it stood,"""
    after: dict[str, int]
    """and when it had been deleted."""
    records: list[Record]
    done: Rehearsal


def back_up(done: Rehearsal) -> None:
    """Take a recovery point of each store: AWS deletes no vault that holds one."""
    backups = done.outputs["backups"]
    for store in backups["stores"].values():
        done.client("backup").start_backup_job(
            BackupVaultName=backups["vault"], ResourceArn=store, IamRoleArn=backups["role_arn"]
        )


@pytest.fixture(scope="module")
def gone(archives: Path) -> Iterator[Gone]:
    config = {"cvat:modelArchives": str(archives), "cvat:disposable": True, "cvat:backupDays": 1}
    with Account() as account:
        empty = counts(account)
        first = rehearse(STACK, config=config, account=account, judge=False)
        assert first.error is None, first.error
        back_up(first)
        records, full = first.resources, counts(account)
        done = rehearse(STACK, config=config, account=account, destroy=True)
        yield Gone(empty, full, counts(account), records, done)


def test_every_resource_is_deleted_and_the_state_is_empty(gone: Gone) -> None:
    assert gone.done.error is None, gone.done.error
    managed = {record.urn for record in gone.records if record.custom and not record.type.startswith("awsx:")}
    assert {step.record.urn for step in gone.done.outcome.of("deleted")} == managed
    assert len(managed) > 200
    assert gone.done.resources == []


def test_the_account_is_as_if_the_stack_had_never_been(gone: Gone) -> None:
    assert [call for call in gone.full if gone.full[call] <= gone.empty[call]] == [], "nothing of it was looked at"
    assert gone.after == gone.empty


def test_what_aws_tells_of_for_a_while_is_on_its_way_out(gone: Gone) -> None:
    ecs, ec2, kms = (gone.done.client(service) for service in ("ecs", "ec2", "kms"))
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    assert {cluster["status"] for cluster in clusters} <= {"INACTIVE"}
    assert {gateway["State"] for gateway in ec2.describe_nat_gateways()["NatGateways"]} <= {"deleted"}
    states = {kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] for key in kms.list_keys()["Keys"]}
    assert states <= {"PendingDeletion"}

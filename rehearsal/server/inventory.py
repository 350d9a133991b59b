"""What an account holds, service by service, as its API lists it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.logs.models import logs_backends
from moto.sns.models import sns_backends

from rehearsal.aws.account import Account

Client = Callable[[str], Any]
LINES = 12
"""Of a container's log."""


@dataclass(frozen=True)
class Kind:
    """One sort of resource: the call that lists it."""

    title: str
    service: str
    operation: str
    """Of a boto3 client."""
    members: str
    """Path of the list in the answer."""
    name: str
    """Key of the member that is shown; empty: the member itself, such as an ARN."""
    status: str = ""
    """Key of its state."""
    own: Callable[[Mapping[str, Any]], bool] = lambda _: True
    """Leaves out what every account has."""


def _no_default(entry: Mapping[str, Any]) -> bool:
    return not entry.get("IsDefault") and not entry.get("DefaultForAz")


KINDS: tuple[Kind, ...] = (
    Kind("VPCs", "ec2", "describe_vpcs", "Vpcs", "VpcId", "State", _no_default),
    Kind("Subnets", "ec2", "describe_subnets", "Subnets", "SubnetId", "State", _no_default),
    Kind("NAT gateways", "ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", "State"),
    Kind("VPC endpoints", "ec2", "describe_vpc_endpoints", "VpcEndpoints", "ServiceName", "State"),
    Kind(
        "Security groups", "ec2", "describe_security_groups", "SecurityGroups", "GroupName",
        own=lambda entry: entry["GroupName"] != "default",
    ),
    Kind("Load balancers", "elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerName", "State.Code"),
    Kind("Target groups", "elbv2", "describe_target_groups", "TargetGroups", "TargetGroupName"),
    Kind("Task definitions", "ecs", "list_task_definitions", "taskDefinitionArns", ""),
    Kind("Repositories", "ecr", "describe_repositories", "repositories", "repositoryName"),
    Kind("Databases", "rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier", "DBInstanceStatus"),
    Kind("Snapshots", "rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier", "Status"),
    Kind(
        "Replication groups", "elasticache", "describe_replication_groups", "ReplicationGroups",
        "ReplicationGroupId", "Status",
    ),
    Kind("File systems", "efs", "describe_file_systems", "FileSystems", "FileSystemId", "LifeCycleState"),
    Kind("Buckets", "s3", "list_buckets", "Buckets", "Name"),
    Kind("Secrets", "secretsmanager", "list_secrets", "SecretList", "Name"),
    Kind("Keys", "kms", "list_keys", "Keys", "KeyId"),
    Kind("Roles", "iam", "list_roles", "Roles", "RoleName"),
    Kind("Endpoints", "sagemaker", "list_endpoints", "Endpoints", "EndpointName", "EndpointStatus"),
    Kind("Models", "sagemaker", "list_models", "Models", "ModelName"),
    Kind("Log groups", "logs", "describe_log_groups", "logGroups", "logGroupName"),
    Kind("Alarms", "cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", "StateValue"),
    Kind("Topics", "sns", "list_topics", "Topics", "TopicArn"),
    Kind("Schedules", "scheduler", "list_schedules", "Schedules", "Name", "State"),
    Kind("Backup vaults", "backup", "list_backup_vaults", "BackupVaultList", "BackupVaultName"),
    Kind("Certificates", "acm", "list_certificates", "CertificateSummaryList", "DomainName"),
    Kind("Hosted zones", "route53", "list_hosted_zones", "HostedZones", "Name"),
    Kind("Namespaces", "servicediscovery", "list_namespaces", "Namespaces", "Name"),
)  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """One resource."""

    name: str
    status: str


def resources(client: Client) -> dict[str, list[Listed]]:
    """By title, of those sorts that the account has."""
    listed = {kind.title: list(_members(client, kind)) for kind in KINDS}
    return {title: members for title, members in listed.items() if members} | dict(_ecs(client))


def _members(client: Client, kind: Kind) -> Iterator[Listed]:
    answer = getattr(client(kind.service), kind.operation)()
    for entry in answer[kind.members]:
        if isinstance(entry, str):
            yield Listed(entry.rpartition("/")[2] or entry, "")
        elif kind.own(entry) and (status := str(_at(entry, kind.status))) != "deleted":
            yield Listed(str(entry[kind.name]), status)


def _at(entry: Mapping[str, Any], path: str) -> Any:
    value: Any = entry
    for key in path.split(".") if path else ():
        value = value.get(key, "")
    return "" if value is entry else value


def _ecs(client: Client) -> Iterator[tuple[str, list[Listed]]]:
    """Clusters, and services, which ECS describes by cluster only; not those that it remembers as inactive."""
    ecs = client("ecs")
    listed = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"] or ["none"])["clusters"]
    clusters = [cluster["clusterName"] for cluster in listed if cluster["status"] == "ACTIVE"]
    services: list[Listed] = []
    for cluster in clusters:
        arns = ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"]
        for start in range(0, len(arns), 10):
            for service in ecs.describe_services(cluster=cluster, services=arns[start : start + 10])["services"]:
                count = f"{service['runningCount']} of {service['desiredCount']} tasks"
                services.append(Listed(service["serviceName"], count))
    if clusters:
        yield "ECS clusters", [Listed(cluster, "ACTIVE") for cluster in clusters]
    if services:
        yield "ECS services", services


@dataclass(frozen=True)
class Container:
    """Of a task that was run."""

    name: str
    ending: str
    """Its exit code or the reason; empty while it runs."""
    log: Sequence[str]


@dataclass(frozen=True)
class RunOnce:
    """A task that was run, other than those of services."""

    title: str
    status: str
    reason: str
    containers: Sequence[Container]


def tasks(account: Account) -> list[RunOnce]:
    """Newest first."""
    return [_task(run) for run in reversed(account.tasks.runs.values())]


def _task(run: Any) -> RunOnce:
    description = run.description()
    containers = []
    for definition in run.definitions:
        ending = run.endings.get(definition["name"])
        code = "" if ending is None else str(ending.reason if ending.exit_code is None else f"exit {ending.exit_code}")
        containers.append(Container(definition["name"], code, _log(run, definition)))
    family = run.task.task_definition_arn.rpartition("/")[2]
    return RunOnce(family, description["lastStatus"], str(description.get("stoppedReason", "")), containers)


def _log(run: Any, definition: Mapping[str, Any]) -> list[str]:
    options = definition.get("logConfiguration", {}).get("options", {})
    account, region = run.task.task_arn.split(":")[4], run.task.region_name
    group = logs_backends[account][region].groups.get(options.get("awslogs-group", ""))
    name = f"{options.get('awslogs-stream-prefix', 'ecs')}/{definition['name']}/{run.task.id}"
    stream = group.streams.get(name) if group else None
    return [event.message for event in stream.events[-LINES:]] if stream else []


def notifications(account: Account, region: str) -> list[str]:
    """What was sent to topics, newest first, each with the topic's name."""
    sent = []
    for topic in sns_backends[account.id][region].topics.values():
        for _, message, *_ in getattr(topic, "sent_notifications", ()):
            sent.append(f"{topic.name}: {message}")
    return sent[::-1]


def account_time() -> str:
    """For people."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"

"""State of the database, Redis, the file system and the SageMaker endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients
from cvatctl.resource_state import ResourceState
from cvatctl.stack_outputs import StackOutputs
from cvatctl.status.services import is_asleep
from cvatctl.terminal import ago

_GB = 1024**3
_DATABASE_ANSWERS = frozenset(
    {
        "available",
        "backing-up",
        "modifying",
        "maintenance",
        "storage-optimization",
        "configuring-enhanced-monitoring",
        "configuring-log-exports",
    }
)
"""States of RDS in which the database answers (RDS user guide, "Viewing DB instance status", read 2026-11)."""
_DATABASE_SLEEPS = frozenset({"stopping", "stopped", "starting"})
"""States of the database of a sleeping stack."""
ASLEEP = "asleep: the first call wakes it, or `python -m cvatctl wake`"
CHANGING = ("Creating", "Updating", "Deleting")
"""States of an endpoint that a call has woken, or that the gateway puts to sleep."""
NO_SUCH_ENDPOINT = "ValidationException"
"""SageMaker's error code for an endpoint that does not exist."""


def database(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """The RDS instance."""
    name = outputs.stores["database"]
    (instance,) = clients("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    status = instance["DBInstanceStatus"]
    facts = [
        status,
        f"PostgreSQL {instance['EngineVersion']}",
        instance["DBInstanceClass"],
        f"{instance['AllocatedStorage']} GB",
        "standby in another zone" if instance.get("MultiAZ") else "no standby",
    ]
    if instance.get("LatestRestorableTime"):
        facts.append(f"restorable to {ago(instance['LatestRestorableTime'])}")
    pending = instance.get("PendingModifiedValues") or {}
    details = [f"pending until the maintenance window: {', '.join(sorted(pending))}"] if pending else []
    ok = status in _DATABASE_ANSWERS or (status in _DATABASE_SLEEPS and is_asleep(outputs, clients))
    return [ResourceState(name, ", ".join(facts), ok, details)]


def cache(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """The ElastiCache replication group."""
    name = outputs.stores["cache"]
    (group,) = clients("elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    status = group["Status"]
    nodes = len(group.get("MemberClusters", []))
    facts = [status, group.get("CacheNodeType", "?"), f"{nodes} node{'s' if nodes != 1 else ''}"]
    if nodes > 1:
        facts.append(f"failover {group.get('AutomaticFailover', '?')}")
    return [ResourceState(name, ", ".join(facts), status in ("available", "snapshotting", "modifying"))]


def files(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """The EFS file system and its mount targets."""
    name = outputs.stores["files"]
    (file_system,) = clients("efs").describe_file_systems(FileSystemId=name)["FileSystems"]
    mounts = clients("efs").describe_mount_targets(FileSystemId=name)["MountTargets"]
    available = [mount for mount in mounts if mount["LifeCycleState"] == "available"]
    size = file_system.get("SizeInBytes", {}).get("Value", 0) / _GB
    status = file_system["LifeCycleState"]
    facts = [status, f"{size:.1f} GB", f"{len(available)} of {len(mounts)} mount targets available"]
    ok = status == "available" and bool(mounts) and len(available) == len(mounts)
    return [ResourceState(name, ", ".join(facts), ok)]


def endpoints(outputs: StackOutputs, clients: Clients) -> list[ResourceState]:
    """The SageMaker endpoints, each with the functions that it serves."""
    if not outputs.endpoints:
        return [ResourceState("-", "auto-annotation is switched off")]
    functions: dict[str, list[str]] = {}
    for function, endpoint in sorted(outputs.endpoints.items()):
        functions.setdefault(endpoint, []).append(function)
    return [_endpoint(name, served, outputs, clients) for name, served in functions.items()]


def _endpoint(name: str, functions: list[str], outputs: StackOutputs, clients: Clients) -> ResourceState:
    batch = any(function in outputs.batch_configs for function in functions)
    try:
        return _present(clients("sagemaker").describe_endpoint(EndpointName=name), functions, batch=batch)
    except ClientError as error:
        if error.response["Error"]["Code"] != NO_SUCH_ENDPOINT:
            raise
    if is_asleep(outputs, clients):
        return ResourceState(name, "removed while asleep", details=[f"serves {', '.join(functions)}"])
    if batch:
        return ResourceState(name, ASLEEP, details=[f"serves {', '.join(functions)}"])
    return ResourceState(name, "gone: run `pulumi up --refresh`, which creates it again", ok=False)


def _present(endpoint: Mapping[str, Any], functions: list[str], *, batch: bool) -> ResourceState:
    status = endpoint["EndpointStatus"]
    instances = sum(variant.get("CurrentInstanceCount", 0) for variant in endpoint.get("ProductionVariants", []))
    facts = [ASLEEP] if batch and status == "InService" and not instances else [status]
    for variant in endpoint.get("ProductionVariants", []):
        current, desired = variant.get("CurrentInstanceCount", "?"), variant.get("DesiredInstanceCount", "?")
        facts.append(f"{current} of {desired} instances")
    details = [f"serves {', '.join(functions)}"]
    if endpoint.get("FailureReason"):
        details.append(str(endpoint["FailureReason"]))
    return ResourceState(
        endpoint["EndpointName"],
        ", ".join(facts),
        status in ("InService", "Deployment") or (batch and status in CHANGING),
        details,
    )

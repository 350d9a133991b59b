"""Database, Redis, file system and SageMaker endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from components.dynamic.database_power import ANSWERING
from cvatctl.clients import Clients
from cvatctl.inspect_services import at_rest
from cvatctl.outputs import Outputs
from cvatctl.parts import Line
from cvatctl.show import ago

_GB = 1024**3
_RESTING = frozenset({"stopping", "stopped", "starting"})
"""States of a database that nobody needs."""
_UNKNOWN = "ValidationException"
"""How SageMaker says that there is no such endpoint."""


def database(outputs: Outputs, clients: Clients) -> list[Line]:
    """The RDS instance."""
    name = outputs.stores["database"]
    (found,) = clients("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    state = found["DBInstanceStatus"]
    facts = [
        state,
        f"PostgreSQL {found['EngineVersion']}",
        found["DBInstanceClass"],
        f"{found['AllocatedStorage']} GB",
        "standby in another zone" if found.get("MultiAZ") else "no standby",
    ]
    if found.get("LatestRestorableTime"):
        facts.append(f"restorable to {ago(found['LatestRestorableTime'])}")
    pending = found.get("PendingModifiedValues") or {}
    details = [f"waits for the maintenance window: {', '.join(sorted(pending))}"] if pending else []
    ok = state in ANSWERING or (state in _RESTING and at_rest(outputs, clients))
    return [Line(name, ", ".join(facts), ok, details)]


def cache(outputs: Outputs, clients: Clients) -> list[Line]:
    """The ElastiCache replication group."""
    name = outputs.stores["cache"]
    (found,) = clients("elasticache").describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    state = found["Status"]
    nodes = len(found.get("MemberClusters", []))
    facts = [state, found.get("CacheNodeType", "?"), f"{nodes} node{'s' if nodes != 1 else ''}"]
    if nodes > 1:
        facts.append(f"failover {found.get('AutomaticFailover', '?')}")
    return [Line(name, ", ".join(facts), state in ("available", "snapshotting", "modifying"))]


def files(outputs: Outputs, clients: Clients) -> list[Line]:
    """The EFS file system and its mount targets."""
    name = outputs.stores["files"]
    (found,) = clients("efs").describe_file_systems(FileSystemId=name)["FileSystems"]
    mounts = clients("efs").describe_mount_targets(FileSystemId=name)["MountTargets"]
    ready = [one for one in mounts if one["LifeCycleState"] == "available"]
    size = found.get("SizeInBytes", {}).get("Value", 0) / _GB
    facts = [found["LifeCycleState"], f"{size:.1f} GB", f"{len(ready)} of {len(mounts)} mount targets available"]
    ok = found["LifeCycleState"] == "available" and bool(mounts) and len(ready) == len(mounts)
    return [Line(name, ", ".join(facts), ok)]


def endpoints(outputs: Outputs, clients: Clients) -> list[Line]:
    """The SageMaker endpoints, each with the functions that it serves."""
    if not outputs.endpoints:
        return [Line("-", "auto-annotation is switched off")]
    functions: dict[str, list[str]] = {}
    for function, endpoint in sorted(outputs.endpoints.items()):
        functions.setdefault(endpoint, []).append(function)
    return [_endpoint(name, served, outputs, clients) for name, served in functions.items()]


def _endpoint(name: str, functions: list[str], outputs: Outputs, clients: Clients) -> Line:
    try:
        return _present(clients("sagemaker").describe_endpoint(EndpointName=name), functions)
    except ClientError as error:
        if error.response["Error"]["Code"] != _UNKNOWN:
            raise
    if at_rest(outputs, clients):
        return Line(name, "removed while asleep", details=[f"serves {', '.join(functions)}"])
    return Line(name, "gone: run `pulumi up --refresh`, which makes it again", ok=False)


def _present(found: Mapping[str, Any], functions: list[str]) -> Line:
    state = found["EndpointStatus"]
    facts = [state]
    for variant in found.get("ProductionVariants", []):
        current, desired = variant.get("CurrentInstanceCount", "?"), variant.get("DesiredInstanceCount", "?")
        facts.append(f"{current} of {desired} instances")
    details = [f"serves {', '.join(functions)}"]
    if found.get("FailureReason"):
        details.append(str(found["FailureReason"]))
    return Line(found["EndpointName"], ", ".join(facts), state in ("InService", "Deployment"), details)

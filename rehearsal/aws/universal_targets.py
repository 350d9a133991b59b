"""Targets of EventBridge Scheduler that are calls of an API."""

from __future__ import annotations

from rehearsal.errors import RehearsalError

READS = tuple("get describe list poll receive search scan query select read lookup discover validate".split())
"""Calls that begin so are refused as targets (EventBridge Scheduler user guide, "Using universal targets")."""
BOTO3_SERVICES = {"elasticloadbalancingv2": "elbv2"}
"""Services of a universal target that botocore names otherwise."""


def universal_target(arn: str) -> tuple[str, str]:
    """Service, as botocore names it, and operation of a universal target, such as rds and StopDBInstance."""
    _, _, target = arn.partition(":scheduler:::aws-sdk:")
    service, _, operation = target.partition(":")
    if not operation:
        raise RehearsalError(f"target: {arn} is not arn:<partition>:scheduler:::aws-sdk:<service>:<call>.")
    if operation.startswith(READS):
        raise RehearsalError(f"target: {operation} only reads, and Scheduler calls nothing that does.")
    return BOTO3_SERVICES.get(service, service), operation[0].upper() + operation[1:]


def comparable(name: str) -> str:
    """A parameter's name for comparison: the SDK for Java writes DbInstanceIdentifier, the API DBInstanceIdentifier."""
    return name.lower()

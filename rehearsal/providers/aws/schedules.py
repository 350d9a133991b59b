"""EventBridge Scheduler: groups of schedules, and schedules."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError

from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Made, Make, handles

READS = tuple("get describe list poll receive search scan query select read lookup discover validate".split())
"""Calls that begin so are refused as targets (EventBridge Scheduler user guide, "Using universal targets")."""
SERVICES = {"elasticloadbalancingv2": "elbv2"}
"""Names of services in a universal target, where botocore has another."""


@handles("aws:scheduler/scheduleGroup:ScheduleGroup", tags=True)
def schedule_group(make: Make) -> Made:
    """A group; only groups carry tags."""
    name = make.named(limit=64)
    made = make.call("scheduler", "CreateScheduleGroup", {"Name": name})
    return Made(name, {"name": name, "arn": made["ScheduleGroupArn"]})


@handles("aws:scheduler/schedule:Schedule")
def schedule(make: Make) -> Made:
    """A call of an API, at some time. Scheduler looks at a universal target only when it is due, so here it is looked
    at before."""
    name, group = make.named(limit=64), make.inputs.peek("groupName", "default")
    target = make.inputs.take("target")
    api, given = universal(target["arn"]), json.loads(target["input"])
    _refuse_what_is_no_call(api, given)
    wanted: dict[str, Any] = {"Arn": target["arn"], "RoleArn": target["roleArn"], "Input": target["input"]}
    if retry := target.get("retryPolicy"):
        wanted["RetryPolicy"] = {key[0].upper() + key[1:]: value for key, value in retry.items()}
    if rest := set(target) - {"arn", "roleArn", "input", "retryPolicy"}:
        raise RehearsalError(f"target: {', '.join(sorted(rest))} is not carried.")
    made = make.call("scheduler", f"{'Update' if make.old else 'Create'}Schedule", {"Name": name, "Target": wanted})
    return Made(f"{group}/{name}", {"name": name, "arn": made["ScheduleArn"]})


def universal(arn: str) -> tuple[str, str]:
    """Service, as botocore names it, and operation of a universal target, such as rds and StopDBInstance."""
    _, _, said = arn.partition(":scheduler:::aws-sdk:")
    service, _, call = said.partition(":")
    if not call:
        raise RehearsalError(f"target: {arn} is not arn:<partition>:scheduler:::aws-sdk:<service>:<call>.")
    if call.startswith(READS):
        raise RehearsalError(f"target: {call} only reads, and Scheduler calls nothing that does.")
    return SERVICES.get(service, service), call[0].upper() + call[1:]


def _refuse_what_is_no_call(api: tuple[str, str], given: dict[str, Any]) -> None:
    """An operation that does not exist, a parameter that it does not take, one that it needs."""
    service, operation = api
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError as error:
        raise RehearsalError(f"target: {error}") from error
    if operation not in model.operation_names:
        raise RehearsalError(f"target: {service} has no call {operation}.")
    shape = model.operation_model(operation).input_shape
    known = {spelt(name): name for name in shape.members} if shape else {}
    if unknown := [key for key in given if spelt(key) not in known]:
        raise RehearsalError(f"input: {operation} does not take {', '.join(unknown)}.")
    if lacking := set(shape.required_members if shape else ()) - {known[spelt(key)] for key in given}:
        raise RehearsalError(f"input: {operation} needs {', '.join(sorted(lacking))}.")


def spelt(name: str) -> str:
    """A parameter's name for comparison: the SDK for Java writes DbInstanceIdentifier, the API DBInstanceIdentifier."""
    return name.lower()

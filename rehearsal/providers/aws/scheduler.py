"""EventBridge Scheduler: schedule groups, schedules."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
from botocore.exceptions import UnknownServiceError

from rehearsal.aws.universal_targets import comparable, universal_target
from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words

TARGET_INPUTS = {"arn", "roleArn", "input", "retryPolicy"}


class ScheduleGroup(ResourceType, token="aws:scheduler/scheduleGroup:ScheduleGroup"):
    """A group of schedules; only groups carry tags."""

    tags = True
    replace_on = words("name namePrefix")
    delete_call = deleted_by("scheduler:DeleteScheduleGroup", Name="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=64)
        group = request.call_with_inputs("scheduler", "CreateScheduleGroup", {"Name": name})
        return Attributes(name, {"name": name, "arn": group["ScheduleGroupArn"]})


class Schedule(ResourceType, token="aws:scheduler/schedule:Schedule"):
    """A call of an API at some time. Scheduler reads a universal target when it is due; here it is checked before."""

    replace_on = words("groupName name namePrefix")
    creation_is_put = True
    delete_call = deleted_by("scheduler:DeleteSchedule", Name="name", GroupName="groupName")

    def create(self, request: ResourceRequest) -> Attributes:
        name, group = request.physical_name(limit=64), request.inputs.peek("groupName", "default")
        inputs = request.inputs.take("target")
        service, operation = universal_target(inputs["arn"])
        _check_call(service, operation, json.loads(inputs["input"]))
        if rest := set(inputs) - TARGET_INPUTS:
            raise RehearsalError(f"target: {', '.join(sorted(rest))} is not carried.")
        target: dict[str, Any] = {"Arn": inputs["arn"], "RoleArn": inputs["roleArn"], "Input": inputs["input"]}
        if retry := inputs.get("retryPolicy"):
            target["RetryPolicy"] = {key[0].upper() + key[1:]: value for key, value in retry.items()}
        verb = "Update" if request.old else "Create"
        schedule = request.call_with_inputs("scheduler", f"{verb}Schedule", {"Name": name, "Target": target})
        return Attributes(f"{group}/{name}", {"name": name, "arn": schedule["ScheduleArn"]})


def _check_call(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Refuse an operation that does not exist, a parameter that it does not take, a missing one that it requires."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError as error:
        raise RehearsalError(f"target: {error}") from error
    if operation not in model.operation_names:
        raise RehearsalError(f"target: {service} has no call {operation}.")
    shape = model.operation_model(operation).input_shape
    members = {comparable(name): name for name in shape.members} if shape else {}
    if unknown := [key for key in parameters if comparable(key) not in members]:
        raise RehearsalError(f"input: {operation} does not take {', '.join(unknown)}.")
    present = {members[comparable(key)] for key in parameters}
    if missing := set(shape.required_members if shape else ()) - present:
        raise RehearsalError(f"input: {operation} needs {', '.join(sorted(missing))}.")

"""What EventBridge Scheduler calls with a role: read from the account's schedules, as Scheduler would."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from region import Region
from rehearsal.aws.universal_targets import comparable, universal_target
from rehearsal.checks import stack_queries
from rehearsal.checks.cached_query import Described, cached_query
from rehearsal.errors import MissingHandlerError
from rehearsal.result import Rehearsal


@dataclass(frozen=True)
class Permission:
    """A permission that a call needs."""

    action: str
    resource: str


Parameters = Mapping[str, Any]
"""Of a call, with names that are comparable."""
Arn = Callable[[str, str], str]
"""From a service and the rest of an ARN."""


def _database(verb: str) -> Callable[[Parameters, Arn], list[Permission]]:
    return lambda parameters, arn: [
        Permission(f"rds:{verb}DBInstance", arn("rds", f"db:{parameters['dbinstanceidentifier']}"))
    ]


def _create_endpoint(parameters: Parameters, arn: Arn) -> list[Permission]:
    endpoint = arn("sagemaker", f"endpoint/{parameters['endpointname']}")
    config = arn("sagemaker", f"endpoint-config/{parameters['endpointconfigname']}")
    tagging = [Permission("sagemaker:AddTags", endpoint)] if parameters.get("tags") else []
    return [Permission("sagemaker:CreateEndpoint", endpoint), Permission("sagemaker:CreateEndpoint", config), *tagging]


def _alarms(verb: str) -> Callable[[Parameters, Arn], list[Permission]]:
    return lambda parameters, arn: [
        Permission(f"cloudwatch:{verb}AlarmActions", arn("cloudwatch", f"alarm:{name}"))
        for name in parameters["alarmnames"]
    ]


NEEDS: dict[tuple[str, str], Callable[[Parameters, Arn], list[Permission]]] = {
    ("rds", "StartDBInstance"): _database("Start"),
    ("rds", "StopDBInstance"): _database("Stop"),
    ("sagemaker", "CreateEndpoint"): _create_endpoint,
    ("sagemaker", "DeleteEndpoint"): lambda parameters, arn: [
        Permission("sagemaker:DeleteEndpoint", arn("sagemaker", f"endpoint/{parameters['endpointname']}"))
    ],
    ("elbv2", "ModifyRule"): lambda parameters, _: [
        Permission("elasticloadbalancing:ModifyRule", parameters["rulearn"])
    ],
    ("cloudwatch", "EnableAlarmActions"): _alarms("Enable"),
    ("cloudwatch", "DisableAlarmActions"): _alarms("Disable"),
    ("ecs", "RunTask"): lambda parameters, _: [Permission("ecs:RunTask", parameters["taskdefinition"])],
}
"""Actions and resources by call (Service Authorization Reference, read 2026-11)."""


def needed_permissions(rehearsal: Rehearsal) -> Iterator[tuple[str, list[Permission]]]:
    """For each schedule its role, and the permissions that its call needs."""

    def arn(service: str, rest: str) -> str:
        return Region(rehearsal.region).arn(service, rest, account=rehearsal.account.id)

    for target in _targets(rehearsal):
        call = universal_target(target["Arn"])
        if call not in NEEDS:
            raise MissingHandlerError(
                f"Which permissions {call[0]}:{call[1]} needs is not known: add it to "
                "rehearsal/checks/scheduled_calls.py."
            )
        parameters = _parameters(target)
        yield target["RoleArn"], [*NEEDS[call](parameters, arn), *_passed_roles(rehearsal, parameters)]


def _parameters(target: Described) -> Parameters:
    return {comparable(key): value for key, value in json.loads(target["Input"]).items()}


def _passed_roles(rehearsal: Rehearsal, parameters: Parameters) -> list[Permission]:
    """Running a task passes its roles to it."""
    arn = parameters.get("taskdefinition")
    definition = (stack_queries.task_definition(rehearsal, arn) if arn else None) or {}
    roles = definition.get("executionRoleArn"), definition.get("taskRoleArn")
    return [Permission("iam:PassRole", role) for role in roles if role]


def task_runs(rehearsal: Rehearsal) -> Iterator[Parameters]:
    """Parameters of those schedules that run a task: cluster, definition, network."""
    for target in _targets(rehearsal):
        if universal_target(target["Arn"]) == ("ecs", "RunTask"):
            yield _parameters(target)


@cached_query
def _targets(rehearsal: Rehearsal) -> list[Described]:
    """The targets of the stack's schedules."""
    client = rehearsal.client("scheduler")
    ids = [record.id.split("/") for record in rehearsal.of_type("aws:scheduler/schedule:Schedule")]
    return [client.get_schedule(GroupName=group, Name=name)["Target"] for group, name in ids]

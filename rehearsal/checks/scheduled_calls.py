"""What EventBridge Scheduler calls with a role: read from the account's schedules, as Scheduler would."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from region import Region
from rehearsal.checks import cached_query
from rehearsal.errors import MissingHandlerError
from rehearsal.providers.aws.scheduler import comparable, universal_target
from rehearsal.result import Rehearsal


@dataclass(frozen=True)
class Asked:
    """A permission that a call needs."""

    action: str
    resource: str


Given = Mapping[str, Any]
Arn = Callable[[str, str], str]
"""From a service and the rest of an ARN."""


def _database(verb: str) -> Callable[[Given, Arn], list[Asked]]:
    return lambda given, arn: [Asked(f"rds:{verb}DBInstance", arn("rds", f"db:{given['dbinstanceidentifier']}"))]


def _make_endpoint(given: Given, arn: Arn) -> list[Asked]:
    endpoint = arn("sagemaker", f"endpoint/{given['endpointname']}")
    config = arn("sagemaker", f"endpoint-config/{given['endpointconfigname']}")
    tagging = [Asked("sagemaker:AddTags", endpoint)] if given.get("tags") else []
    return [Asked("sagemaker:CreateEndpoint", endpoint), Asked("sagemaker:CreateEndpoint", config), *tagging]


def _alarms(verb: str) -> Callable[[Given, Arn], list[Asked]]:
    return lambda given, arn: [
        Asked(f"cloudwatch:{verb}AlarmActions", arn("cloudwatch", f"alarm:{name}")) for name in given["alarmnames"]
    ]


NEEDS: dict[tuple[str, str], Callable[[Given, Arn], list[Asked]]] = {
    ("rds", "StartDBInstance"): _database("Start"),
    ("rds", "StopDBInstance"): _database("Stop"),
    ("sagemaker", "CreateEndpoint"): _make_endpoint,
    ("sagemaker", "DeleteEndpoint"): lambda given, arn: [
        Asked("sagemaker:DeleteEndpoint", arn("sagemaker", f"endpoint/{given['endpointname']}"))
    ],
    ("elbv2", "ModifyRule"): lambda given, _: [Asked("elasticloadbalancing:ModifyRule", given["rulearn"])],
    ("cloudwatch", "EnableAlarmActions"): _alarms("Enable"),
    ("cloudwatch", "DisableAlarmActions"): _alarms("Disable"),
    ("ecs", "RunTask"): lambda given, _: [Asked("ecs:RunTask", given["taskdefinition"])],
}
"""Actions and resources by call (Service Authorization Reference, read 2026-11)."""


def asked(rehearsal: Rehearsal) -> Iterator[tuple[str, list[Asked]]]:
    """For each schedule its role, and what it is needed for."""

    def arn(service: str, rest: str) -> str:
        place = f"{rehearsal.region}:{rehearsal.account.id}"
        return f"arn:{Region(rehearsal.region).partition}:{service}:{place}:{rest}"

    for target in targets(rehearsal):
        api = universal_target(target["Arn"])
        if api not in NEEDS:
            raise MissingHandlerError(
                f"Nobody knows what {api[0]}:{api[1]} needs: say it in rehearsal/checks/scheduled_calls.py."
            )
        given = {comparable(key): value for key, value in json.loads(target["Input"]).items()}
        yield target["RoleArn"], [*NEEDS[api](given, arn), *_handed_on(rehearsal, given)]


def _handed_on(rehearsal: Rehearsal, given: Given) -> list[Asked]:
    """Who runs a task hands its roles on to it."""
    found = cached_query.task_definition(rehearsal, given["taskdefinition"]) if "taskdefinition" in given else None
    roles = (found or {}).get("executionRoleArn"), (found or {}).get("taskRoleArn")
    return [Asked("iam:PassRole", role) for role in roles if role]


def runs(rehearsal: Rehearsal) -> Iterator[Given]:
    """What is told to those schedules that run a task: cluster, definition, network."""
    for target in targets(rehearsal):
        if universal_target(target["Arn"]) == ("ecs", "RunTask"):
            yield {comparable(key): value for key, value in json.loads(target["Input"]).items()}


@cached_query.question
def targets(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    """The targets of the stack's schedules."""
    client = rehearsal.client("scheduler")
    found = [record.id.split("/") for record in rehearsal.of_type("aws:scheduler/schedule:Schedule")]
    return [client.get_schedule(GroupName=group, Name=name)["Target"] for group, name in found]

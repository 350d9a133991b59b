"""Pauses the schedules of a sleep or of office hours, which would undo a wake-up. Plain functions, injected clients."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from components.dynamic.database_power import PowerError

GROUP = "sleep"
"""Prefix of the names of their schedule groups, from the logical names in __main__.py and components/sleep."""
STOP, START = f"{GROUP}-stop-database", f"{GROUP}-start-database"
"""Prefixes of the names of the schedules that stop and start a database."""
STOP_ONCE = f"{GROUP}-once-stop-database"
"""Name, in the group of the others, of the schedule that stops a database once. While it is there, an update that has
changed the database, or started it, has not come to its end."""
_CHANGING = "A pulumi up that changes the database has not come to its end."
"""Description of that schedule."""
_NEVER = timedelta(days=3650)
PAUSE = timedelta(hours=2)
"""Longer than a wake-up takes. If that fails and the stack stays asleep, the schedules resume by themselves."""
_KEPT = (
    "Name",
    "GroupName",
    "Description",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "FlexibleTimeWindow",
    "Target",
    "State",
)
"""What UpdateSchedule would reset to its default."""
_ACTION = ("ServiceNamespace", "ScheduledActionName", "ResourceId", "ScalableDimension", "Schedule", "Timezone")
"""What PutScheduledAction needs again beside the action."""


def pause_stopping(scheduler: Any, instance: str, *, daily: bool = False) -> None:
    """Pause the schedules that stop this RDS instance every hour, with `daily` also those of office hours: Pulumi
    deletes them only at the end of an update. What is to stop it once, does not. Raises PowerError.
    """
    try:
        cancel_stop(scheduler, instance)
        for schedule in _database_schedules(scheduler, STOP, instance):
            if daily or schedule["ScheduleExpression"].startswith("rate("):
                _begin_at(scheduler, schedule, now() + PAUSE)
    except ClientError as error:
        raise PowerError(
            f"The schedule that stops database {instance} could not be paused, so it was not started: {error}. "
            "Fix that, and run `pulumi up` again."
        ) from error


def pause_starting(scheduler: Any, instance: str, until: datetime) -> None:
    """Pause the morning's start of this RDS instance, which runs already: RDS would refuse it, and an alarm ring."""
    for schedule in _database_schedules(scheduler, START, instance):
        _begin_at(scheduler, schedule, until)


def resume_starting(scheduler: Any, instance: str) -> None:
    """Let the morning start this RDS instance again."""
    for schedule in _database_schedules(scheduler, START, instance):
        if "StartDate" in schedule:
            _begin_at(scheduler, schedule, None)


def stop_once(scheduler: Any, instance: str, moment: datetime | None, *, changing: bool) -> None:
    """Let EventBridge Scheduler stop this RDS instance once, by the call that it makes every evening; None: never.

    The schedule stays when it has done so. `changing`: whether RDS is to change the instance, as `is_changing` tells.
    """
    for schedule in _database_schedules(scheduler, STOP, instance):
        once = {
            "Name": STOP_ONCE,
            "GroupName": schedule["GroupName"],
            "ScheduleExpression": f"at({(moment or now() + _NEVER).astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": schedule["Target"],
            "State": "ENABLED" if moment else "DISABLED",
            "ActionAfterCompletion": "NONE",
            **({"Description": _CHANGING} if changing else {}),
        }
        present = list(_database_schedules(scheduler, STOP_ONCE, instance))
        (scheduler.update_schedule if present else scheduler.create_schedule)(**once)


def is_unfinished(scheduler: Any, instance: str) -> bool:
    """Whether an update has changed or started this RDS instance and not come to its end."""
    return any(_database_schedules(scheduler, STOP_ONCE, instance))


def is_changing(scheduler: Any, instance: str) -> bool:
    """Whether such an update was to change it."""
    schedules = _database_schedules(scheduler, STOP_ONCE, instance)
    return any(schedule.get("Description") == _CHANGING for schedule in schedules)


def stops_later(scheduler: Any, instance: str) -> bool:
    """Whether this RDS instance is to be stopped once."""
    return any(schedule["State"] == "ENABLED" for schedule in _database_schedules(scheduler, STOP_ONCE, instance))


def cancel_stop(scheduler: Any, instance: str) -> None:
    """Let this RDS instance run on: the update has come to its end."""
    for schedule in _database_schedules(scheduler, STOP_ONCE, instance):
        scheduler.delete_schedule(GroupName=schedule["GroupName"], Name=schedule["Name"])


def pause_all(scheduler: Any, tags: Mapping[str, str], until: datetime) -> None:
    """Pause every schedule of the groups that have these tags. What is to stop a database once, does not."""
    for group in _groups(scheduler, tags):
        for schedule in _schedules(scheduler, GroupName=group):
            if schedule["Name"] == STOP_ONCE:  # it has no beginning that could be put off
                scheduler.delete_schedule(GroupName=schedule["GroupName"], Name=schedule["Name"])
            else:
                _begin_at(scheduler, schedule, until)


def pause_scaling(scaling: Any, scaled: Iterable[str], until: datetime) -> None:
    """Pause the scheduled actions of ECS services.

    `scaled`: in Application Auto Scaling's form, service/<cluster>/<service>.
    """
    for resource in scaled:
        subject = {"ServiceNamespace": "ecs", "ResourceId": resource}
        for action in _pages(scaling, "describe_scheduled_actions", "ScheduledActions", **subject):
            kept = {key: action[key] for key in _ACTION if action.get(key)}
            scaling.put_scheduled_action(**kept, ScalableTargetAction=action["ScalableTargetAction"], StartTime=until)


def _groups(scheduler: Any, tags: Mapping[str, str]) -> Iterator[str]:
    """Names of the schedule groups of a sleep that have these tags."""
    for group in _pages(scheduler, "list_schedule_groups", "ScheduleGroups", NamePrefix=GROUP):
        present = scheduler.list_tags_for_resource(ResourceArn=group["Arn"]).get("Tags", [])
        if tags.items() <= {tag["Key"]: tag["Value"] for tag in present}.items():
            yield group["Name"]


def _schedules(scheduler: Any, **filters: str) -> Iterator[dict[str, Any]]:
    for summary in _pages(scheduler, "list_schedules", "Schedules", **filters):
        yield scheduler.get_schedule(GroupName=summary["GroupName"], Name=summary["Name"])


def _database_schedules(scheduler: Any, prefix: str, instance: str) -> Iterator[dict[str, Any]]:
    for schedule in _schedules(scheduler, NamePrefix=prefix):
        if json.loads(schedule["Target"].get("Input") or "{}").get("DbInstanceIdentifier") == instance:
            yield schedule


def _begin_at(scheduler: Any, schedule: Mapping[str, Any], moment: datetime | None) -> None:
    kept = {key: schedule[key] for key in _KEPT if schedule.get(key) is not None}
    scheduler.update_schedule(**kept, **({"StartDate": moment} if moment else {}))


def now() -> datetime:
    """The time, which tests can move."""
    return datetime.fromtimestamp(time.time(), UTC)


def _pages(client: Any, operation: str, member: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page[member]

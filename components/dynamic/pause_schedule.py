"""Pauses the schedule that keeps a database stopped, so that it can be started. Plain functions, injected clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from components.dynamic.database_power import PowerError

PREFIX = "sleep-stop-database"
"""Prefix of the names of such schedules, from the logical names in components/sleep."""
PAUSE = timedelta(hours=2)
"""Longer than a wake-up takes. If that fails and the stack stays asleep, the schedule resumes by itself."""
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


def pause_stopping(scheduler: Any, instance: str) -> None:
    """Pause the schedules that stop this RDS instance every hour: Pulumi deletes them only at the end of an update.

    Raises PowerError.
    """
    try:
        pages = scheduler.get_paginator("list_schedules").paginate(NamePrefix=PREFIX)
        for summary in [summary for page in pages for summary in page["Schedules"]]:
            schedule = scheduler.get_schedule(GroupName=summary["GroupName"], Name=summary["Name"])
            if _keeps_stopped(schedule, instance):
                kept = {key: schedule[key] for key in _KEPT if schedule.get(key) is not None}
                scheduler.update_schedule(**kept, StartDate=datetime.now(UTC) + PAUSE)
    except ClientError as error:
        raise PowerError(
            f"The schedule that stops database {instance} every hour could not be paused, so it was not started: "
            f"{error}. Fix that, and run `pulumi up` again."
        ) from error


def _keeps_stopped(schedule: Mapping[str, Any], instance: str) -> bool:
    """Whether a schedule stops the instance every hour; that of office hours does so once a day."""
    parameters = json.loads(schedule["Target"].get("Input") or "{}")
    return bool(
        parameters.get("DbInstanceIdentifier") == instance and schedule["ScheduleExpression"].startswith("rate(")
    )

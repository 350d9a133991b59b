"""The schedule that keeps a database stopped, put off while somebody wakes it. Plain functions, injected clients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from components.dynamic.database_power import PowerError

PREFIX = "sleep-stop-database"
"""How the names of such schedules begin: by the logical names in components/sleep/__init__.py."""
PAUSE = timedelta(hours=2)
"""Longer than a wake-up takes. If it fails, and the stack is to sleep on, the schedule goes on by itself."""
_KEPT = (
    "Name", "GroupName", "Description", "ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow",
    "Target", "State",
)  # fmt: skip
"""What UpdateSchedule would otherwise forget."""


def pause_stopping(scheduler: Any, instance: str) -> None:
    """No schedule stops this RDS instance every hour for a while. Pulumi deletes them only at the end of an update.

    Raises PowerError.
    """
    try:
        pages = scheduler.get_paginator("list_schedules").paginate(NamePrefix=PREFIX)
        for one in [one for page in pages for one in page["Schedules"]]:
            known = scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"])
            if _keeps_stopped(known, instance):
                kept = {key: known[key] for key in _KEPT if known.get(key) is not None}
                scheduler.update_schedule(**kept, StartDate=datetime.now(UTC) + PAUSE)
    except ClientError as error:
        raise PowerError(
            f"The schedule that stops database {instance} every hour could not be put off, so it was not started: "
            f"{error}. Mend that, and run `pulumi up` again."
        ) from error


def _keeps_stopped(schedule: Mapping[str, Any], instance: str) -> bool:
    """Whether it does so day and night: that of office hours knows when to stop."""
    given = json.loads(schedule["Target"].get("Input") or "{}")
    return bool(given.get("DbInstanceIdentifier") == instance and schedule["ScheduleExpression"].startswith("rate("))

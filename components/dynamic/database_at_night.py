"""A database that an update needs while the stack sleeps: started for it, and stopped again, whatever becomes of the
update. Plain functions with injected clients: no Pulumi.

A one-time schedule in the stack's own group stops it two hours later. DatabaseRest, which comes last, deletes the
schedule; if the update fails half-way, nobody does, and the database does not run until the next evening. While the
schedule is there, an update has not ended: a database that runs has been started by it, and one that is stopped may
lack the change, which RDS does not show of a password. By day the schedule is disabled, and only tells that.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from components.dynamic import pause_schedule
from components.dynamic.database_power import differs, switch
from components.dynamic.pause_schedule import now
from components.dynamic.run_task import Clients
from settings.office_hours import OfficeHours, parse

STOPPING = timedelta(minutes=30)
"""A database with a standby took as long in public logs. The morning's start of one that still stops would fail."""


def hours_of(props: Mapping[str, Any]) -> OfficeHours | None:
    """The office hours as a dynamic resource has them, in `hours` and `zone`; None: the stack has none."""
    return parse(str(props["hours"]), str(props["zone"])) if props.get("hours") else None


def start_for_update(clients: Clients, instance: str, hours: OfficeHours | None, *, changing: bool = False) -> str:
    """Start the database if it is stopped, and wait for it. Raises PowerError.

    Gives the time if this update, or an earlier one that failed, has started it: it is to be stopped again. Else "".
    `changing`: whether RDS is to change it; the next update learns of that if this one fails.
    """
    rds, scheduler = clients("rds"), clients("scheduler")
    if not (differs(rds, instance, "available") or pause_schedule.stops_later(scheduler, instance)):
        if changing:
            pause_schedule.stop_once(scheduler, instance, None, changing=True)
        return ""
    if hours is None:
        pause_schedule.pause_stopping(scheduler, instance)
    moment = _plan_rest(scheduler, instance, hours) if hours else None
    if moment or changing:
        pause_schedule.stop_once(scheduler, instance, moment, changing=changing)
    switch(rds, instance, "available")
    return now().isoformat()


def _plan_rest(scheduler: Any, instance: str, hours: OfficeHours) -> datetime | None:
    """When to stop it. None: the hours have begun, or begin before that; the morning is kept from starting it then."""
    if hours.database_runs(now()):
        return None
    moment = now() + pause_schedule.PAUSE
    if hours.database_runs(moment + STOPPING):
        pause_schedule.pause_starting(scheduler, instance, moment + STOPPING)
        pause_schedule.cancel_stop(scheduler, instance)
        return None
    pause_schedule.pause_starting(scheduler, instance, moment)
    return moment


def rest(clients: Clients, instance: str, hours: OfficeHours) -> None:
    """Stop the database outside the hours, wait for it, and let the next morning start it. Raises PowerError."""
    if not hours.database_runs(now()):
        switch(clients("rds"), instance, "stopped")
    pause_schedule.cancel_stop(clients("scheduler"), instance)
    pause_schedule.resume_starting(clients("scheduler"), instance)

"""When what is backed up, around one hour of the day (UTC), so that nothing gets into another's way. Pure.

AWS Backup starts no backup of a database from an hour before its maintenance or its own backup (AWS Backup developer
guide, "Amazon RDS", read 2026-11). So RDS's own backup ends two hours before the plan starts, maintenance comes hours
later.
"""

from __future__ import annotations

_OWN_BACKUP_HOURS_BEFORE = 3
_MAINTENANCE_HOURS_AFTER = 6
START_MINUTES = 60
"""Within which AWS Backup starts all of a plan's backups; the least that it takes."""
COMPLETION_MINUTES = 480
"""Within which they must end; then they count as failed."""


def plan_schedule(hour: int) -> str:
    """The plan's schedule, in EventBridge's words."""
    return f"cron(0 {hour} * * ? *)"


def own_backup_window(hour: int) -> str:
    """RDS's daily window for the backups that point-in-time recovery starts from."""
    start = (hour - _OWN_BACKUP_HOURS_BEFORE) % 24
    return f"{start:02}:00-{start:02}:30"


def maintenance_window(hour: int) -> str:
    """RDS's weekly window for maintenance, on the weekend."""
    start = hour + _MAINTENANCE_HOURS_AFTER
    day = "sun" if start >= 24 else "sat"  # noqa: PLR2004  (hours of a day)
    return f"{day}:{start % 24:02}:00-{day}:{start % 24:02}:30"

"""When what is backed up, around one hour of the day (UTC), so that nothing gets into another's way. Pure.

AWS Backup starts no backup of a database from an hour before its maintenance or its own backup (AWS Backup developer
guide, "Amazon RDS", read 2026-11). So RDS's own backup ends two hours before the plan starts, maintenance comes hours
later.
"""

from __future__ import annotations

from dataclasses import dataclass

_OWN_BACKUP_HOURS_BEFORE = 3
_MAINTENANCE_HOURS_AFTER = 6
_MAINTENANCE_HOURS_BEFORE = 2
"""Where the database runs by day only: between its own backup and the plan's."""
START_MINUTES = 60
"""Within which AWS Backup starts all of a plan's backups; the least that it takes."""
COMPLETION_MINUTES = 480
"""Within which they must end; then they count as failed."""


@dataclass(frozen=True, kw_only=True)
class BackupTimes:
    """Around which hour, and on which days."""

    hour: int = 18
    """UTC."""
    days: str = ""
    """Days (UTC) on which the database runs, in the words of a cron expression. Default: all, day and night."""

    @property
    def plan_schedule(self) -> str:
        """The plan's schedule, in EventBridge's words."""
        return f"cron(0 {self.hour} {'? * ' + self.days if self.days else '* * ?'} *)"

    @property
    def own_backup_window(self) -> str:
        """RDS's daily window for the backups that point-in-time recovery starts from."""
        start = (self.hour - _OWN_BACKUP_HOURS_BEFORE) % 24
        return f"{start:02}:00-{start:02}:30"

    @property
    def maintenance_window(self) -> str:
        """RDS's weekly window for maintenance: on the weekend, or else on the last day on which the database runs."""
        if self.days:
            start, day = self.hour - _MAINTENANCE_HOURS_BEFORE, self.days.rpartition(",")[2].lower()
        else:
            start = self.hour + _MAINTENANCE_HOURS_AFTER
            day = "sun" if start >= 24 else "sat"  # noqa: PLR2004  (hours of a day)
        return f"{day}:{start % 24:02}:00-{day}:{start % 24:02}:30"


ALWAYS = BackupTimes()
"""For a database that runs day and night."""

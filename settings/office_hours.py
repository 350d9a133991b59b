"""Office hours: when a stack is awake, and the moments around that in AWS's cron expressions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(r"([a-z]+(?:[-,][a-z]+)*) (\d\d):([0-5]\d)-(\d\d):([0-5]\d)")
_DAY = 24 * 60
STORES_BEFORE = 20
"""Minutes before the hours begin at which database and endpoints are started: both take about ten."""
TASKS_BEFORE = 8
"""Minutes before the hours begin at which tasks are started: they find the database, and are healthy in time."""
DATABASE_AFTER = 10
"""Minutes after the hours' end at which the database is stopped: the last task has drained by then."""
_SHORTEST_NIGHT = STORES_BEFORE + DATABASE_AFTER + 60
_BACKUP_AFTER_HOURS = 2
_BACKUP_BEFORE_HOURS = 3
"""RDS's own backup, its maintenance and AWS Backup need this much around the hour (BackupTimes)."""
_SEASONS = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC))
"""A Monday with and one without daylight saving time, in either hemisphere."""

EXAMPLE = "mon-fri 08:00-20:00"


@dataclass(frozen=True, kw_only=True)
class OfficeHours:
    """The same hours on each of some days of the week."""

    days: tuple[int, ...]
    """0 is Monday; ascending."""
    start: int
    """Minutes after midnight."""
    end: int
    """Minutes after midnight; 1440 is the next midnight."""
    zone: str
    """IANA name of the time zone."""
    text: str
    """As the operator wrote it."""

    def __str__(self) -> str:
        return f"{self.text} ({self.zone})"

    @property
    def share(self) -> float:
        """The part of the week in which the stack costs money: from before the hours until after them."""
        return len(self.days) * (self.end - self.start + STORES_BEFORE + DATABASE_AFTER) / (7 * _DAY)

    def cron(self, moment: Literal["start", "end"], minutes: int = 0) -> str:
        """A moment, or some minutes after it (before, if negative), in the hours' own time zone."""
        shifted, at = divmod((self.start if moment == "start" else self.end) + minutes, _DAY)
        return f"cron({at % 60} {at // 60} ? * {_listed((day + shifted) % 7 for day in self.days)} *)"

    def hourly(self, minute: int) -> str:
        """That minute of each hour, while the hours last."""
        first, last = (self.start - minute + 59) // 60, (self.end - minute - 1) // 60
        return f"cron({minute} {first}-{last} ? * {_listed(self.days)} *)"

    def database_runs(self, now: datetime) -> bool:
        """Whether the clock lets the database run at this moment: from shortly before the hours until after them."""
        return self.include(now, before=STORES_BEFORE, after=DATABASE_AFTER)

    def include(self, now: datetime, *, before: int = 0, after: int = 0) -> bool:
        """Whether a moment lies in the hours, or in the minutes before or after them."""
        moment = now.astimezone(ZoneInfo(self.zone))
        since_monday = moment.weekday() * _DAY + moment.hour * 60 + moment.minute
        return any(
            day * _DAY + self.start - before <= since_monday + week < day * _DAY + self.end + after
            for day in self.days
            for week in (-7 * _DAY, 0, 7 * _DAY)
        )

    def begin_after(self, now: datetime) -> datetime:
        """When the hours begin next."""
        today = now.astimezone(ZoneInfo(self.zone)).replace(hour=0, minute=0, second=0, microsecond=0)
        midnights = [today + timedelta(days=days) for days in range(8)]
        beginnings = [day + timedelta(minutes=self.start) for day in midnights if day.weekday() in self.days]
        return next(moment for moment in beginnings if moment > now)

    @property
    def night(self) -> int:
        """Minutes of the shortest time between two days' hours."""
        starts = [day * _DAY + self.start for day in self.days]
        following = [*starts[1:], starts[0] + 7 * _DAY]
        return min(after - before for before, after in zip(starts, following, strict=True)) - (self.end - self.start)

    def backup_days(self, hour: int) -> str:
        """Days, in UTC, on which the database runs all the while that backups need around an hour (UTC); may be "".

        For AWS's cron expressions, and true with and without daylight saving time.
        """
        return _listed(day for day in range(7) if all(self._backs_up(monday, day, hour) for monday in _SEASONS))

    def backup_hours(self) -> tuple[int, ...]:
        """Hours (UTC) at which backups can be taken."""
        return tuple(hour for hour in range(24) if self.backup_days(hour))

    def _backs_up(self, monday: datetime, day: int, hour: int) -> bool:
        moment = (monday + timedelta(days=day, hours=hour)).astimezone(ZoneInfo(self.zone))
        at = moment.hour * 60 + moment.minute
        first, last = at - _BACKUP_BEFORE_HOURS * 60, at + _BACKUP_AFTER_HOURS * 60
        return moment.weekday() in self.days and self.start <= first and last <= self.end


def _listed(days: Iterable[int]) -> str:
    return ",".join(_DAYS[day].upper() for day in sorted(set(days)))


def parse(text: str, zone: str = "UTC") -> OfficeHours:
    """`mon-fri 08:00-20:00`, `mon,wed,sat 09:00-13:00`. Raises ValueError: what must be, and what to write."""
    match = _FORM.fullmatch(text.strip().lower())
    if not match:
        raise ValueError(f"must be days and hours; write for example {EXAMPLE} or mon,wed,sat 09:00-13:30")
    days, *clock = match.groups()
    start, end = (int(clock[at]) * 60 + int(clock[at + 1]) for at in (0, 2))
    if max(start, end) > _DAY:
        raise ValueError(f"must be hours between 00:00 and 24:00; write for example {EXAMPLE}")
    if end <= start:
        raise ValueError(f"must end after it starts, on the same day; write for example {EXAMPLE}")
    hours = OfficeHours(days=_weekdays(days), start=start, end=end, zone=zone, text=text.strip().lower())
    if hours.night < _SHORTEST_NIGHT:
        raise ValueError(
            f"must leave {_SHORTEST_NIGHT} minutes or more between two days, in which stopping is worth it; "
            "end earlier, or empty the key"
        )
    return hours


def _weekdays(text: str) -> tuple[int, ...]:
    weekdays: set[int] = set()
    for part in text.split(","):
        first, *rest = part.split("-")
        if unknown := [day for day in (first, *rest) if day not in _DAYS]:
            raise ValueError(f"must name days as {', '.join(_DAYS)}, not {unknown[0]}; write for example {EXAMPLE}")
        if len(rest) > 1:
            raise ValueError(f"must have ranges of two days, not {part}; write for example {EXAMPLE}")
        begin, end = _DAYS.index(first), _DAYS.index(rest[0] if rest else first)
        weekdays |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return tuple(sorted(weekdays))

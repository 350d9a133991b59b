"""When a schedule of EventBridge Scheduler or Application Auto Scaling is due.

EventBridge Scheduler user guide, "Schedule types" (read 2026-11): cron with six fields, rate, at. Not carried: L, W
and # of cron.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rehearsal.errors import RehearsalError

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_DAYS = "SUN MON TUE WED THU FRI SAT".split()
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
"""Minutes, hours, days of the month, months, days of the week (1 is Sunday), years."""
_NAMES = {3: _MONTHS, 4: _DAYS}
_ITEM = re.compile(r"(\*|\?|\w+)(?:-(\w+))?(?:/(\d+))?")
_EXPRESSION = re.compile(r"(cron|rate|at)\((.+)\)")


def due(expression: str, zone: str, after: datetime, until: datetime, since: datetime) -> Iterator[datetime]:
    """The times in (after, until], in UTC. `since`: when the schedule was created, from which a rate counts."""
    match = _EXPRESSION.fullmatch(expression)
    if not match:
        raise RehearsalError(f"{expression} is no schedule expression: cron(...), rate(...) or at(...).")
    kind, text = match.groups()
    if kind == "at":
        moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        yield from [moment] if after < moment <= until else []
    elif kind == "rate":
        yield from _by_rate(text, after, until, since)
    else:
        yield from _by_cron(text, ZoneInfo(zone), after, until)


def _by_rate(text: str, after: datetime, until: datetime, since: datetime) -> Iterator[datetime]:
    number, unit = text.split()
    step = timedelta(**{f"{unit.rstrip('s')}s": int(number)})
    moment = since + step * max((after - since) // step, 0)
    while moment <= until:
        if moment > after and moment > since:
            yield moment
        moment += step


def _by_cron(text: str, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    minutes, hours, days, months, weekdays, years = fields(text)
    day = after.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    while day.astimezone(UTC) <= until:
        weekday = day.isoweekday() % 7 + 1
        if day.day in days and day.month in months and weekday in weekdays and day.year in years:
            for hour in sorted(hours):
                for minute in sorted(minutes):
                    moment = day.replace(hour=hour, minute=minute).astimezone(UTC)
                    if after < moment <= until:
                        yield moment
        day += timedelta(days=1)


def fields(text: str) -> list[frozenset[int]]:
    """The values that each field of a cron expression allows."""
    words = text.split()
    if len(words) != len(_RANGES):
        raise RehearsalError(f"cron({text}) must have six fields: minutes hours day month weekday year.")
    return [_field(word, index) for index, word in enumerate(words)]


def _field(word: str, index: int) -> frozenset[int]:
    lowest, highest = _RANGES[index]
    values: set[int] = set()
    for item in word.split(","):
        match = _ITEM.fullmatch(item)
        if not match:
            raise RehearsalError(f"'{item}' in a cron expression is not carried: see {__name__}.")
        first, last, step = match.groups()
        if first in ("*", "?"):
            bounds = lowest, highest
        else:
            begin = _number(first, index)
            bounds = begin, _number(last, index) if last else highest if step else begin
        values.update(range(bounds[0], bounds[1] + 1, int(step or 1)))
    return frozenset(values)


def _number(word: str, index: int) -> int:
    names = _NAMES.get(index, [])
    if word.upper() in names:
        return names.index(word.upper()) + 1
    if not word.isdecimal():
        raise RehearsalError(f"'{word}' in a cron expression is not carried: see {__name__}.")
    return int(word)

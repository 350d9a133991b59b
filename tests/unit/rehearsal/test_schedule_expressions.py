"""When schedules are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.aws.schedule_expressions import due
from rehearsal.errors import RehearsalError

FRIDAY = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


def times(expression: str, days: float = 7, zone: str = "UTC") -> list[str]:
    until = FRIDAY + timedelta(days=days)
    return [f"{moment:%a %H:%M}" for moment in due(expression, zone, FRIDAY, until, FRIDAY)]


def test_cron_counts_days_of_the_week_from_sunday() -> None:
    assert times("cron(0 20 ? * 2 *)") == times("cron(0 20 ? * MON *)") == ["Mon 20:00"]


def test_cron_knows_lists_ranges_and_steps() -> None:
    assert times("cron(0/30 8-9 ? * SAT *)") == ["Sat 08:00", "Sat 08:30", "Sat 09:00", "Sat 09:30"]
    assert times("cron(15 6,18 28 NOV ? 2026)") == ["Sat 06:15", "Sat 18:15"]
    assert times("cron(15 6 28 NOV ? 2027)") == []


def test_a_zone_shifts_the_day() -> None:
    assert times("cron(0 8 ? * MON *)", zone="Asia/Shanghai") == ["Mon 00:00"]
    assert times("cron(0 1 ? * SAT *)", days=1, zone="Asia/Shanghai") == ["Fri 17:00"]


def test_a_rate_counts_from_the_schedules_creation() -> None:
    assert times("rate(8 hours)", days=1) == ["Fri 20:00", "Sat 04:00", "Sat 12:00"]
    assert times("rate(1 hour)", days=1 / 12) == ["Fri 13:00", "Fri 14:00"]
    later = FRIDAY + timedelta(minutes=90)
    moments = due("rate(1 hour)", "UTC", FRIDAY, FRIDAY + timedelta(hours=3), later)
    assert list(moments) == [later + timedelta(hours=1)], "not at its creation"


def test_a_single_time_is_due_once() -> None:
    assert times("at(2026-11-28T09:00:00)") == ["Sat 09:00"]
    assert times("at(2026-11-26T09:00:00)") == []


@pytest.mark.parametrize("expression", ["daily", "cron(0 8 * * *)", "cron(0 8 L * ? *)", "cron(0 8 ? * 6#3 *)"])
def test_what_is_not_carried_is_a_sentence(expression: str) -> None:
    with pytest.raises(RehearsalError, match=r"cron|schedule expression"):
        times(expression)

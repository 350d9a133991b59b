"""office_hours.py, asleep_page.py and scheduled_calls.py: which hours are taken, when things happen, what is said."""

from __future__ import annotations

import html
from datetime import datetime

import pytest

from settings.ingress_options import LONGEST, maintenance_page
from settings.office_hours import EXAMPLE, parse

WEEK = parse(EXAMPLE, "Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri 08:00-20:00", (0, 1, 2, 3, 4)),
        ("Sat 09:00-13:00", (5,)),
        ("sun-thu 09:00-17:00", (0, 1, 2, 3, 6)),
        ("mon,wed-thu,sun 09:00-17:00", (0, 2, 3, 6)),
        ("mon-sun 00:00-22:00", (0, 1, 2, 3, 4, 5, 6)),
    ],
)
def test_days_are_single_ones_and_ranges_over_the_weekend_too(text: str, days: tuple[int, ...]) -> None:
    assert parse(text).days == days


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("weekdays", "days and hours"),
        ("mon-fri 8-20", "days and hours"),
        ("mon-fri 08:60-20:00", "days and hours"),
        ("monday 08:00-20:00", "not monday"),
        ("mon-tue-wed 08:00-20:00", "ranges of two days"),
        ("mon-fri 20:00-08:00", "end after it starts"),
        ("mon-fri 08:00-08:00", "end after it starts"),
        ("mon-fri 08:00-25:00", "between 00:00 and 24:00"),
        ("mon-sun 00:00-24:00", "90 minutes or more"),
        ("mon-fri 00:00-23:00", "90 minutes or more"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"must .*; (write|end)") as raised:
        parse(text)
    assert said in str(raised.value)


def test_moments_around_midnight_move_to_the_day_they_are_on() -> None:
    hours = parse("mon,sat 00:10-24:00")
    assert hours.cron("start", -20) == "cron(50 23 ? * FRI,SUN *)"
    assert hours.cron("end", 10) == "cron(10 0 ? * TUE,SUN *)"
    assert hours.cron("start") == "cron(10 0 ? * MON,SAT *)"


def test_the_share_of_the_week_counts_the_minutes_around_the_hours() -> None:
    assert WEEK.share == pytest.approx(5 * 12.5 / 168)


def test_backups_fit_where_the_database_runs_three_hours_before_and_two_after() -> None:
    assert WEEK.backup_hours() == tuple(range(3, 11)), "11:00 to 18:00 in Shanghai"
    assert WEEK.backup_days(10) == "MON,TUE,WED,THU,FRI"


def test_backups_keep_to_the_hours_in_summer_and_in_winter() -> None:
    berlin = parse(EXAMPLE, "Europe/Berlin")
    assert berlin.backup_hours() == tuple(range(10, 17)), "UTC+1 allows 17, UTC+2 does not; and 9 only in summer"


def test_a_day_in_utc_may_be_another_than_at_the_place() -> None:
    auckland = parse("mon-fri 08:00-20:00", "Pacific/Auckland")
    assert auckland.backup_days(23) == "MON,TUE,WED,THU,SUN"


@pytest.mark.parametrize(
    "hours", [None, WEEK, parse("mon,tue,wed,thu,fri,sat,sun 08:00-20:00", "America/Argentina/ComodRivadavia")]
)
def test_the_page_fits_into_a_fixed_response_and_says_how_it_wakes(hours: object) -> None:
    page = maintenance_page(hours)  # type: ignore[arg-type]
    assert len(page.body.encode()) <= LONGEST
    assert page.body.isascii()
    assert page.shown is (hours is None), "with office hours, the clock shows it"
    assert (str(hours) if hours else "cvat:mode") in html.unescape(page.body)


@pytest.mark.parametrize(
    ("hours", "moment", "runs"),
    [
        ("mon-fri 08:00-20:00", "2026-12-07T07:39:00+00:00", False),
        ("mon-fri 08:00-20:00", "2026-12-07T07:40:00+00:00", True),
        ("mon-fri 08:00-20:00", "2026-12-07T20:09:00+00:00", True),
        ("mon-fri 08:00-20:00", "2026-12-07T20:10:00+00:00", False),
        ("mon-fri 08:00-20:00", "2026-12-05T12:00:00+00:00", False),
        ("mon-fri 08:00-20:00", "2026-12-07T08:39:00+01:00", False),
        ("mon 00:10-09:00", "2026-12-06T23:50:00+00:00", True),
        ("sun 12:00-24:00", "2026-12-07T00:09:00+00:00", True),
    ],
)
def test_the_database_runs_from_shortly_before_the_hours_until_shortly_after(
    hours: str, moment: str, runs: bool
) -> None:
    assert parse(hours).database_runs(datetime.fromisoformat(moment)) is runs

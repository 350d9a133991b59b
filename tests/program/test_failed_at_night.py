"""An update outside the office hours that has started the database and fails half-way: the database rests again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from moto.rds.models import rds_backends

from rehearsal import Account, Ending, Fault, Rehearsal, Scenario, rehearse
from rehearsal.aws.faults import NO_FAULTS
from rehearsal.aws.passing_time import carry_out, due_calls
from tests.support.matrix.branch import branch
from tests.support.sleep_helpers import database, evening, forget, set_clock

HOURS = "mon-fri 08:00-20:00"
NIGHT = datetime(2026, 12, 8, 22, tzinfo=ZoneInfo("Asia/Shanghai"))
"""A Tuesday, later than today."""
SAME: Mapping[str, str] = {}
CHANGE = {"dbInstanceClass": "db.m6g.2xlarge"}
MIGRATION = {"demoData": "none"}
BROKEN = Scenario(containers={"init": Ending(exit_code=1, logs=("no such table",))})


class Night:
    """A stack whose office hours have ended."""

    def __init__(self, first: Rehearsal, archives: Path) -> None:
        self.first, self._archives, self._now = first, archives, NIGHT

    def update(self, change: Mapping[str, str], scenario: Scenario = NO_FAULTS) -> Rehearsal:
        config = {"officeHours": HOURS, "modelArchives": str(self._archives), **change}
        return rehearse(
            self.first.stack,
            config={f"cvat:{key}": value for key, value in config.items()},
            account=self.first.account,
            scenario=scenario,
            judge=False,
        )

    def update_that_fails_at(self, operation: str, change: Mapping[str, str] = SAME) -> None:
        """With an API that has no capacity for the change."""
        before = len(self.first.account.calls)

        def number() -> int:
            assert self.update(change).error is None
            return self.first.account.calls.index(operation, before) + 1

        failed = self.update(change, Scenario(fault=Fault(branch(number), "InsufficientCapacity", "none left")))
        assert "none left" in str(failed.error)

    def at(self, moment: datetime) -> list[str]:
        """Let the time pass until then; the calls of the clock on the way."""
        set_clock(self.first, moment)
        calls = due_calls(self.first.account, self._now, moment)
        self._now = moment
        return [line for line in map(carry_out, calls) if "Database" in line or "DBInstance" in line]

    def planned(self) -> list[str]:
        """Schedules that stop the database once, or tell that an update has not come to its end."""
        listed = self.first.client("scheduler").list_schedules(NamePrefix="sleep-once")["Schedules"]
        return [schedule["Name"] for schedule in listed]

    def morning_is_as_ever(self, *, unfinished: bool = False) -> None:
        """Nothing is left of an update, or but its mark: the next morning starts a database that is stopped."""
        assert database(self.first)["DBInstanceStatus"] == "stopped"
        assert len(self.planned()) == unfinished
        calls = self.at(NIGHT.replace(day=9, hour=9))
        assert len(calls) == 1, calls
        assert calls[0].endswith("rds:StartDBInstance"), "a call that RDS refuses lets an alarm ring"
        assert database(self.first)["DBInstanceStatus"] == "available"


@pytest.fixture(scope="module")
def first(archives: Path) -> Iterator[Rehearsal]:
    with Account() as account:
        account.clock.show(NIGHT.replace(hour=12).timestamp())
        config = {"cvat:officeHours": HOURS, "cvat:modelArchives": str(archives)}
        created = rehearse("cn-northwest-1", config=config, account=account, judge=False)
        assert created.error is None, created.error
        evening(created)
        set_clock(created, NIGHT)
        yield created


@pytest.fixture
def night(first: Rehearsal, archives: Path) -> Iterator[Callable[[Callable[[Night], Any]], None]]:
    """Runs a test in a copy of the account."""
    yield lambda test: branch(lambda: test(Night(first, archives)))


Nights = Callable[[Callable[[Night], Any]], None]


def test_a_database_whose_change_failed_is_stopped_two_hours_later(night: Nights) -> None:
    def test(tonight: Night) -> None:
        tonight.update_that_fails_at("rds:ModifyDBInstance", CHANGE)
        assert database(tonight.first)["DBInstanceStatus"] == "available", "it was started for the change"
        assert len(tonight.planned()) == 1
        tonight.at(NIGHT + timedelta(hours=1))
        assert database(tonight.first)["DBInstanceStatus"] == "available", "there is time for another try"
        (call,) = tonight.at(NIGHT + timedelta(hours=2, minutes=30))
        assert call.endswith("rds:StopDBInstance")
        tonight.morning_is_as_ever(unfinished=True)

    night(test)


def test_another_try_starts_it_again_when_it_has_been_stopped(night: Nights) -> None:
    """RDS refuses to change a stopped one, and its new settings are in Pulumi's state already."""

    def test(tonight: Night) -> None:
        tonight.update_that_fails_at("rds:ModifyDBInstance", CHANGE)
        tonight.at(NIGHT + timedelta(hours=3))
        again = tonight.update(CHANGE)
        assert again.error is None, again.error
        assert database(tonight.first)["DBInstanceClass"] == CHANGE["dbInstanceClass"]
        tonight.morning_is_as_ever()
        assert tonight.update(CHANGE).outcome.touched() == set()

    night(test)


def passwords(done: Rehearsal) -> tuple[str, str, str | None]:
    """The database's, as Pulumi has drawn it, as tasks read it, and as RDS has got it."""
    drawn, held = (
        next(record for record in done.of_type(token) if record.name == name)
        for token, name in (
            ("random:index/randomPassword:RandomPassword", "data-database-password"),
            ("aws:secretsmanager/secretVersion:SecretVersion", "data-database"),
        )
    )
    secret = done.client("secretsmanager").get_secret_value(SecretId=held.inputs["secretId"])["SecretString"]
    instance = rds_backends[done.account.id][done.region].databases[database(done)["DBInstanceIdentifier"]]
    return drawn.outputs["result"], json.loads(secret)["password"], instance._master_user_password


@pytest.mark.parametrize("hour", [22, 19], ids=["at night", "by day"])
def test_a_rotated_password_whose_update_failed_reaches_rds_by_the_next_one(hour: int, night: Nights) -> None:
    """RDS shows no password, so nothing can be compared; and it refuses to change a database that is stopped."""

    def test(tonight: Night) -> None:
        if hour == 19:
            tonight.at(NIGHT.replace(hour=19))
            tonight.first.client("rds").start_db_instance(
                DBInstanceIdentifier=database(tonight.first)["DBInstanceIdentifier"]
            )
        _, before = forget(tonight.first, "data-database-password")
        tonight.update_that_fails_at("rds:ModifyDBInstance")
        tonight.at(NIGHT + timedelta(hours=3))
        assert database(tonight.first)["DBInstanceStatus"] == "stopped"
        again = tonight.update(SAME)
        assert again.error is None, again.error
        drawn, held, at_rds = passwords(again)
        assert drawn != before
        assert drawn == held == at_rds, "tasks could not log in"
        tonight.morning_is_as_ever()
        assert tonight.update(SAME).outcome.touched() == set()

    night(test)


def test_the_next_update_puts_it_to_rest_also_when_the_change_is_taken_back(night: Nights) -> None:
    def test(tonight: Night) -> None:
        failed = tonight.update(MIGRATION, BROKEN)
        assert "no such table" in str(failed.error)
        tonight.at(NIGHT + timedelta(minutes=90))
        again = tonight.update({})
        assert again.error is None, again.error
        assert tonight.at(NIGHT + timedelta(hours=4)) == [], "nothing stops it a second time"
        tonight.morning_is_as_ever()

    night(test)


def test_a_try_that_is_under_way_is_not_stopped(night: Nights) -> None:
    def test(tonight: Night) -> None:
        tonight.update(MIGRATION, BROKEN)
        tonight.at(NIGHT + timedelta(minutes=90))
        tonight.update(MIGRATION, BROKEN)
        assert tonight.at(NIGHT + timedelta(hours=2, minutes=30)) == [], "two hours from the second try"
        tonight.at(NIGHT + timedelta(hours=4))
        tonight.morning_is_as_ever(unfinished=True)

    night(test)


@pytest.mark.parametrize("minutes", [15, 100, 145])
def test_short_before_the_hours_it_runs_on_and_the_morning_does_not_start_it(minutes: int, night: Nights) -> None:
    """RDS refuses to start one that runs, and an alarm would ring."""

    def test(tonight: Night) -> None:
        start = NIGHT.replace(day=9, hour=7, minute=40)
        tonight.at(start - timedelta(minutes=minutes))
        tonight.update(MIGRATION, BROKEN)
        assert tonight.at(start + timedelta(hours=3)) == []
        assert database(tonight.first)["DBInstanceStatus"] == "available"
        (call,) = tonight.at(start.replace(hour=21))
        assert call.endswith("rds:StopDBInstance"), "the evening does"

    night(test)


def test_hours_that_are_given_up_leave_nothing_that_stops_it(night: Nights) -> None:
    def test(tonight: Night) -> None:
        tonight.update(MIGRATION, BROKEN)
        woken = tonight.update({"officeHours": ""})
        assert woken.error is None, woken.error
        assert tonight.planned() == []
        assert tonight.at(NIGHT + timedelta(days=2)) == []
        assert database(tonight.first)["DBInstanceStatus"] == "available"

    night(test)

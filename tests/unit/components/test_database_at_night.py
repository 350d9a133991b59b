"""database_at_night.py, database_start.py, database_rest.py: what an update starts at night is stopped again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.dynamic import database_at_night, pause_schedule
from components.dynamic.database_at_night import rest, start_for_update
from components.dynamic.database_rest import DatabaseRestProvider
from components.dynamic.database_start import DatabaseStartProvider
from components.dynamic.database_switch import DatabaseSwitchProvider
from components.dynamic.pause_schedule import PAUSE, STOP_ONCE, cancel_stop, stop_once, stops_later
from rehearsal import Account
from settings.office_hours import OfficeHours, parse
from tests.support.databases import create_database

HOURS = "mon-fri 08:00-20:00"
TUESDAY = datetime(2030, 1, 8, tzinfo=UTC)
NIGHT = TUESDAY.replace(hour=22)
TAGS = {"project": "cvat", "stack": "own"}
REST = {
    "region": "cn-north-1",
    "profile": None,
    "instance": "db",
    "hours": HOURS,
    "zone": "UTC",
    "causes": ["", ""],
}


@pytest.fixture
def client() -> Iterator[Any]:
    """Clients of an account whose clock has stopped a database for the night."""
    with Account() as account:
        clients = account.in_region("cn-north-1")
        stopped_database(clients, "db", TAGS)
        clients("scheduler").create_schedule_group(Name="sleep-1")
        for verb, when in (("stop", "cron(10 20 ? * MON-FRI *)"), ("start", "cron(40 7 ? * MON-FRI *)")):
            clients("scheduler").create_schedule(
                Name=f"sleep-{verb}-database-1",
                GroupName="sleep-1",
                ScheduleExpression=when,
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={
                    "Arn": f"arn:aws-cn:scheduler:::aws-sdk:rds:{verb}DBInstance",
                    "RoleArn": "arn:aws-cn:iam::123456789012:role/r",
                    "Input": json.dumps({"DbInstanceIdentifier": "db"}),
                },
            )
        yield clients


def stopped_database(client: Any, name: str, tags: Mapping[str, str]) -> None:
    create_database(client("rds"), name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    client("rds").stop_db_instance(DBInstanceIdentifier=name)


def hours() -> OfficeHours:
    return parse(HOURS)


def status(client: Any, name: str = "db") -> str:
    (instance,) = client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return str(instance["DBInstanceStatus"])


def starts(client: Any) -> Any:
    """When the morning's schedule begins again; None: it is not paused."""
    return client("scheduler").get_schedule(GroupName="sleep-1", Name="sleep-start-database-1").get("StartDate")


def at(moment: datetime, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(database_at_night, "now", lambda: moment)


def test_what_is_started_at_night_is_stopped_two_hours_later_by_the_evenings_call(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(NIGHT, monkeypatch)
    assert start_for_update(client, "db", hours()) == NIGHT.isoformat()
    assert status(client) == "available"
    once = client("scheduler").get_schedule(GroupName="sleep-1", Name=STOP_ONCE)
    assert once["ScheduleExpression"] == "at(2030-01-09T00:00:00)", "in UTC, the default"
    assert once["ActionAfterCompletion"] == "NONE", "it tells the next update that this one has not ended"
    evening = client("scheduler").get_schedule(GroupName="sleep-1", Name="sleep-stop-database-1")
    assert once["Target"] == evening["Target"], "with a role that may do this"
    assert starts(client) == NIGHT + PAUSE, "after that, the morning starts a stopped one"


def test_an_update_that_finds_it_running_since_another_failed_counts_it_as_its_own(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(NIGHT, monkeypatch)
    start_for_update(client, "db", hours())
    later = NIGHT + timedelta(minutes=100)
    at(later, monkeypatch)
    assert start_for_update(client, "db", hours()) == later.isoformat(), "else nothing would stop it"
    once = client("scheduler").get_schedule(GroupName="sleep-1", Name=STOP_ONCE)
    assert once["ScheduleExpression"] == "at(2030-01-09T01:40:00)", "it must not end in the middle of this one"
    assert once["State"] == "ENABLED", "UpdateSchedule resets what it is not told"


def test_one_that_runs_is_left_alone(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at(NIGHT, monkeypatch)
    client("rds").start_db_instance(DBInstanceIdentifier="db")
    assert start_for_update(client, "db", hours()) == "", "somebody works late"
    assert not stops_later(client("scheduler"), "db")
    assert starts(client) is None


@pytest.mark.parametrize(("hour", "minute"), [(5, 20), (7, 0), (7, 39)])
def test_short_before_the_hours_nothing_stops_it_and_the_morning_does_not_start_it(
    hour: int, minute: int, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(TUESDAY.replace(hour=hour, minute=minute), monkeypatch)
    start_for_update(client, "db", hours())
    assert not stops_later(client("scheduler"), "db")
    assert starts(client) > TUESDAY.replace(hour=7, minute=40)


def test_by_day_and_without_hours_nothing_is_planned(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at(TUESDAY.replace(hour=19), monkeypatch)
    start_for_update(client, "db", hours())
    client("rds").stop_db_instance(DBInstanceIdentifier="db")
    start_for_update(client, "db", None)
    assert not stops_later(client("scheduler"), "db")
    assert starts(client) is None


def test_a_rest_leaves_the_next_morning_as_ever(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at(NIGHT, monkeypatch)
    start_for_update(client, "db", hours())
    rest(client, "db", hours())
    assert status(client) == "stopped"
    assert not stops_later(client("scheduler"), "db")
    assert starts(client) is None


def test_a_rest_writes_nothing_to_a_morning_that_is_as_ever(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at(NIGHT, monkeypatch)
    morning = {"GroupName": "sleep-1", "Name": "sleep-start-database-1"}
    before = client("scheduler").get_schedule(**morning)["LastModificationDate"]
    rest(client, "db", hours())
    assert client("scheduler").get_schedule(**morning)["LastModificationDate"] == before


@pytest.mark.parametrize("daily", [False, True], ids=["for a change", "hours are given up"])
def test_the_evening_is_paused_only_where_office_hours_are_given_up(daily: bool, client: Any) -> None:
    evening = {"GroupName": "sleep-1", "Name": "sleep-stop-database-1"}
    pause_schedule.pause_stopping(client("scheduler"), "db", daily=daily)
    assert ("StartDate" in client("scheduler").get_schedule(**evening)) is daily
    pause_schedule.pause_stopping(client("scheduler"), "another one", daily=True)


def test_a_wake_up_takes_back_what_would_stop_it(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at(NIGHT, monkeypatch)
    start_for_update(client, "db", hours())
    pause_schedule.pause_stopping(client("scheduler"), "db")
    assert not stops_later(client("scheduler"), "db")
    cancel_stop(client("scheduler"), "db")  # a second time does no harm


def test_an_update_that_failed_is_completed_by_the_next_one_also_without_a_cause(client: Any) -> None:
    provider = DatabaseRestProvider()
    assert provider.diff("id", REST, REST).changes is False
    client("rds").start_db_instance(DBInstanceIdentifier="db")
    stop_once(client("scheduler"), "db", NIGHT, changing=False)
    assert provider.diff("id", REST, REST).changes is True, "the change may have been taken back"
    provider.update("id", REST, REST)
    assert not stops_later(client("scheduler"), "db")
    assert provider.diff("id", REST, REST).changes is False


def test_hours_that_follow_a_sleep_begin_without_a_mark_of_their_update(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their new windows are a change of a stopped database, and the schedules of the sleep are there."""
    at(TUESDAY.replace(hour=12), monkeypatch)
    start_for_update(client, "db", hours(), changing=True)
    provider = DatabaseRestProvider()
    outs = provider.create(REST).outs or {}
    assert provider.diff("id", outs, REST).changes is False, "the update is settled"
    assert status(client) == "available"


def start_props(**changes: Any) -> dict[str, Any]:
    settings = {"engine_version": "15", "instance_class": "db.t4g.medium", "password_version": "present", **changes}
    return {"region": "cn-north-1", "profile": None, "tags": TAGS, "settings": settings, "hours": "", "zone": ""}


@pytest.mark.parametrize("hour", [5, 12, 22], ids=["before the morning", "by day", "at night"])
def test_a_change_that_failed_starts_a_stopped_database_again(
    hour: int, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulumi's state has the settings once the database runs; the instance comes after that. RDS shows no password."""
    at(TUESDAY.replace(hour=hour, minute=30), monkeypatch)
    provider, news = DatabaseStartProvider(), start_props()
    if hour == 12:
        client("rds").start_db_instance(DBInstanceIdentifier="db")
    assert provider.diff("id", start_props(password_version="former"), news).changes is True
    provider.update("id", start_props(password_version="former"), news)
    assert provider.diff("id", news, news).changes is False, "RDS can change one that runs"
    client("rds").stop_db_instance(DBInstanceIdentifier="db")
    assert provider.diff("id", news, news).changes is True, "it refuses to change a stopped one"
    rest(client, "db", hours())
    if status(client) == "available":
        client("rds").stop_db_instance(DBInstanceIdentifier="db")
    assert provider.diff("id", news, news).changes is False, "the update has come to its end"


def test_by_day_the_mark_of_a_change_stops_nothing(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at(TUESDAY.replace(hour=12), monkeypatch)
    client("rds").start_db_instance(DBInstanceIdentifier="db")
    assert start_for_update(client, "db", hours(), changing=True) == "", "it ran"
    once = client("scheduler").get_schedule(GroupName="sleep-1", Name=STOP_ONCE)
    assert once["State"] == "DISABLED"
    assert not stops_later(client("scheduler"), "db")
    at(NIGHT, monkeypatch)
    assert start_for_update(client, "db", hours()) == "", "somebody works late"


def test_a_migration_that_failed_starts_no_database_for_a_change(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The initialisation starts it itself, if it is still to run."""
    at(NIGHT, monkeypatch)
    start_for_update(client, "db", hours())
    client("rds").stop_db_instance(DBInstanceIdentifier="db")
    assert DatabaseStartProvider().diff("id", start_props(), start_props()).changes is False


def test_a_stack_asleep_is_marked_too_until_its_database_rests(client: Any) -> None:
    start_for_update(client, "db", None, changing=True)
    assert status(client) == "available"
    client("rds").stop_db_instance(DBInstanceIdentifier="db")
    assert DatabaseStartProvider().diff("id", start_props(), start_props()).changes is True
    asleep = {"region": "cn-north-1", "profile": None, "instance": "db", "state": "stopped", "final_snapshot": False}
    DatabaseSwitchProvider().update("id", asleep, asleep)
    assert DatabaseStartProvider().diff("id", start_props(), start_props()).changes is False


THEIRS = {
    "another stack's": TAGS | {"stack": "other"},
    "another project's": TAGS | {"project": "other"},
    "nobody's": {},
}


@pytest.mark.parametrize("tags", THEIRS.values(), ids=THEIRS)
def test_a_database_that_is_not_the_stacks_own_is_left_alone(tags: dict[str, str], client: Any) -> None:
    stopped_database(client, "theirs", tags)
    provider, news = DatabaseStartProvider(), start_props(instance_class="db.m6g.large")
    provider.update("id", start_props(), news)
    assert (status(client), status(client, "theirs")) == ("available", "stopped"), "it would cost its owner money"
    start_for_update(client, "theirs", hours(), changing=True)
    client("rds").stop_db_instance(DBInstanceIdentifier="theirs")
    assert provider.diff("id", news, news).changes is False, "whatever became of their update"

"""database_power.py and database_switch.py: a database is started or stopped, waited for, and never in vain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from components.dynamic import database_switch, run_once
from components.dynamic.database_power import Power, PowerError, differs, switch
from components.dynamic.database_switch import DatabaseSwitchProvider
from components.dynamic.run_once import RunOnceProvider
from rehearsal import Account
from tests.support.databases import create_database
from tests.support.mocked_engine import Clock
from tests.support.run_once_props import PROPS

ONE = {"DBInstanceIdentifier": "db"}
SWITCH = {"region": "cn-north-1", "profile": None, "instance": "db", "state": "stopped", "final_snapshot": True}


def script(stub: Stubber, *steps: str) -> None:
    """A state, or a call in capitals."""
    for step in steps:
        if step.isupper():
            stub.add_response(f"{step.lower()}_db_instance", {}, ONE)
        else:
            stub.add_response("describe_db_instances", {"DBInstances": [{"DBInstanceStatus": step}]}, ONE)


@pytest.mark.parametrize(
    ("target", "steps"),
    [
        ("available", ["available"]),
        ("available", ["storage-optimization"]),
        ("available", ["stopped", "START", "starting", "configuring-log-exports"]),
        ("available", ["stopping", "stopped", "START", "starting", "available"]),
        ("stopped", ["stopped"]),
        ("stopped", ["stopping", "stopped"]),
        ("stopped", ["backing-up", "available", "STOP", "stopping", "stopped"]),
        ("stopped", ["starting", "available", "STOP", "stopped"]),
    ],
)
def test_whatever_is_under_way_is_waited_for(rds: tuple[Any, Stubber], target: Power, steps: list[str]) -> None:
    client, stub = rds
    script(stub, *steps)
    switch(client, "db", target, clock=Clock())


def test_a_state_that_changed_meanwhile_is_asked_for_again(rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    script(stub, "available")
    stub.add_client_error("stop_db_instance", "InvalidDBInstanceState", "backing-up")
    script(stub, "backing-up", "available", "STOP", "stopped")
    switch(client, "db", "stopped", clock=Clock())


def test_a_lost_poll_is_no_failure(monkeypatch: pytest.MonkeyPatch, rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    script(stub, "available")
    ask, lost = client.describe_db_instances, [EndpointConnectionError(endpoint_url="https://rds")]

    def describe(**given: Any) -> Any:
        if lost:
            raise lost.pop()
        return ask(**given)

    monkeypatch.setattr(client, "describe_db_instances", describe)
    switch(client, "db", "available", clock=Clock())


def test_a_lost_poll_shows_no_other_state(monkeypatch: pytest.MonkeyPatch, rds: tuple[Any, Stubber]) -> None:
    def lose(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://rds")

    monkeypatch.setattr(rds[0], "describe_db_instances", lose)
    assert [differs(rds[0], "db", power) for power in ("available", "stopped")] == [False, False]


@pytest.mark.parametrize(
    ("code", "said"),
    [("DBInstanceNotFound", "there is none of that name"), ("AccessDenied", "could not be looked at")],
)
def test_a_refusal_is_a_sentence(rds: tuple[Any, Stubber], code: str, said: str) -> None:
    client, stub = rds
    stub.add_client_error("describe_db_instances", code)
    with pytest.raises(PowerError, match=said):
        switch(client, "db", "stopped", clock=Clock())


def test_what_may_not_be_stopped_is_said_with_aws_reason(rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    script(stub, "available")
    stub.add_client_error("stop_db_instance", "AccessDenied", "not you")
    with pytest.raises(PowerError, match=r"Database db could not be stopped: .*not you"):
        switch(client, "db", "stopped", clock=Clock())


def test_a_broken_database_is_not_waited_for(rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    script(stub, "storage-full")
    with pytest.raises(PowerError, match="Database db is storage-full, so it cannot become available"):
        switch(client, "db", "available", clock=Clock())


def test_waiting_has_an_end(rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    script(stub, *["starting"] * 6)
    with pytest.raises(PowerError, match="still starting after 1 minutes, and not yet available"):
        switch(client, "db", "available", limit=60, clock=Clock())


@pytest.fixture
def account() -> Iterator[Any]:
    """An emulated account with a database; gives its RDS client."""
    with Account() as open_account:
        client = open_account.client("rds", "cn-north-1")
        create_database(client, "db")
        yield client


def state(client: Any) -> str:
    return str(client.describe_db_instances()["DBInstances"][0]["DBInstanceStatus"])


def test_going_to_sleep_waking_and_a_destroy(account: Any) -> None:
    provider = DatabaseSwitchProvider()
    asleep = provider.create(SWITCH).outs
    assert state(account) == "stopped"
    assert provider.create(SWITCH).id == "db-stopped", "a retry finds it so"
    awake = provider.create(SWITCH | {"state": "available"}).outs
    assert state(account) == "available"
    provider.delete("db-stopped", asleep or {})
    assert state(account) == "available", "on waking, what stopped it goes away last and changes nothing"
    provider.create(SWITCH)
    provider.delete("db-available", awake or {})
    assert state(account) == "stopped", "on going to sleep, what started it goes away last"
    provider.delete("db-stopped", asleep or {})
    assert state(account) == "available", "a destroy takes a final snapshot next"


def keeper(when: str, instance: str) -> dict[str, Any]:
    return {
        "Name": f"sleep-stop-database-{instance}",
        "ScheduleExpression": when,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws-cn:scheduler:::aws-sdk:rds:stopDBInstance",
            "RoleArn": "arn:aws-cn:iam::123456789012:role/r",
            "Input": json.dumps({"DbInstanceIdentifier": instance}),
        },
    }


def test_what_stops_the_database_every_hour_waits_while_it_is_woken(account: Any) -> None:
    scheduler = boto3.client("scheduler", region_name="cn-north-1")
    for schedule in (
        keeper("rate(1 hour)", "db"),
        keeper("rate(1 hour)", "other"),
        keeper("cron(0 20 * * ? *)", "db-2"),
    ):
        scheduler.create_schedule(**schedule)
    provider = DatabaseSwitchProvider()
    awake = SWITCH | {"state": "available"}
    provider.create(awake)
    assert "StartDate" not in scheduler.get_schedule(Name="sleep-stop-database-db"), "it runs: nobody wakes it"
    provider.create(SWITCH)
    provider.create(awake)
    paused = scheduler.get_schedule(Name="sleep-stop-database-db")
    assert paused["StartDate"] > datetime.now(UTC) + timedelta(hours=1), "a wake-up takes half an hour"
    assert (paused["ScheduleExpression"], paused["State"]) == ("rate(1 hour)", "ENABLED"), "it goes on by itself"
    assert json.loads(paused["Target"]["Input"]) == {"DbInstanceIdentifier": "db"}
    for other in ("other", "db-2"):
        assert "StartDate" not in scheduler.get_schedule(Name=f"sleep-stop-database-{other}")


def test_a_database_that_rds_has_started_stays_up_while_a_stack_asleep_is_destroyed(account: Any) -> None:
    scheduler = boto3.client("scheduler", region_name="cn-north-1")
    scheduler.create_schedule(**keeper("rate(1 hour)", "db"))
    assert state(account) == "available", "RDS starts a stopped one after seven days"
    DatabaseSwitchProvider().delete("db-stopped", SWITCH)
    paused = scheduler.get_schedule(Name="sleep-stop-database-db")
    assert "StartDate" in paused, "stopped within the hour, it would leave no final snapshot"


def test_an_interrupted_update_is_completed_by_the_next(account: Any) -> None:
    provider, awake = DatabaseSwitchProvider(), SWITCH | {"state": "available"}
    assert provider.diff("id", awake, awake).changes is False
    account.stop_db_instance(DBInstanceIdentifier="db")
    assert provider.diff("id", SWITCH, SWITCH).changes is False
    difference = provider.diff("id", awake, awake)
    assert (difference.changes, difference.replaces) == (True, []), "going to sleep was begun, and taken back"
    provider.update("id", awake, awake)
    assert state(account) == "available"
    assert provider.diff("id", SWITCH, SWITCH).changes is True, "waking was begun, and taken back"


def test_at_night_an_update_leaves_the_database_to_the_clock(account: Any) -> None:
    by_day = SWITCH | {"state": "available", "scheduled": True}
    account.stop_db_instance(DBInstanceIdentifier="db")
    assert DatabaseSwitchProvider().diff("id", by_day, by_day).changes is False


def test_without_permission_to_look_no_change_is_shown() -> None:
    with Account():
        assert DatabaseSwitchProvider().diff("id", SWITCH, SWITCH).changes is False, "there is no such database"


def test_a_disposable_stack_is_destroyed_without_waking(account: Any) -> None:
    provider = DatabaseSwitchProvider()
    outs = provider.create(SWITCH | {"final_snapshot": False}).outs
    provider.delete("db-stopped", outs or {})
    assert state(account) == "stopped"


def test_another_database_is_another_switch(account: Any) -> None:
    provider = DatabaseSwitchProvider()
    provider.create(SWITCH)
    assert provider.diff("id", SWITCH, SWITCH | {"instance": "other"}).replaces == ["instance"]


@pytest.mark.parametrize("change", [{"profile": "ops"}, {"final_snapshot": False}])
def test_a_destroy_reads_the_present_profile_and_snapshot_setting(account: Any, change: dict[str, Any]) -> None:
    provider = DatabaseSwitchProvider()
    outs = provider.create(SWITCH).outs or {}
    news = SWITCH | change
    difference = provider.diff("id", outs, news)
    assert (difference.changes, difference.replaces) == (True, []), "the state would keep the old one"
    assert provider.update("id", outs, SWITCH | change | {"profile": None}).outs == news | {"profile": None}


def test_an_update_at_night_that_only_changes_the_profile_starts_nothing(account: Any) -> None:
    by_day = SWITCH | {"state": "available", "scheduled": True}
    account.stop_db_instance(DBInstanceIdentifier="db")
    DatabaseSwitchProvider().update("id", by_day | {"profile": "old"}, by_day)
    assert state(account) == "stopped"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the initialisation's provider did, in order."""
    steps: list[str] = []

    def run(*_: Any) -> str:
        steps.append("run")
        return "arn:task"

    monkeypatch.setattr(run_once, "run_to_end", run)
    monkeypatch.setattr(run_once, "snapshot", lambda *_: steps.append("snapshot"))
    started = started_database(steps, "")
    monkeypatch.setattr(run_once, "start_for_update", started)
    return steps


def started_database(steps: list[str], moment: str) -> Any:
    """What starts the database for an update, and says when."""

    def start(_clients: Any, instance: str, _hours: Any) -> str:
        steps.append(f"{instance} available")
        return moment

    return start


def test_the_time_at_which_the_initialisation_starts_a_stopped_database_is_kept(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = RunOnceProvider()
    assert (provider.create(AWAKE).outs or {})["database_started"] == "", "it ran already"
    monkeypatch.setattr(run_once, "start_for_update", started_database(done, "tonight"))
    done.clear()
    started = (provider.update("id", AWAKE, AWAKE | {"demo_data": "d2"}).outs or {})["database_started"]
    assert started == "tonight", "DatabaseRest sees another time, and stops it again"
    assert done == ["db available", "run"]
    monkeypatch.setattr(run_once, "start_for_update", started_database(done, ""))
    olds = AWAKE | {"database_started": started}
    assert (provider.update("id", olds, AWAKE).outs or {})["database_started"] == started


ASLEEP = PROPS | {"asleep": True, "database": "db"}
AWAKE = PROPS | {"asleep": False, "database": "db"}


def test_the_initialisation_starts_a_database_that_the_night_has_stopped(done: list[str]) -> None:
    RunOnceProvider().create(AWAKE)
    assert done == ["db available", "run"]


def test_in_its_sleep_a_stack_initialises_nothing_and_catches_up_on_waking(done: list[str]) -> None:
    provider = RunOnceProvider()
    first = provider.create(ASLEEP)
    assert not done
    assert provider.diff("asleep", first.outs or {}, ASLEEP | {"task_definition": "cvat-init:8"}).changes is False
    assert provider.diff("asleep", first.outs or {}, AWAKE).changes is True, "it has never run"
    provider.update("asleep", first.outs or {}, AWAKE)
    assert done == ["db available", "run"], "there is nothing yet to snapshot"


def test_a_release_that_came_in_its_sleep_is_migrated_after_a_snapshot(done: list[str]) -> None:
    provider, before = RunOnceProvider(), AWAKE | {"task_arn": "arn:task"}
    assert provider.diff("id", before, ASLEEP).changes is False, "going to sleep runs nothing"
    assert provider.diff("id", before, AWAKE).changes is False, "nor does waking as the same"
    newer = AWAKE | {"image": "server@sha256:2", "task_definition": "cvat-init:8"}
    assert provider.diff("id", before, newer | {"asleep": True}).changes is False
    assert provider.diff("id", before, newer).changes is True
    provider.update("id", before, newer)
    assert [step for step in done if step != "db available"] == ["snapshot", "run"]
    assert done[0] == "db available", "RDS snapshots nothing that is stopped"


def test_the_switch_uses_the_deployments_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(database_switch, "switch", lambda *_: None)
    monkeypatch.setattr(database_switch, "differs", lambda *_: False)
    monkeypatch.setattr(database_switch, "cancel_stop", lambda *_: None)

    def clients(props: Any) -> Any:
        seen.append(props["profile"])
        return lambda _: None

    monkeypatch.setattr(database_switch, "aws_clients", clients)
    DatabaseSwitchProvider().create(SWITCH | {"profile": "cn"})
    assert seen == ["cn"]

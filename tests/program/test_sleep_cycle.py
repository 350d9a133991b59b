"""One stack that goes to sleep and wakes, again and again, over the same account."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rehearsal import Rehearsal
from rehearsal.aws.passing_time import carry_out, due_calls
from rehearsal.diff.stores import losses
from tests.support.sleep_helpers import (
    DAY,
    NIGHT,
    again,
    database,
    evening,
    first_rule,
    forget,
    healthy,
    schedules,
    services,
    set_clock,
)

Rehearse = Callable[..., Rehearsal]


@pytest.fixture(scope="module")
def awake(rehearsed: Rehearse) -> Rehearsal:
    return healthy(rehearsed("cn-north-1", at=DAY))


def test_a_stack_goes_to_sleep_and_wakes(awake: Rehearsal) -> None:
    counts = {service["serviceName"]: service["desiredCount"] for service in services(awake)}
    endpoints = [endpoint["EndpointName"] for endpoint in awake.client("sagemaker").list_endpoints()["Endpoints"]]
    asleep = again(awake, mode="asleep")
    steps = [step.title for step in asleep.outcome.steps if step.verb != "same"]
    last = max(steps.index(title) for title in steps if title.startswith("aws:ecs/service:Service"))
    assert steps.index("pulumi-python:dynamic/cvat:DatabaseSwitch sleep") > last, "no task loses its database"
    assert {service["desiredCount"] for service in services(asleep)} == {0}
    assert database(asleep)["DBInstanceStatus"] == "stopped"
    assert not asleep.client("sagemaker").list_endpoints()["Endpoints"]
    assert not list(losses(asleep.outcome)), "nothing that is stored is touched"
    assert not again(awake, mode="asleep").outcome.touched(), "a second time changes nothing"
    runs = awake.account.calls.count("ecs:RunTask")
    woken = again(awake)
    steps = [step.title for step in woken.outcome.steps if step.verb != "same"]
    first = min(steps.index(title) for title in steps if title.startswith("aws:ecs/service:Service"))
    assert steps.index("pulumi-python:dynamic/cvat:DatabaseSwitch data-awake") < first, "no task meets a stopped one"
    assert {service["serviceName"]: service["desiredCount"] for service in services(woken)} == counts
    assert database(woken)["DBInstanceStatus"] == "available"
    assert [
        endpoint["EndpointName"] for endpoint in woken.client("sagemaker").list_endpoints()["Endpoints"]
    ] == endpoints
    assert not woken.client("scheduler").list_schedules()["Schedules"]
    assert awake.account.calls.count("ecs:RunTask") == runs, "what has been initialised is not initialised again"


def limits(done: Rehearsal) -> set[tuple[int, int]]:
    """Least and most tasks of all services that are registered for scaling."""
    scaling = done.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return {(target["MinCapacity"], target["MaxCapacity"]) for target in targets}


def test_no_policy_starts_tasks_for_waiting_jobs_while_a_stack_falls_asleep(awake: Rehearsal) -> None:
    before = limits(awake)
    assert before - {(0, 0)}
    asleep = again(awake, mode="asleep")
    assert limits(asleep) == {(0, 0)}, "a target that is only deleted at the end scales up until then"
    steps = [step.title for step in asleep.outcome.steps if step.verb == "updated"]
    limited = max(steps.index(title) for title in steps if title.startswith("aws:appautoscaling/target:Target"))
    assert limited < [step.title for step in asleep.outcome.steps].index(
        "pulumi-python:dynamic/cvat:DatabaseSwitch sleep"
    ), "the database stops after the last task"
    assert limits(again(awake)) == before


def test_the_page_is_gone_when_office_hours_follow_a_sleep(awake: Rehearsal) -> None:
    asleep = again(awake, mode="asleep")
    assert first_rule(asleep)["Conditions"][0]["Field"] == "path-pattern", "everyone sees the page"
    by_day = again(awake, officeHours="mon-fri 08:00-20:00")
    assert first_rule(by_day)["Conditions"][0]["Field"] == "host-header", "no request has this host"
    again(awake)


def test_a_release_that_comes_in_its_sleep_is_migrated_on_waking(awake: Rehearsal) -> None:
    again(awake, mode="asleep")
    calls = len(awake.account.calls)
    asleep = again(awake, mode="asleep", demoData="none")
    assert "ecs:RunTask" not in awake.account.calls[calls:]
    assert database(asleep)["DBInstanceStatus"] == "stopped"
    again(awake, demoData="none")
    assert awake.account.calls[calls:].count("ecs:RunTask") == 1


def test_an_interrupted_sleep_is_reverted_by_the_next_update(awake: Rehearsal) -> None:
    name = database(awake)["DBInstanceIdentifier"]
    awake.client("rds").stop_db_instance(DBInstanceIdentifier=name)
    reverted = again(awake, demoData="none")
    assert "updated pulumi-python:dynamic/cvat:DatabaseSwitch data-awake" in reverted.outcome.touched()
    assert database(awake)["DBInstanceStatus"] == "available"


def test_a_stack_that_is_awake_has_nothing_of_it(awake: Rehearsal) -> None:
    done = awake
    assert database(done)["DBInstanceStatus"] == "available"
    assert not done.of_type("aws:scheduler/schedule:Schedule", "aws:appautoscaling/scheduledAction:ScheduledAction")
    assert "fixed-response" not in {action["Type"] for action in first_rule(done)["Actions"]}
    assert done.outputs["sleep"] == {"mode": "awake", "office_hours": ""}


def test_a_database_that_is_changed_in_its_sleep_runs_for_it_and_sleeps_on(awake: Rehearsal) -> None:
    again(awake, mode="asleep")
    changed = again(awake, mode="asleep", dbInstanceClass="db.m6g.2xlarge")
    assert database(changed)["DBInstanceClass"] == "db.m6g.2xlarge", "RDS refuses to change a stopped instance"
    assert database(changed)["DBInstanceStatus"] == "stopped", "the stack sleeps on"
    assert not again(awake, mode="asleep", dbInstanceClass="db.m6g.2xlarge").outcome.touched(), "and is settled"
    again(awake)
    assert database(awake)["DBInstanceClass"] == "db.m6g.xlarge"


def test_a_password_that_is_rotated_in_its_sleep_reaches_the_database(awake: Rehearsal) -> None:
    """As `pulumi up --replace` does it: docs/operations.md, "Rotate a secret"."""
    again(awake, mode="asleep")
    urn, old = forget(awake, "data-database-password")
    rotated = again(awake, mode="asleep")
    password = next(record for record in rotated.resources if record.urn == urn).outputs["result"]
    (instance,) = rotated.of_type("aws:rds/instance:Instance")
    assert password != old
    assert instance.inputs["password"] == password, "RDS refuses to change a stopped instance"
    assert database(rotated)["DBInstanceStatus"] == "stopped", "the stack sleeps on"
    assert not again(awake, mode="asleep").outcome.touched(), "and is settled"
    again(awake)


def is_awake(done: Rehearsal, counts: dict[str, int]) -> None:
    """Nothing of the night is left: tasks, their bounds, endpoints, alarms, database, page."""
    assert {service["serviceName"]: service["desiredCount"] for service in services(done)} == counts
    assert (0, 0) not in limits(done), "no policy could start a task"
    assert done.client("sagemaker").list_endpoints()["Endpoints"]
    alarms = done.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert [alarm["AlarmName"] for alarm in alarms if not alarm["ActionsEnabled"]] == []
    assert database(done)["DBInstanceStatus"] == "available"
    assert '"/*"' not in json.dumps(first_rule(done)["Conditions"]), "nobody sees the page"


HOURS = "mon-fri 08:00-20:00"
MONDAY = datetime(2026, 12, 7, tzinfo=ZoneInfo("Asia/Shanghai"))
"""After NIGHT."""


def test_office_hours_that_are_removed_at_night_leave_a_stack_that_is_awake(awake: Rehearsal) -> None:
    counts = {service["serviceName"]: service["desiredCount"] for service in services(awake)}
    by_day = again(awake, officeHours=HOURS)
    is_awake(by_day, counts)
    evening(by_day)
    assert {service["desiredCount"] for service in services(by_day)} == {0}
    woken = again(awake)
    is_awake(woken, counts)
    assert not woken.client("scheduler").list_schedules()["Schedules"]
    assert not again(awake).outcome.touched(), "and it is settled"


def test_office_hours_that_follow_a_sleep_begin_awake(awake: Rehearsal) -> None:
    counts = {service["serviceName"]: service["desiredCount"] for service in services(awake)}
    again(awake, mode="asleep")
    by_day = again(awake, officeHours=HOURS)
    is_awake(by_day, counts)
    paused = [
        name
        for name, schedule in schedules(by_day).items()
        if "StartDate" in schedule or schedule.get("State", "ENABLED") != "ENABLED"
    ]
    assert paused == [], "the evening comes"
    assert not again(awake, officeHours=HOURS).outcome.touched()
    is_awake(again(awake), counts)


def calls_until(done: Rehearsal, moment: datetime) -> list[str]:
    """What the clock calls from now on; each that AWS refuses with the reason."""
    now = datetime.fromtimestamp(time.time(), UTC)
    set_clock(done, moment)
    return [carry_out(call) for call in due_calls(done.account, now, moment)]


@pytest.mark.parametrize("before", ["awake", "asleep"])
def test_outside_its_hours_a_stack_is_awake_until_they_have_ended_for_the_first_time(
    before: str, awake: Rehearsal
) -> None:
    """On Monday morning RDS would refuse to start a database that runs, and an alarm would ring."""
    counts = {service["serviceName"]: service["desiredCount"] for service in services(awake)}
    again(awake, mode=before)
    set_clock(awake, NIGHT)
    by_night = again(awake, officeHours=HOURS)
    is_awake(by_night, counts)
    kinds = [step.record.type for step in by_night.outcome.steps if step.verb in ("created", "updated")]
    changed = [place for place, kind in enumerate(kinds) if kind == "aws:ecs/service:Service"]
    first = kinds.index("aws:scheduler/schedule:Schedule")
    assert first > max(changed, default=-1), "no evening comes in the middle of an update"
    assert not again(awake, officeHours=HOURS).outcome.touched()
    weekend = [call for call in calls_until(by_night, MONDAY.replace(hour=7, minute=59)) if "schedule " in call]
    assert weekend == [], "neither the database's stop ten minutes after the hours nor its start"
    is_awake(by_night, counts)
    calls_until(by_night, MONDAY.replace(hour=19, minute=59))
    is_awake(by_night, counts)
    calls_until(by_night, MONDAY.replace(hour=22))
    assert database(by_night)["DBInstanceStatus"] == "stopped", "the first evening"
    morning = calls_until(by_night, MONDAY.replace(hour=12) + timedelta(days=1))
    assert any("rds:StartDBInstance" in call for call in morning), "as every day from now on"
    assert [call for call in morning if "Exception" in call or "error" in call] == []
    is_awake(by_night, counts)
    set_clock(awake, DAY)
    again(awake)


def test_a_stack_whose_night_becomes_a_sleep_wakes_from_it(awake: Rehearsal) -> None:
    counts = {service["serviceName"]: service["desiredCount"] for service in services(awake)}
    evening(again(awake, officeHours=HOURS))
    asleep = again(awake, mode="asleep")
    assert {service["desiredCount"] for service in services(asleep)} == {0}
    assert database(asleep)["DBInstanceStatus"] == "stopped"
    is_awake(again(awake), counts)

"""A stack that sleeps, and one with office hours, asked of the rehearsed account."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rehearsal import Rehearsal
from tests.support.sleep_helpers import (
    DAY,
    NIGHT,
    again,
    database,
    evening,
    fire,
    first_rule,
    healthy,
    schedules,
    services,
    set_clock,
)

Rehearse = Callable[..., Rehearsal]
REGIONS = ("cn-northwest-1", "ap-northeast-1")
HOURS = "mon-fri 08:00-20:00"
ZONES = {"cn-northwest-1": "Asia/Shanghai", "ap-northeast-1": "Asia/Tokyo"}


@pytest.fixture(scope="module", params=REGIONS)
def asleep(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    return healthy(rehearsed(request.param, mode="asleep"))


@pytest.fixture(scope="module", params=REGIONS)
def by_day(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    return healthy(rehearsed(request.param, at=DAY, officeHours=HOURS, preset="team"))


def test_going_to_sleep_waits_for_workers_that_have_a_job(asleep: Rehearsal) -> None:
    waits = {
        service.name: service.inputs["waitForSteadyState"] for service in asleep.of_type("aws:ecs/service:Service")
    }
    assert waits["cvat-worker"], "the database stops next"
    assert all(waits.values())


def actions(done: Rehearsal, kind: str) -> dict[str, Any]:
    """Scheduled actions of a service: when -> least and most."""
    resource = f"service/{done.outputs['cluster']}/{done.outputs['services'][kind]}"
    scheduled = done.client("application-autoscaling").describe_scheduled_actions(
        ServiceNamespace="ecs", ResourceId=resource
    )["ScheduledActions"]
    return {
        schedule["Schedule"]: (
            schedule["ScalableTargetAction"]["MinCapacity"],
            schedule["ScalableTargetAction"]["MaxCapacity"],
            schedule["Timezone"],
        )
        for schedule in scheduled
    }


def test_no_task_runs_and_none_is_started(asleep: Rehearsal) -> None:
    assert {service["desiredCount"] for service in services(asleep)} == {0}
    assert len(services(asleep)) == 6, "the services themselves stay"
    scaling = asleep.client("application-autoscaling")
    targets = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert {target["MaxCapacity"] for target in targets} == {0}, "no policy starts one"
    assert "ecs:RunTask" not in asleep.account.calls, "the initialisation waits for the wake-up"


def test_the_database_is_stopped_and_stays_so(asleep: Rehearsal) -> None:
    assert database(asleep)["DBInstanceStatus"] == "stopped"
    ((name, schedule),) = schedules(asleep).items()
    assert schedule["ScheduleExpression"] == "rate(1 hour)", "AWS starts it after seven days"
    asleep.client("rds").start_db_instance(DBInstanceIdentifier=database(asleep)["DBInstanceIdentifier"])
    fire(asleep, name)
    assert database(asleep)["DBInstanceStatus"] == "stopped"


def test_endpoints_are_gone_and_what_they_are_made_from_is_there(asleep: Rehearsal) -> None:
    sagemaker = asleep.client("sagemaker")
    assert not sagemaker.list_endpoints()["Endpoints"]
    assert len(sagemaker.list_endpoint_configs()["EndpointConfigs"]) == 1
    assert len(asleep.outputs["endpoints"]) == 5, "functions stay in the configuration"


def test_everyone_sees_a_page_in_two_languages(asleep: Rehearsal) -> None:
    rule = first_rule(asleep)
    assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/*"]
    answer = rule["Actions"][0]["FixedResponseConfig"]
    assert (answer["StatusCode"], answer["ContentType"]) == ("503", "text/html")
    assert len(answer["MessageBody"]) <= 1024
    assert answer["MessageBody"].isascii(), "the listener tells no encoding"
    said = html.unescape(answer["MessageBody"])
    assert "CVAT is asleep" in said
    assert "<code>cvat:mode</code> to <code>awake</code>" in said
    assert "正在休眠" in said


def test_sleeping_parts_cause_no_notifications(asleep: Rehearsal) -> None:
    alarms = asleep.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {alarm["Namespace"] for alarm in alarms} == {"AWS/ElastiCache", "AWS/EFS"}, "these never sleep"


def test_a_stopped_database_is_not_to_be_backed_up(asleep: Rehearsal) -> None:
    backup = asleep.client("backup")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (selection,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    taken = backup.get_backup_selection(BackupPlanId=plan["BackupPlanId"], SelectionId=selection["SelectionId"])
    assert [arn.split(":")[2] for arn in taken["BackupSelection"]["Resources"]] == ["elasticfilesystem"]


def test_with_office_hours_the_stack_is_made_awake(by_day: Rehearsal) -> None:
    counts = {service["serviceName"]: service["desiredCount"] for service in services(by_day)}
    assert counts[by_day.outputs["services"]["server"]] == 1
    assert database(by_day)["DBInstanceStatus"] == "available"
    assert by_day.client("sagemaker").list_endpoints()["Endpoints"]
    assert by_day.outputs["sleep"]["office_hours"] == f"{HOURS} ({ZONES[by_day.region]})"


def test_every_service_has_its_hours(by_day: Rehearsal) -> None:
    zone = ZONES[by_day.region]
    for kind in by_day.outputs["services"]:
        scheduled = actions(by_day, kind)
        bounds = {"annotation-worker": (0, 2), "worker": (1, 3)}.get(kind, (1, 1))
        assert scheduled.pop("cron(0 20 ? * MON,TUE,WED,THU,FRI *)") == (0, 0, zone), kind
        assert scheduled == {"cron(52 7 ? * MON,TUE,WED,THU,FRI *)": (*bounds, zone)}, f"{kind}: as many as by day"


def test_an_update_at_night_wakes_nothing_but_a_database_while_it_changes_it(by_day: Rehearsal) -> None:
    evening(by_day)
    set_clock(by_day, NIGHT)
    starts = by_day.account.calls.count("rds:StartDBInstance")
    night = again(by_day, officeHours=HOURS)
    assert not night.outcome.touched()
    night = again(by_day, officeHours="mon-fri 08:00-21:00", serverCount="2", serverMaxCount="3")
    assert {service["desiredCount"] for service in services(night)} == {0}
    assert by_day.account.calls.count("rds:StartDBInstance") == starts + 1, "RDS changes windows while it runs"
    assert database(night)["DBInstanceStatus"] == "stopped", "RDS refuses to start one that runs: the alarm would ring"
    assert "StartDate" not in schedules(night)["sleep-start-database"], "the next morning starts it"
    assert not night.client("sagemaker").list_endpoints()["Endpoints"]
    assert first_rule(night)["Conditions"][0]["Field"] == "path-pattern", "the page is still shown"
    assert schedules(night)["sleep-show-page"]["ScheduleExpression"].startswith("cron(0 21 ")
    assert actions(night, "server")["cron(52 7 ? * MON,TUE,WED,THU,FRI *)"][:2] == (2, 3), "from the next morning"
    again(by_day, officeHours=HOURS)
    for call in ("create-shared", "hide-page", "enable-alarms"):
        fire(by_day, f"sleep-{call}")


def test_nor_does_one_after_a_refresh_at_night(by_day: Rehearsal) -> None:
    """A refresh brings the clock's numbers into Pulumi's state, so that they would differ from the program's."""
    clocks: dict[str, tuple[str, ...]] = {
        "aws:ecs/service:Service": ("desiredCount",),
        "aws:lb/listenerRule:ListenerRule": ("conditions",),
    }
    clocks["aws:appautoscaling/target:Target"] = ("minCapacity", "maxCapacity")
    clocks["aws:cloudwatch/metricAlarm:MetricAlarm"] = ("actionsEnabled",)
    call = json.loads(schedules(by_day)["sleep-disable-alarms"]["Target"]["Input"])
    for token, keys in clocks.items():
        records = [
            record
            for record in by_day.of_type(token)
            if ("Rule" not in token or record.name == "cvat-outside-hours")
            and ("Alarm" not in token or record.outputs["name"] in call["AlarmNames"])
        ]
        assert records
        for record in records:
            assert record.options.ignore_changes == keys, f"{record.name}: the clock changes these"


def test_a_release_that_migrates_at_night_starts_the_database_and_stops_it_again(by_day: Rehearsal) -> None:
    if database(by_day)["DBInstanceStatus"] == "available":
        fire(by_day, "sleep-stop-database")
    set_clock(by_day, NIGHT + timedelta(hours=1))  # two starts at one moment would be one
    before = by_day.account.calls.count("ecs:RunTask")
    again(by_day, officeHours=HOURS, demoData="none")
    assert by_day.account.calls.count("ecs:RunTask") == before + 1
    assert database(by_day)["DBInstanceStatus"] == "stopped"
    assert not again(by_day, officeHours=HOURS, demoData="none").outcome.touched(), "once is enough"


def test_an_update_that_lasts_until_the_morning_leaves_the_database_running(by_day: Rehearsal) -> None:
    set_clock(by_day, datetime(2026, 12, 7, 7, 50, tzinfo=ZoneInfo(ZONES[by_day.region])))
    again(by_day, officeHours=HOURS)
    assert database(by_day)["DBInstanceStatus"] == "available"
    assert "StartDate" not in schedules(by_day)["sleep-start-database"], "paused during the update only"


def test_stores_are_ready_before_the_tasks_and_stopped_after_them(by_day: Rehearsal) -> None:
    by_name = schedules(by_day)
    assert {schedule["ScheduleExpressionTimezone"] for schedule in by_name.values()} == {ZONES[by_day.region]}
    when = {
        name.removeprefix("sleep-"): schedule["ScheduleExpression"].split(" ?")[0][5:]
        for name, schedule in by_name.items()
    }
    assert when == {
        "start-database": "40 7",
        "create-shared": "40 7",
        "hide-page": "0 8",
        "enable-alarms": "0 8",
        "show-page": "0 20",
        "disable-alarms": "0 20",
        "delete-shared": "0 20",
        "stop-database": "10 20",
    }


def test_an_evening_and_a_morning_bring_everything_back(by_day: Rehearsal) -> None:
    sagemaker, before = by_day.client("sagemaker"), by_day.client("sagemaker").list_endpoints()["Endpoints"]
    (name,) = [endpoint["EndpointName"] for endpoint in before]
    tags = sagemaker.list_tags(ResourceArn=before[0]["EndpointArn"])["Tags"]
    made_from = sagemaker.describe_endpoint(EndpointName=name)["EndpointConfigName"]
    evening(by_day)
    assert database(by_day)["DBInstanceStatus"] == "stopped"
    assert not sagemaker.list_endpoints()["Endpoints"]
    assert first_rule(by_day)["Conditions"][0]["Field"] == "path-pattern", "everyone sees the page"
    for call in ("start-database", "create-shared", "hide-page", "enable-alarms"):
        fire(by_day, f"sleep-{call}")
    assert database(by_day)["DBInstanceStatus"] == "available"
    again = sagemaker.describe_endpoint(EndpointName=name)
    assert again["EndpointConfigName"] == made_from
    expected = {tag["Key"]: tag["Value"] for tag in tags}
    tags_again = {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=again["EndpointArn"])["Tags"]}
    assert tags_again == expected, "with the provider's default tags, or the next update of tags leaves a change"
    assert "managed-by" in expected
    assert first_rule(by_day)["Conditions"][0]["HostHeaderConfig"]["Values"] == ["asleep.invalid"], "nobody sees it"


def test_alarms_that_take_the_night_for_an_outage_are_silent_in_it(by_day: Rehearsal) -> None:
    named = json.loads(schedules(by_day)["sleep-disable-alarms"]["Target"]["Input"])["AlarmNames"]
    topic = by_day.outputs["alarms"]["topic_arn"]
    alarms = by_day.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert len(named) == len(set(named)) > 10
    watched = {
        alarm["Namespace"] for alarm in alarms if topic in alarm["AlarmActions"] and alarm["AlarmName"] not in named
    }
    assert watched == {"AWS/ElastiCache", "AWS/EFS", "AWS/Scheduler"}, "what never sleeps is watched at night, too"


def test_backups_are_taken_while_the_database_runs(by_day: Rehearsal) -> None:
    backup = by_day.client("backup")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (rule,) = backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"]["Rules"]
    hour = {"Asia/Shanghai": 10, "Asia/Tokyo": 9}[ZONES[by_day.region]]
    assert rule["ScheduleExpression"] == f"cron(0 {hour} ? * MON,TUE,WED,THU,FRI *)", "18:00 at the place"
    instance = database(by_day)
    assert instance["PreferredBackupWindow"] == f"{hour - 3:02}:00-{hour - 3:02}:30"
    assert instance["PreferredMaintenanceWindow"] == f"fri:{hour - 2:02}:00-fri:{hour - 2:02}:30"


def test_the_clocks_role_may_do_nothing_else(by_day: Rehearsal) -> None:
    (role,) = [role for role in by_day.of_type("aws:iam/role:Role") if role.name == "sleep"]
    document = by_day.client("iam").get_role(RoleName=role.id)["Role"]["AssumeRolePolicyDocument"]
    (trusted,) = document["Statement"]
    assert trusted["Principal"] == {"Service": "scheduler.amazonaws.com"}, "in China, too, it has no .cn"
    (policy,) = [policy for policy in by_day.of_type("aws:iam/rolePolicy:RolePolicy") if policy.name == "sleep"]
    for statement in json.loads(policy.inputs["policy"])["Statement"]:
        for arn in statement["Resource"]:
            assert "*" not in arn, f"{statement['Action']} names exactly what it is for"

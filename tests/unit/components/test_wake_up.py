"""awake.py, wake_up.py, pause_schedule.py: a stack whose night ends for good wakes, and no scheduled call undoes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from components.dynamic import awake, wake_up
from components.dynamic.awake import AwakeProvider
from components.dynamic.pause_schedule import PAUSE, STOP_ONCE, pause_all, pause_scaling
from components.dynamic.wake_up import WakeUpError, create_endpoints, enable_alarms, restore_capacity, wait_for_services
from rehearsal import Account
from tests.support.mocked_engine import Clock

REGION = "cn-north-1"
TAGS = {"project": "cvat", "stack": "own"}
SERVICE = {"name": "server", "least": 2.0, "most": 4.0, "wait": True}
PROPS = {
    "region": REGION,
    "profile": None,
    "scheduled": False,
    "hours": "",
    "zone": "",
    "tags": TAGS,
    "cluster": "c",
    "services": [SERVICE],
    "endpoints": [{"name": "e", "config": "k", "tags": TAGS}],
    "alarms": ["a"],
}
TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/c/server",
    "ScalableDimension": "ecs:service:DesiredCount",
}


@pytest.fixture
def client() -> Iterator[Any]:
    with Account() as account:
        yield account.in_region(REGION)


def service(client: Any, count: int) -> None:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "f", "image": "i", "memory": 128}])
    ecs.create_service(cluster="c", serviceName="server", taskDefinition="f", desiredCount=count)


def tasks(client: Any) -> int:
    return int(client("ecs").describe_services(cluster="c", services=["server"])["services"][0]["desiredCount"])


def bounds(client: Any) -> tuple[int, int]:
    scaling = client("application-autoscaling")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    return target["MinCapacity"], target["MaxCapacity"]


def test_a_service_without_a_scalable_target_gets_its_tasks_back(client: Any) -> None:
    service(client, 0)
    restore_capacity(client("ecs"), client("application-autoscaling"), "c", SERVICE)
    assert tasks(client) == 2


def test_a_service_that_scales_gets_its_bounds_back_and_keeps_what_the_load_has_added(client: Any) -> None:
    service(client, 0)
    scaling = client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=0)
    restore_capacity(client("ecs"), scaling, "c", SERVICE)
    assert (tasks(client), bounds(client)) == (2, (2, 4))
    client("ecs").update_service(cluster="c", service="server", desiredCount=3)
    restore_capacity(client("ecs"), scaling, "c", SERVICE)
    assert tasks(client) == 3


def group(client: Any, name: str, tags: dict[str, str]) -> None:
    scheduler = client("scheduler")
    scheduler.create_schedule_group(Name=name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    scheduler.create_schedule(
        Name=f"{name}-call",
        GroupName=name,
        ScheduleExpression="cron(0 20 ? * MON *)",
        ScheduleExpressionTimezone="Asia/Shanghai",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws-cn:scheduler:::aws-sdk:cloudwatch:disableAlarmActions",
            "RoleArn": "arn:aws-cn:iam::123456789012:role/r",
            "Input": "{}",
        },
    )


def test_no_call_of_the_clock_puts_a_stack_to_sleep_that_is_waking(client: Any) -> None:
    """Pulumi deletes the schedules last: an evening in between would mute the alarms for good."""
    service(client, 0)
    scheduler, scaling = client("scheduler"), client("application-autoscaling")
    for name, tags in (("sleep-1", TAGS), ("sleep-2", {**TAGS, "stack": "other"}), ("canary-1", TAGS)):
        group(client, name, tags)
    scaling.register_scalable_target(**TARGET, MinCapacity=0, MaxCapacity=0)
    for name, count in (("sleep", 0), ("wake", 2)):
        scaling.put_scheduled_action(
            **TARGET,
            ScheduledActionName=name,
            Schedule="cron(0 20 ? * MON *)",
            Timezone="Asia/Shanghai",
            ScalableTargetAction={"MinCapacity": count, "MaxCapacity": count},
        )
    before = scheduler.get_schedule(GroupName="sleep-1", Name="sleep-1-call")
    scheduler.create_schedule(
        Name=STOP_ONCE,
        GroupName="sleep-1",
        ScheduleExpression="at(2030-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=before["Target"],
    )
    until = datetime.now(UTC) + PAUSE
    pause_all(scheduler, TAGS, until)
    pause_scaling(scaling, ["service/c/server"], until)
    listed = scheduler.list_schedules(GroupName="sleep-1")["Schedules"]
    assert [schedule["Name"] for schedule in listed] == ["sleep-1-call"], "a one-time schedule has no start to put off"
    soon = datetime.now(UTC) + timedelta(hours=1)
    schedule = scheduler.get_schedule(GroupName="sleep-1", Name="sleep-1-call")
    assert schedule["StartDate"] > soon, "an update takes less"
    changed = {key for key in before if schedule.get(key) != before[key]}
    assert changed <= {"ResponseMetadata", "LastModificationDate"}, "if the update fails, it goes on by itself"
    assert schedule["ScheduleExpressionTimezone"] == "Asia/Shanghai"
    for other in ("sleep-2", "canary-1"):
        assert "StartDate" not in scheduler.get_schedule(GroupName=other, Name=f"{other}-call")
    actions = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert {action["StartTime"] > soon for action in actions} == {True}
    assert {action["ScalableTargetAction"]["MaxCapacity"] for action in actions} == {0, 2}
    assert {action["Timezone"] for action in actions} == {"Asia/Shanghai"}


BY_HOURS = {**PROPS, "scheduled": True, "hours": "mon-fri 08:00-20:00", "zone": "Asia/Shanghai"}
FRIDAY = datetime(2030, 1, 11, tzinfo=ZoneInfo("Asia/Shanghai"))
MONDAY_MORNING = datetime(2030, 1, 14, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
WOKEN = ["capacity", "endpoint", "wait", "alarms"]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a wake-up does, at noon of a working day."""
    done: list[Any] = []
    monkeypatch.setattr(awake, "aws_clients", lambda _: lambda service: service)
    monkeypatch.setattr(awake, "pause_all", lambda *arguments: done.append(arguments))
    monkeypatch.setattr(awake, "pause_scaling", lambda *_: done.append("pause scaling"))
    monkeypatch.setattr(awake, "restore_capacity", lambda *_: done.append("capacity"))
    monkeypatch.setattr(awake, "create_endpoints", lambda *_: done.append("endpoint"))
    monkeypatch.setattr(awake, "wait_for_services", lambda *_: done.append("wait"))
    monkeypatch.setattr(awake, "enable_alarms", lambda *_: done.append("alarms"))
    monkeypatch.setattr(awake, "now", lambda: FRIDAY.replace(hour=12))
    return done


def test_it_wakes_when_it_is_created_and_when_office_hours_are_given_up(steps: list[Any]) -> None:
    provider, paused = AwakeProvider(), [("scheduler", TAGS, FRIDAY.replace(hour=14)), "pause scaling"]
    provider.create(PROPS)
    assert steps == [*paused, *WOKEN], "alarms come last: until then what is missing would ring"
    steps.clear()
    assert provider.diff("id", BY_HOURS, PROPS).changes is True
    provider.update("id", BY_HOURS, PROPS)
    assert steps == [*paused, *WOKEN]
    assert provider.diff("id", PROPS, {**PROPS, "alarms": ["a", "b"]}).changes is False, "nothing sleeps"


def test_by_day_a_stack_with_office_hours_leaves_the_clock_alone(steps: list[Any]) -> None:
    AwakeProvider().create(BY_HOURS)
    assert steps == WOKEN, "the next evening puts it to sleep"
    steps.clear()
    assert AwakeProvider().diff("id", PROPS, BY_HOURS).changes is True
    AwakeProvider().update("id", PROPS, BY_HOURS)
    assert steps == WOKEN, "numbers of tasks that change along with the hours hold at once"


@pytest.mark.parametrize("moment", [FRIDAY.replace(hour=20), FRIDAY.replace(day=12, hour=9)], ids=str)
def test_outside_the_hours_the_clock_begins_with_the_next_hours(
    moment: datetime, steps: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack is awake: a morning's start of the database, or its stop ten minutes from now, would be wrong."""
    monkeypatch.setattr(awake, "now", lambda: moment)
    asked = [("scheduler", TAGS, MONDAY_MORNING), *WOKEN]
    AwakeProvider().create(BY_HOURS)
    assert steps == asked
    steps.clear()
    AwakeProvider().update("id", PROPS, BY_HOURS)
    assert steps == asked, "an evening may have come in the middle of the update"


def test_more_alarms_than_a_call_takes_are_all_enabled() -> None:
    client = boto3.client("cloudwatch", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    names = [f"alarm-{number}" for number in range(130)]
    with Stubber(client) as stub:
        stub.add_response("enable_alarm_actions", {}, {"AlarmNames": names[:100]})
        stub.add_response("enable_alarm_actions", {}, {"AlarmNames": names[100:]})
        enable_alarms(client, names)
        stub.assert_no_pending_responses()


@pytest.fixture
def sagemaker() -> Iterator[tuple[Any, Stubber]]:
    client = boto3.client("sagemaker", region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def status(stub: Stubber, value: str) -> None:
    times = {"CreationTime": datetime.now(UTC), "LastModifiedTime": datetime.now(UTC)}
    names = {"EndpointName": "e", "EndpointArn": "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/e"}
    stub.add_response("describe_endpoint", {**names, "EndpointStatus": value, **times}, {"EndpointName": "e"})


def test_an_endpoint_is_created_again_once_its_deletion_has_ended(sagemaker: tuple[Any, Stubber]) -> None:
    client, stub = sagemaker
    status(stub, "Deleting")
    stub.add_client_error("describe_endpoint", "ValidationException", 'Could not find endpoint "e".')
    tags = [{"Key": "project", "Value": "cvat"}, {"Key": "stack", "Value": "own"}]
    arn = "arn:aws-cn:sagemaker:cn-north-1:123456789012:endpoint/e"
    stub.add_response(
        "create_endpoint", {"EndpointArn": arn}, {"EndpointName": "e", "EndpointConfigName": "k", "Tags": tags}
    )
    status(stub, "Creating")
    status(stub, "InService")
    create_endpoints(client, [{"name": "e", "config": "k", "tags": TAGS}], Clock())


def test_an_endpoint_that_fails_is_named(sagemaker: tuple[Any, Stubber]) -> None:
    client, stub = sagemaker
    status(stub, "Failed")
    with pytest.raises(WakeUpError, match="Endpoint e is Failed, so the stack is not awake yet"):
        create_endpoints(client, [{"name": "e", "config": "k", "tags": TAGS}], Clock())


def test_an_endpoint_that_may_not_be_seen_is_not_taken_for_a_missing_one(sagemaker: tuple[Any, Stubber]) -> None:
    client, stub = sagemaker
    stub.add_client_error("describe_endpoint", "AccessDeniedException", "not you")
    with pytest.raises(ClientError, match="not you"):
        create_endpoints(client, [{"name": "e", "config": "k", "tags": TAGS}], Clock())


class SageMaker:
    """Endpoints that are in service at the second look after their creation."""

    def __init__(self) -> None:
        self.looks: dict[str, int] = {}
        self.calls: list[str] = []

    def describe_endpoint(self, EndpointName: str) -> dict[str, str]:  # noqa: N803
        self.calls.append(f"look {EndpointName}")
        if EndpointName not in self.looks:
            error = {"Error": {"Code": "ValidationException", "Message": "Could not find endpoint"}}
            raise ClientError(error, "DescribeEndpoint")
        self.looks[EndpointName] += 1
        return {"EndpointStatus": "InService" if self.looks[EndpointName] > 1 else "Creating"}

    def create_endpoint(self, EndpointName: str, **_: Any) -> None:  # noqa: N803
        self.calls.append(f"create {EndpointName}")
        self.looks[EndpointName] = 0


def test_endpoints_are_created_at_once_and_not_one_after_the_other() -> None:
    sagemaker = SageMaker()
    create_endpoints(sagemaker, [{"name": name, "config": "k", "tags": TAGS} for name in ("a", "b")], Clock())
    created = [call for call in sagemaker.calls if call.startswith("create")]
    assert created == ["create a", "create b"]
    assert sagemaker.calls[:4] == ["look a", "create a", "look b", "create b"], "each takes five to ten minutes"


def test_an_endpoint_that_does_not_come_is_named_after_the_limit() -> None:
    sagemaker = SageMaker()
    sagemaker.looks["a"] = -1000
    with pytest.raises(WakeUpError, match="Endpoint a is Creating, so the stack is not awake yet"):
        create_endpoints(sagemaker, [{"name": "a", "config": "k", "tags": TAGS}], Clock())


class Ecs:
    """A service whose tasks come one by one, or never."""

    def __init__(self, comes: bool) -> None:
        self.running, self.comes = 0, comes

    def describe_services(self, **_: Any) -> dict[str, Any]:
        self.running += self.comes
        events = [{"message": "unable to place a task"}]
        return {"services": [{"runningCount": self.running, "events": events}]}


def test_a_wake_up_ends_when_the_services_run_and_says_which_does_not() -> None:
    clock = Clock()
    wait_for_services(Ecs(comes=True), "c", [SERVICE], clock)
    assert 0 < clock.now < wake_up.LIMIT_SECONDS
    with pytest.raises(WakeUpError, match=r"server runs 0 of 2 tasks after 40 minutes\. ECS says: unable to place"):
        wait_for_services(Ecs(comes=False), "c", [SERVICE], Clock())

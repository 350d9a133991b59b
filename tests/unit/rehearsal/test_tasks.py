"""Run-once tasks are played as ECS would: states, exit codes, reasons and logs, at no cost of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rehearsal import Account, Ending, Scenario

REGION = "cn-northwest-1"


def start(account: Account, *containers: dict[str, Any]) -> str:
    """Run a task; its ARN."""
    client: Callable[[str], Any] = account.in_region(REGION)
    client("logs").create_log_group(logGroupName="tasks")
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="f", networkMode="awsvpc", cpu="256", memory="512", containerDefinitions=list(containers)
    )
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}}
    started = ecs.run_task(cluster="c", taskDefinition="f", launchType="FARGATE", networkConfiguration=network)
    return str(started["tasks"][0]["taskArn"])


def run(account: Account, *containers: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a task to its end; what describe_tasks said at each look."""
    arn, ecs = start(account, *containers), account.client("ecs", REGION)
    looks: list[dict[str, Any]] = []
    while not looks or looks[-1]["lastStatus"] != "STOPPED":
        looks.append(ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"][0])
        time.sleep(10)
    return looks


def container(name: str, **more: Any) -> dict[str, Any]:
    options = {"awslogs-group": "tasks", "awslogs-region": REGION, "awslogs-stream-prefix": name}
    return {
        "name": name,
        "image": "image",
        "essential": True,
        "logConfiguration": {"logDriver": "awslogs", "options": options},
        **more,
    }


def codes(task: dict[str, Any]) -> dict[str, int | None]:
    return {container["name"]: container.get("exitCode") for container in task["containers"]}


def test_a_task_passes_through_its_states_and_ends_well() -> None:
    with Account() as account:
        began = time.perf_counter()
        looks = run(account, container("one"))
        assert time.perf_counter() - began < account.clock.slept, "waiting must cost no real time"
    assert list(dict.fromkeys(look["lastStatus"] for look in looks)) == ["PENDING", "RUNNING", "STOPPED"]
    assert codes(looks[-1]) == {"one": 0}
    assert looks[-1]["stopCode"] == "EssentialContainerExited"


def test_a_container_that_needs_anothers_success_does_not_run_after_its_failure() -> None:
    scenario = Scenario(containers={"one": Ending(exit_code=3, logs=("boom",))})
    needs = [{"containerName": "one", "condition": "SUCCESS"}]
    with Account(scenario) as account:
        looks = run(account, container("one"), container("two", dependsOn=needs))
        stream = f"one/one/{looks[-1]['taskArn'].rpartition('/')[2]}"
        events = account.client("logs", REGION).get_log_events(logGroupName="tasks", logStreamName=stream)["events"]
    assert codes(looks[-1]) == {"one": 3, "two": None}
    assert [event["message"] for event in events] == ["boom"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "nowhere"}}}, "log group"),
        (
            {
                "secrets": [
                    {"name": "A", "valueFrom": "arn:aws-cn:secretsmanager:cn-northwest-1:123456789012:secret:a-b"}
                ]
            },
            "unable to pull secrets",
        ),
    ],
)
def test_a_task_that_names_something_missing_does_not_start(more: dict[str, Any], says: str) -> None:
    with Account() as account:
        last = run(account, container("one", **more))[-1]
    assert says in last["stoppedReason"]
    assert last["stopCode"] == "TaskFailedToStart"
    assert codes(last) == {"one": None}


def test_a_task_that_ecs_no_longer_knows_is_reported_as_missing() -> None:
    with Account() as account:
        run(account, container("one"))
        answer = account.client("ecs", REGION).describe_tasks(cluster="c", tasks=["0" * 32])
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]


def test_a_scenarios_fault_hits_exactly_the_call_that_it_names() -> None:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    from rehearsal import Fault  # noqa: PLC0415

    with Account(Scenario(fault=Fault(call=2, code="LimitExceeded"))) as account:
        sns = account.client("sns", REGION)
        sns.list_topics()
        with pytest.raises(ClientError, match="LimitExceeded"):
            sns.list_topics()
        sns.list_topics()
    assert account.calls == ["sns:ListTopics"] * 3


def test_what_has_stopped_is_listed_only_when_asked_for() -> None:
    with Account() as account:
        stopped = run(account, container("one"))[-1]["taskArn"]
        ecs = account.client("ecs", REGION)
        assert ecs.list_tasks(cluster="c")["taskArns"] == []
        assert ecs.list_tasks(cluster="c", desiredStatus="STOPPED")["taskArns"] == [stopped]


def test_time_alone_ends_a_task_also_for_the_list() -> None:
    with Account(Scenario(seconds_until_stopped=60)) as account:
        arn, ecs = start(account, container("one")), account.client("ecs", REGION)
        assert ecs.list_tasks(cluster="c")["taskArns"] == [arn]
        account.tasks.runs[arn].began -= timedelta(seconds=61)
        assert ecs.list_tasks(cluster="c")["taskArns"] == [], "nobody has looked at the task itself"
        assert ecs.list_tasks(cluster="c", desiredStatus="STOPPED")["taskArns"] == [arn]


def test_a_task_that_is_stopped_by_a_call_runs_no_container_to_its_end() -> None:
    with Account(Scenario(polls_until_stopped=10**9)) as account:
        ecs = account.client("ecs", REGION)
        arn = start(account, container("one"))
        assert ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"][0]["lastStatus"] == "PENDING"
        ecs.stop_task(cluster="c", task=arn, reason="not done after 30 minutes")
        (task,) = ecs.describe_tasks(cluster="c", tasks=[arn])["tasks"]
    assert (task["lastStatus"], task["desiredStatus"], task["stopCode"]) == ("STOPPED", "STOPPED", "UserInitiated")
    assert task["stoppedReason"] == "not done after 30 minutes"
    assert codes(task) == {"one": None}

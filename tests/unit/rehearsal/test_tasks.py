"""Run-once tasks are played as ECS would: states, exit codes, reasons and logs, at no cost of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import Account, Ending, Scenario

REGION = "cn-northwest-1"


def run(account: Account, *containers: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a task to its end; what describe_tasks said at each look."""
    client: Callable[[str], Any] = account.in_region(REGION)
    client("logs").create_log_group(logGroupName="tasks")
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    definition = ecs.register_task_definition(
        family="f", networkMode="awsvpc", cpu="256", memory="512", containerDefinitions=list(containers)
    )["taskDefinition"]["taskDefinitionArn"]
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    network = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}}
    started = ecs.run_task(cluster="c", taskDefinition=definition, launchType="FARGATE", networkConfiguration=network)
    looks: list[dict[str, Any]] = []
    while not looks or looks[-1]["lastStatus"] != "STOPPED":
        looks.append(ecs.describe_tasks(cluster="c", tasks=[started["tasks"][0]["taskArn"]])["tasks"][0])
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

"""run_task.py: a run-once task is started, found again, waited for, and its end is explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from components.dynamic.run_task import RunRequest, run_to_end
from components.dynamic.task_failure import TaskFailedError

TASK = "arn:aws-cn:ecs:cn-northwest-1:123456789012:task/cvat/0123456789abcdef"
REQUEST = RunRequest(
    cluster="cvat",
    task_definition="cvat-init:7",
    subnets=["subnet-1"],
    security_groups=["sg-1"],
    log_group="logs-init",
    started_by="cvat-mark",
    timeout_seconds=60,
)
SEARCH = {"cluster": "cvat", "startedBy": "cvat-mark"}
RUN = {
    "cluster": "cvat",
    "taskDefinition": "cvat-init:7",
    "launchType": "FARGATE",
    "startedBy": "cvat-mark",
    "count": 1,
    "networkConfiguration": {
        "awsvpcConfiguration": {
            "subnets": ["subnet-1"],
            "securityGroups": ["sg-1"],
            "assignPublicIp": "DISABLED",
        }
    },
}
"""In private subnets: a public address would need another route, and the policy pack forbids it."""
WATCH = {"cluster": "cvat", "tasks": [TASK]}


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Cloud:
    """ECS and CloudWatch Logs that answer from a script; nothing outside the script is answered."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self._clients = {name: boto3.client(name, region_name="cn-northwest-1", **keys) for name in ("ecs", "logs")}
        self.ecs, self.logs = (Stubber(self._clients[name]) for name in ("ecs", "logs"))
        self.asked = 0

    def client(self, service: str) -> Any:
        self.asked += 1
        return self._clients[service]

    def found(self, *tasks: str) -> None:
        self.ecs.add_response("list_tasks", {"taskArns": list(tasks)}, SEARCH)

    def started(self) -> None:
        self.found()
        self.ecs.add_response("run_task", {"tasks": [{"taskArn": TASK}], "failures": []}, RUN)

    def seen(self, status: str, *containers: dict[str, Any], **more: Any) -> None:
        task = {"taskArn": TASK, "lastStatus": status, "containers": list(containers), **more}
        self.ecs.add_response("describe_tasks", {"tasks": [task], "failures": []}, WATCH)

    def lost_poll(self, code: str) -> None:
        self.ecs.add_client_error("describe_tasks", code)

    def wrote(self, container: str, *lines: str) -> None:
        self.logs.add_response(
            "get_log_events",
            {"events": [{"message": line} for line in lines]},
            {
                "logGroupName": "logs-init",
                "logStreamName": f"{container}/{container}/0123456789abcdef",
                "limit": 40,
            },
        )

    def run(self, clock: FakeClock | None = None) -> str:
        return run_to_end(REQUEST, self.client, clock or FakeClock())

    def fails(self) -> str:
        with pytest.raises(TaskFailedError) as raised:
            self.run()
        return str(raised.value)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    made = Cloud()
    with made.ecs, made.logs:
        yield made
        made.ecs.assert_no_pending_responses()
        made.logs.assert_no_pending_responses()


def test_a_task_whose_containers_end_with_0_has_succeeded(cloud: Cloud) -> None:
    cloud.started()
    cloud.seen("PENDING")
    cloud.seen("RUNNING")
    cloud.seen("STOPPED", {"name": "init", "exitCode": 0}, {"name": "copy-demo", "exitCode": 0})
    assert cloud.run() == TASK


def test_a_task_that_ends_before_the_first_poll_counts_like_any_other(cloud: Cloud) -> None:
    cloud.started()
    cloud.seen("STOPPED", {"name": "init", "exitCode": 0})
    assert cloud.run() == TASK


def test_a_task_that_an_interrupted_update_left_running_is_waited_for_and_no_second_one_started(cloud: Cloud) -> None:
    cloud.found(TASK)
    cloud.seen("STOPPED", {"name": "init", "exitCode": 0})
    assert cloud.run() == TASK


@pytest.mark.parametrize("code", ["ThrottlingException", "ServerException", "ExpiredTokenException"])
def test_a_lost_poll_is_followed_by_another_with_fresh_credentials(cloud: Cloud, code: str) -> None:
    cloud.started()
    cloud.lost_poll(code)
    cloud.seen("STOPPED", {"name": "init", "exitCode": 0})
    assert cloud.run() == TASK
    assert cloud.asked == 4, "each call takes a client of its own, which reads renewed credentials"


def test_a_broken_connection_is_a_lost_poll_too(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.started()
    cloud.seen("STOPPED", {"name": "init", "exitCode": 0})
    ecs, broken = cloud.client("ecs"), iter([True])
    real = ecs.describe_tasks

    def describe(**arguments: Any) -> Any:
        if next(broken, False):
            raise EndpointConnectionError(endpoint_url="https://ecs")
        return real(**arguments)

    monkeypatch.setattr(ecs, "describe_tasks", describe)
    assert cloud.run() == TASK


def test_waiting_ends_at_once_where_watching_is_not_allowed(cloud: Cloud) -> None:
    cloud.started()
    cloud.lost_poll("AccessDeniedException")
    assert "may not be watched" in cloud.fails()


def test_an_exit_code_is_reported_with_the_log_of_its_container(cloud: Cloud) -> None:
    cloud.started()
    cloud.seen("STOPPED", {"name": "copy-demo", "reason": "dependency"}, {"name": "init", "exitCode": 1})
    cloud.wrote("init", "Applying engine.0041...", "django.db.utils.ProgrammingError: no such column")
    text = cloud.fails()
    assert "Container init ended with exit code 1" in text, "the container at fault, not the one that waited for it"
    assert text.endswith("    Applying engine.0041...\n    django.db.utils.ProgrammingError: no such column")


def test_a_failure_is_reported_even_where_its_log_cannot_be_read(cloud: Cloud) -> None:
    cloud.started()
    cloud.seen("STOPPED", {"name": "init", "exitCode": 3})
    cloud.logs.add_client_error("get_log_events", "ResourceNotFoundException")
    assert "exit code 3" in cloud.fails()


@pytest.mark.parametrize(
    ("container", "more", "said"),
    [
        ({"exitCode": 137, "reason": "OutOfMemoryError: Container killed"}, {}, "ran out of memory"),
        ({"exitCode": 137, "reason": "Killed: its memory limit"}, {}, "ran out of memory"),
        ({"exitCode": 137, "reason": "Killed by its user"}, {}, "ended with exit code 137"),
        ({"reason": "CannotPullContainerError: pull image manifest"}, {}, "image cannot be pulled"),
        (
            {},
            {"stoppedReason": "ResourceInitializationError: unable to pull secrets or registry auth"},
            "secret cannot be read",
        ),
        ({}, {"stoppedReason": "ResourceInitializationError: failed to invoke EFS utils"}, "file system cannot"),
        ({}, {"stoppedReason": "Capacity is unavailable at this time"}, "no capacity"),
        ({}, {"stoppedReason": "by the operator", "stopCode": "UserInitiated"}, "The task was stopped by hand"),
        ({}, {"stoppedReason": "something new"}, "stopped before its containers had run (something new)"),
    ],
)
def test_every_other_end_has_its_own_message(
    cloud: Cloud, container: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    cloud.started()
    cloud.seen("STOPPED", {"name": "init", **container}, **more)
    cloud.wrote("init")
    assert said in cloud.fails()


def test_a_task_that_ecs_refuses_to_start_says_why(cloud: Cloud) -> None:
    cloud.found()
    cloud.ecs.add_response("run_task", {"tasks": [], "failures": [{"reason": "Capacity is unavailable"}]})
    assert "ECS did not start the task: Capacity is unavailable" in cloud.fails()


def test_a_task_that_ecs_has_forgotten_is_not_taken_for_a_success(cloud: Cloud) -> None:
    cloud.started()
    cloud.ecs.add_response("describe_tasks", {"tasks": [], "failures": [{"reason": "MISSING"}]}, WATCH)
    assert "its end is unknown" in cloud.fails()


def test_a_task_that_does_not_end_is_stopped_at_the_deadline(cloud: Cloud) -> None:
    cloud.started()
    for _ in range(12):
        cloud.seen("RUNNING")
    cloud.ecs.add_response(
        "stop_task", {"task": {}}, {"cluster": "cvat", "task": TASK, "reason": "not done after 1 minutes"}
    )
    assert "had not ended after 1 minutes" in cloud.fails()


def test_a_task_that_cannot_be_stopped_either_is_named_with_what_follows(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.started()
    ecs = cloud.client("ecs")

    def lost(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://ecs")

    monkeypatch.setattr(ecs, "describe_tasks", lost)
    monkeypatch.setattr(ecs, "stop_task", lost)
    sentence = cloud.fails()
    assert (
        f"The task {TASK} had not ended after 1 minutes, as far as could be seen, and could not be stopped" in sentence
    )
    assert "the next `pulumi up` waits for it" in sentence

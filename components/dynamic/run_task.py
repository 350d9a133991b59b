"""Run a Fargate task once and wait for its end. Plain functions with injected clients: no Pulumi."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from components.dynamic.task_failure import TaskFailedError, why_it_failed

_POLL_SECONDS = 5.0
_LOG_LINES = 40
_REFUSED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "ClusterNotFoundException"})
"""Errors that no waiting mends. All others are taken as passing: a deployment outlives a lost poll."""


class Clock(Protocol):
    """Time, replaceable in tests."""

    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What to run, and where."""

    cluster: str
    task_definition: str
    """ARN with revision."""
    subnets: Sequence[str]
    security_groups: Sequence[str]
    log_group: str
    started_by: str
    """Marks the task as this deployment's, so that an interrupted one is found again; 36 characters at most."""
    timeout_seconds: float


Clients = Callable[[str], Any]
"""Makes a boto3 client for a service, with fresh credentials each time."""


def run_to_end(request: RunRequest, clients: Clients, clock: Clock = time) -> str:
    """Run the task, or find the one that an interrupted deployment left running; returns its ARN once it succeeded.

    Raises TaskFailedError, whose text says what went wrong and shows the log of the container at fault.
    """
    deadline = clock.time() + request.timeout_seconds
    task_arn = _running(request, clients) or _start(request, clients)
    task = _wait(request, task_arn, clients, clock, deadline)
    failure = why_it_failed(task, lambda container: log_tail(request.log_group, task_arn, container, clients))
    if failure:
        raise TaskFailedError(failure)
    return task_arn


def _running(request: RunRequest, clients: Clients) -> str | None:
    # ECS takes startedBy as the only filter; without a status it lists the tasks that are to run.
    found = clients("ecs").list_tasks(cluster=request.cluster, startedBy=request.started_by)["taskArns"]
    return str(found[0]) if found else None


def _start(request: RunRequest, clients: Clients) -> str:
    answer = clients("ecs").run_task(
        cluster=request.cluster,
        taskDefinition=request.task_definition,
        launchType="FARGATE",
        startedBy=request.started_by,
        count=1,
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": list(request.subnets),
                "securityGroups": list(request.security_groups),
                "assignPublicIp": "DISABLED",
            }
        },
    )
    if answer.get("failures"):
        reasons = "; ".join(failure.get("reason", "no reason given") for failure in answer["failures"])
        raise TaskFailedError(
            f"ECS did not start the task: {reasons}. If capacity is short, run `pulumi up` again later; "
            "the quota is Fargate's vCPU count of the region."
        )
    return str(answer["tasks"][0]["taskArn"])


def _wait(request: RunRequest, task_arn: str, clients: Clients, clock: Clock, deadline: float) -> Mapping[str, Any]:
    """The task as it stopped."""
    while clock.time() < deadline:
        task = _describe(request.cluster, task_arn, clients)
        if task and task.get("lastStatus") == "STOPPED":
            return task
        clock.sleep(_POLL_SECONDS)
    minutes = request.timeout_seconds / 60
    clients("ecs").stop_task(cluster=request.cluster, task=task_arn, reason=f"not done after {minutes:.0f} minutes")
    raise TaskFailedError(
        f"The task was stopped because it had not ended after {minutes:.0f} minutes. "
        f"Its log is in {request.log_group}; cvat:initTimeoutMinutes gives it more time."
    )


def _describe(cluster: str, task_arn: str, clients: Clients) -> Mapping[str, Any] | None:
    """The task, or None where this poll was lost."""
    try:
        answer = clients("ecs").describe_tasks(cluster=cluster, tasks=[task_arn])
    except ClientError as error:
        if error.response["Error"]["Code"] in _REFUSED:
            raise TaskFailedError(
                f"The task was started, but may not be watched: {error}. Allow it and run again."
            ) from error
        return None
    except BotoCoreError:
        return None
    if answer.get("failures"):
        raise TaskFailedError(
            f"ECS knows nothing of {task_arn} any more, so its end is unknown. Run `pulumi up` again."
        )
    return dict(answer["tasks"][0]) if answer["tasks"] else None


def log_tail(log_group: str, task_arn: str, container: str, clients: Clients) -> list[str]:
    """The last lines that a container wrote; none where it wrote nothing."""
    stream = f"{container}/{container}/{task_arn.rpartition('/')[2]}"
    try:
        events = clients("logs").get_log_events(logGroupName=log_group, logStreamName=stream, limit=_LOG_LINES)
    except (ClientError, BotoCoreError):
        return []
    return [str(event["message"]) for event in events["events"]]

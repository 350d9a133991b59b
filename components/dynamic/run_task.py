"""Runs a Fargate task once and waits for its end. Plain functions with injected clients: no Pulumi."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from components.dynamic.task_failure import TaskFailedError, task_failure

_POLL_SECONDS = 5.0
_LOG_LINES = 40
_REFUSED = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "ClusterNotFoundException"})
"""Errors that do not pass by themselves. All others are tolerated: a deployment survives a failed poll."""


class Clock(Protocol):
    """Time, replaceable in tests."""

    def time(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """A task to run, and its network."""

    cluster: str
    task_definition: str
    """ARN with revision."""
    subnets: Sequence[str]
    security_groups: Sequence[str]
    log_group: str
    started_by: str
    """Mark by which the task of an interrupted deployment is found again; 36 characters at most."""
    timeout_seconds: float


Clients = Callable[[str], Any]
"""Creates a boto3 client for a service, with fresh credentials each time."""


def run_to_end(request: RunRequest, clients: Clients, clock: Clock = time) -> str:
    """Run the task, or wait for the one that an interrupted deployment has started; returns its ARN once it succeeded.

    Raises TaskFailedError, whose message has the reason and the log of the failed container.
    """
    deadline = clock.time() + request.timeout_seconds
    task_arn = _running(request, clients) or _start(request, clients)
    task = _wait(request, task_arn, clients, clock, deadline)
    failure = task_failure(task, lambda container: log_tail(request.log_group, task_arn, container, clients))
    if failure:
        raise TaskFailedError(failure)
    return task_arn


def _running(request: RunRequest, clients: Clients) -> str | None:
    # ECS takes no other filter beside startedBy; without a status it lists the tasks whose desired status is RUNNING.
    task_arns = clients("ecs").list_tasks(cluster=request.cluster, startedBy=request.started_by)["taskArns"]
    return str(task_arns[0]) if task_arns else None


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
    """The task, once it has stopped. Stops it at the deadline, and raises TaskFailedError."""
    while clock.time() < deadline:
        task = _describe(request.cluster, task_arn, clients)
        if task and task.get("lastStatus") == "STOPPED":
            return task
        clock.sleep(_POLL_SECONDS)
    minutes = request.timeout_seconds / 60
    try:
        clients("ecs").stop_task(cluster=request.cluster, task=task_arn, reason=f"not done after {minutes:.0f} minutes")
    except (BotoCoreError, ClientError) as error:
        raise TaskFailedError(
            f"The task {task_arn} had not ended after {minutes:.0f} minutes, as far as could be seen, and could not be "
            f"stopped: {error} Where it still runs, the next `pulumi up` waits for it; its log is in "
            f"{request.log_group}."
        ) from error
    raise TaskFailedError(
        f"The task was stopped because it had not ended after {minutes:.0f} minutes. "
        f"Its log is in {request.log_group}; cvat:initTimeoutMinutes gives it more time."
    )


def _describe(cluster: str, task_arn: str, clients: Clients) -> Mapping[str, Any] | None:
    """The task; None where the poll failed."""
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
    """The last lines of a container's log; empty where there is none."""
    stream = f"{container}/{container}/{task_arn.rpartition('/')[2]}"
    try:
        events = clients("logs").get_log_events(logGroupName=log_group, logStreamName=stream, limit=_LOG_LINES)
    except (ClientError, BotoCoreError):
        return []
    return [str(event["message"]) for event in events["events"]]

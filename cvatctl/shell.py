"""`shell`: a shell in a running task, by ECS Exec."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvatctl.clients import Clients
from cvatctl.errors import ProblemError
from cvatctl.outputs import Outputs

_PLUGIN = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)


@dataclass(frozen=True)
class Session:
    """A command that opens the shell; it replaces this process."""

    command: Sequence[str]


def prepare(outputs: Outputs, clients: Clients, kind: str, container: str | None, command: str) -> Session:
    """Check all that ECS Exec needs, and say which command opens the shell.

    Raises ProblemError with the remedy for the first thing that is missing.
    """
    service = outputs.service(kind)
    _check_tools()
    _check_enabled(outputs, clients, service)
    task = _running_task(outputs, clients, service, kind)
    chosen = _container(task, container)
    return Session(
        ("aws", "ecs", "execute-command", "--region", outputs.region, "--cluster", outputs.cluster,
         "--task", task["taskArn"], "--container", chosen, "--interactive", "--command", command)
    )  # fmt: skip


def become(session: Session, profile: str | None) -> None:
    """Replace this process by the session. Does not return."""
    environment = {**os.environ, **({"AWS_PROFILE": profile} if profile else {})}
    os.execvpe(session.command[0], list(session.command), environment)  # noqa: S606  (no shell, fixed program)


def _check_tools() -> None:
    if shutil.which("aws") is None:
        raise ProblemError("The AWS CLI was not found, and the shell is opened by it. Install version 2 of it.")
    if shutil.which("session-manager-plugin") is None:
        raise ProblemError(
            f"The AWS CLI's session-manager-plugin was not found, and ECS Exec needs it. Install it: {_PLUGIN}"
        )


def _check_enabled(outputs: Outputs, clients: Clients, service: str) -> None:
    found = clients("ecs").describe_services(cluster=outputs.cluster, services=[service])["services"]
    if not found:
        raise ProblemError(f"ECS has no service {service} in cluster {outputs.cluster}. Run `pulumi up`.")
    if not found[0].get("enableExecuteCommand"):
        raise ProblemError(
            f"ECS Exec is switched off for {service}. Switch it on with `pulumi config set cvat:enableExec true` and "
            "`pulumi up`, which replaces the tasks, and switch it off when you are done: a shell sees every secret."
        )


def _running_task(outputs: Outputs, clients: Clients, service: str, kind: str) -> Mapping[str, Any]:
    """The newest running task."""
    ecs = clients("ecs")
    arns = ecs.list_tasks(cluster=outputs.cluster, serviceName=service, desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster=outputs.cluster, tasks=arns)["tasks"] if arns else []
    running = [task for task in tasks if task.get("lastStatus") == "RUNNING"]
    if not running:
        raise ProblemError(f"No task of {kind} is running at present. See why: cvatctl status; cvatctl logs {kind}")
    newest: Mapping[str, Any] = max(running, key=lambda task: str(task.get("startedAt", "")))
    return newest


def _container(task: Mapping[str, Any], wanted: str | None) -> str:
    containers = {one["name"]: one for one in task["containers"]}
    if wanted is None:
        wanted = next(iter(containers))
    if wanted not in containers:
        raise ProblemError(f"The task has no container '{wanted}'. It has: {', '.join(containers)}.")
    agents = [one for one in containers[wanted].get("managedAgents", []) if one["name"] == "ExecuteCommandAgent"]
    stopped = [one for one in agents if one.get("lastStatus") != "RUNNING"]
    if stopped:
        raise ProblemError(
            f"The exec agent in container {wanted} is {stopped[0].get('lastStatus')} "
            f"({stopped[0].get('reason', 'no reason given')}). Check that the subnets reach Systems Manager "
            "(interface endpoint ssmmessages, or NAT), or have the task replaced."
        )
    return wanted

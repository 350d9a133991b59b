"""`shell`: a shell in a running task, by ECS Exec."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import click

from cvatctl.aws_clients import Clients
from cvatctl.command import OK, StackOptions, operator_command, stack_options
from cvatctl.errors import CommandError
from cvatctl.stack_outputs import StackOutputs

_PLUGIN = (
    "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
)


def prepare(
    outputs: StackOutputs, clients: Clients, service: str, container: str | None, shell_command: str
) -> Sequence[str]:
    """The command that opens the shell. Raises CommandError for the first prerequisite of ECS Exec that is missing."""
    ecs_service = outputs.service(service)
    _check_tools()
    _check_enabled(outputs, clients, ecs_service)
    task = _newest_task(outputs, clients, ecs_service, service)
    return [
        *("aws", "ecs", "execute-command", "--region", outputs.region, "--cluster", outputs.cluster),
        *("--task", task["taskArn"], "--container", _container(task, container)),
        *("--interactive", "--command", shell_command),
    ]


def become(words: Sequence[str], profile: str | None) -> None:
    """Replaces this process by the command. Does not return."""
    environment = {**os.environ, **({"AWS_PROFILE": profile} if profile else {})}
    os.execvpe(words[0], list(words), environment)  # noqa: S606  (no shell, fixed program)


def _check_tools() -> None:
    if shutil.which("aws") is None:
        raise CommandError("The AWS CLI was not found, and it opens the shell. Install its version 2.")
    if shutil.which("session-manager-plugin") is None:
        raise CommandError(
            f"The AWS CLI's session-manager-plugin was not found, and ECS Exec needs it. Install it: {_PLUGIN}"
        )


def _check_enabled(outputs: StackOutputs, clients: Clients, service: str) -> None:
    services = clients("ecs").describe_services(cluster=outputs.cluster, services=[service])["services"]
    if not services:
        raise CommandError(f"ECS has no service {service} in cluster {outputs.cluster}. Run `pulumi up`.")
    if not services[0].get("enableExecuteCommand"):
        raise CommandError(
            f"ECS Exec is switched off for {service}. Switch it on with `pulumi config set cvat:enableExec true` and "
            "`pulumi up`, which replaces the tasks, and switch it off when you are done: a shell sees every secret."
        )


def _newest_task(outputs: StackOutputs, clients: Clients, ecs_service: str, service: str) -> Mapping[str, Any]:
    """The newest running task."""
    ecs = clients("ecs")
    arns = ecs.list_tasks(cluster=outputs.cluster, serviceName=ecs_service, desiredStatus="RUNNING")["taskArns"]
    tasks = ecs.describe_tasks(cluster=outputs.cluster, tasks=arns)["tasks"] if arns else []
    running = [task for task in tasks if task.get("lastStatus") == "RUNNING"]
    if not running:
        raise CommandError(
            f"No task of {service} is running at present. See why: cvatctl status; cvatctl logs {service}"
        )
    newest: Mapping[str, Any] = max(running, key=lambda task: str(task.get("startedAt", "")))
    return newest


def _container(task: Mapping[str, Any], name: str | None) -> str:
    """The container of that name, or the first one."""
    containers = {container["name"]: container for container in task["containers"]}
    if name is None:
        name = next(iter(containers))
    if name not in containers:
        raise CommandError(f"The task has no container '{name}'. It has: {', '.join(containers)}.")
    agents = [agent for agent in containers[name].get("managedAgents", []) if agent["name"] == "ExecuteCommandAgent"]
    stopped = [agent for agent in agents if agent.get("lastStatus") != "RUNNING"]
    if stopped:
        raise CommandError(
            f"The exec agent in container {name} is {stopped[0].get('lastStatus')} "
            f"({stopped[0].get('reason', 'no reason given')}). Check that the subnets reach Systems Manager "
            "(interface endpoint ssmmessages, or NAT), or have the task replaced."
        )
    return name


@operator_command("shell")
@click.argument("service")
@click.argument("container", required=False)
@click.option("--command", "shell_command", default="/bin/bash", metavar="COMMAND", show_default=True)
@stack_options
def command(options: StackOptions, service: str, container: str | None, shell_command: str) -> int:
    """Opens a shell in the newest running task of SERVICE, by ECS Exec.

    SERVICE: server, ui, gateway or scheduler; of release c48411ae also worker and annotation-worker, of v2 chunks,
    import, export, annotation and rest. CONTAINER: the task's first, by default. Needs cvat:enableExec, the AWS CLI and
    its session-manager-plugin. For Django: --command 'python3 /home/django/manage.py shell', of v2 --command
    'python3 -m django shell'.
    """
    outputs, clients = options.open()
    become(prepare(outputs, clients, service, container, shell_command), options.profile)
    return OK

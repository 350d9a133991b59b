"""Runs the tasks that a program starts on ECS: PENDING, RUNNING, STOPPED, with exit codes, reasons and logs.

moto starts a task with one container, never gives it an exit code and writes no logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

from moto.ecs.models import EC2ContainerServiceBackend
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.logs.models import logs_backends
from moto.secretsmanager.models import secretsmanager_backends

from rehearsal.aws.faults import Ending, Scenario

SECRET_ARN = re.compile(r"^(arn:[a-z-]+:secretsmanager:[^:]+:\d+:secret:[^:]+)(:.*)?$")


class TaskRun:
    """The course of one task."""

    def __init__(self, task: Any, definition: Any, scenario: Scenario) -> None:
        self.task = task
        self.definitions: list[dict[str, Any]] = definition.container_definitions
        self.scenario = scenario
        self.polls = 0
        self.began = datetime.now(UTC)
        self.obstacle = scenario.stopped_before_running
        """Why its containers cannot start; empty: they can."""
        self.endings: dict[str, Ending] = {}
        """By container name, of those that have ended."""

    @property
    def status(self) -> str:
        """ECS's lastStatus after so many polls, or seconds where the scenario counts those."""
        if self.task.desired_status == "STOPPED":
            return "STOPPED"
        if self.scenario.seconds_until_stopped:
            passed = (datetime.now(UTC) - self.began).total_seconds()
            if passed >= self.scenario.seconds_until_stopped:
                return "STOPPED"
            running = passed >= self.scenario.seconds_until_running and not self.obstacle
            return "RUNNING" if running else "PENDING"
        if self.polls >= self.scenario.polls_until_stopped:
            return "STOPPED"
        if self.polls > self.scenario.polls_until_running and not self.obstacle:
            return "RUNNING"
        return "PENDING"

    def description(self) -> dict[str, Any]:
        """The task as describe_tasks answers."""
        stopped = self.status == "STOPPED"
        task = {
            "taskArn": self.task.task_arn,
            "clusterArn": self.task.cluster_arn,
            "taskDefinitionArn": self.task.task_definition_arn,
            "lastStatus": self.status,
            "desiredStatus": self.task.desired_status,
            "launchType": self.task.launch_type or "FARGATE",
            "group": self.task.group,
            "startedBy": self.task.started_by,
            "attachments": self.task.attachments,
            "tags": self.task.tags,
            "containers": [self._container(definition, stopped) for definition in self.definitions],
        }
        if stopped:
            task["stopCode"] = self.scenario.stop_code or self._stop_code()
            reason = self.obstacle or self._reason() or self.task.stopped_reason
            task["stoppedReason"] = reason or "Essential container in task exited"
        return task

    def _stop_code(self) -> str:
        if not self.obstacle and not self.endings:
            return "UserInitiated"  # by StopTask
        failed = self.obstacle or any(ending.exit_code is None for ending in self.endings.values())
        return "TaskFailedToStart" if failed else "EssentialContainerExited"

    def _reason(self) -> str:
        reasons = [ending.reason for ending in self.endings.values() if ending.exit_code is None and ending.reason]
        return reasons[0] if reasons else ""

    def _container(self, definition: dict[str, Any], stopped: bool) -> dict[str, Any]:
        name = definition["name"]
        container = {
            "containerArn": f"{self.task.task_arn.replace(':task/', ':container/')}/{name}",
            "taskArn": self.task.task_arn,
            "name": name,
            "image": definition.get("image", ""),
            "lastStatus": self.status,
        }
        ending = self.endings.get(name)
        if stopped and ending is not None:
            if ending.exit_code is not None:
                container["exitCode"] = ending.exit_code
            if ending.reason:
                container["reason"] = ending.reason
        return container

    def settle(self) -> None:
        """Let a task that has come to its end, and was not stopped before it, be stopped for ECS's lists, too."""
        if self.task.desired_status == "STOPPED" or self.status != "STOPPED":
            return
        if not self.obstacle:
            self._run_containers()
        self.task.desired_status = "STOPPED"

    def _run_containers(self) -> None:
        """Ends all containers, in the order of their dependencies."""
        waiting = list(self.definitions)
        while waiting:
            ready = [
                definition
                for definition in waiting
                if all(dependency in self.endings for dependency in _dependencies(definition))
            ] or waiting
            for definition in ready:
                waiting.remove(definition)
                self.endings[definition["name"]] = self._run(definition)

    def _run(self, definition: dict[str, Any]) -> Ending:
        for dependency, condition in _dependencies(definition).items():
            ending = self.endings.get(dependency)
            if condition == "SUCCESS" and (ending is None or ending.exit_code != 0):
                return Ending(exit_code=None)
        name = definition["name"]
        ending = self.scenario.containers.get(name, Ending(logs=(f"{name} is done",)))
        if ending.exit_code is not None:
            self._log(definition, ending.logs)
        return ending

    def _log(self, definition: dict[str, Any], lines: tuple[str, ...]) -> None:
        options = definition.get("logConfiguration", {}).get("options", {})
        if "awslogs-group" not in options:
            return
        region = options.get("awslogs-region", self.task.region_name)
        stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{definition['name']}/{self.task.id}"
        group = logs_backends[_account(self.task)][region].groups[options["awslogs-group"]]
        group.create_log_stream(stream)
        now = int(datetime.now(UTC).timestamp() * 1000)  # moto refuses lines from the future of our clock
        events = [{"timestamp": now + offset, "message": line} for offset, line in enumerate(lines)]
        group.put_log_events(stream, events)


class TaskRunner:
    """All task runs of an account."""

    def __init__(self, scenario: Callable[[], Scenario]) -> None:
        """`scenario` gives the one that holds for a task that begins."""
        self._scenario = scenario
        self.runs: dict[str, TaskRun] = {}
        """By ARN, of the tasks that were run; tasks of services have none."""

    def begin(self, task: Any, backend: Any) -> None:
        """A task that moto has started."""
        run = TaskRun(task, backend.describe_task_definition(task.task_definition_arn), self._scenario())
        self.runs[task.task_arn] = run
        run.obstacle = run.obstacle or _obstacle(run)

    def poll(self, task: Any) -> dict[str, Any]:
        """A task as describe_tasks answers; the last poll ends it."""
        run = self.runs.get(task.task_arn)
        if run is None:  # a task of a service, not one that was run
            return {"taskArn": task.task_arn, "lastStatus": task.last_status}
        run.polls += 1
        run.settle()
        return run.description()


def _obstacle(run: TaskRun) -> str:
    """What keeps ECS from starting the containers: a missing log group or secret."""
    account, region = _account(run.task), run.task.region_name
    for definition in run.definitions:
        group = definition.get("logConfiguration", {}).get("options", {}).get("awslogs-group")
        if group and group not in logs_backends[account][region].groups:
            return (
                "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon "
                f"CloudWatch log group defined in the task definition: {group}"
            )
        for secret in definition.get("secrets", []):
            if not _secret_exists(secret["valueFrom"], account, region):
                return (
                    "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve "
                    f"secret from asm: ResourceNotFoundException: {secret['valueFrom']}"
                )
    return ""


def _secret_exists(value_from: str, account: str, region: str) -> bool:
    match = SECRET_ARN.match(value_from)
    secrets = secretsmanager_backends[account][region].secrets.values()
    return match is None or any(match.group(1) == secret.arn for secret in secrets)


def _account(task: Any) -> str:
    return str(task.task_arn.split(":")[4])


def _dependencies(definition: dict[str, Any]) -> dict[str, str]:
    """Condition by the name of the container that must meet it first."""
    return {dependency["containerName"]: dependency["condition"] for dependency in definition.get("dependsOn", [])}


@contextmanager
def running(scenario: Callable[[], Scenario]) -> Iterator[TaskRunner]:
    """Until the block ends, tasks that ECS runs take their course."""
    runner = TaskRunner(scenario)
    run, list_tasks = EC2ContainerServiceBackend.run_task, EC2ContainerServiceBackend.list_tasks
    describe = EC2ContainerServiceResponse.describe_tasks

    def run_task(backend: Any, *args: Any, **kwargs: Any) -> list[Any]:
        tasks = run(backend, *args, **kwargs)
        for task in tasks:
            runner.begin(task, backend)
        return tasks

    def list_settled(backend: Any, *args: Any, **kwargs: Any) -> list[Any]:
        for task_run in runner.runs.values():
            task_run.settle()
        return list_tasks(backend, *args, **kwargs)

    def describe_tasks(response: Any) -> Any:
        answer: Any = describe(response)
        answer.result["tasks"] = [runner.poll(task) for task in answer.result["tasks"]]
        known = {task["taskArn"].split("/")[-1] for task in answer.result["tasks"]}
        answer.result["failures"] = [
            {"arn": arn, "reason": "MISSING"}
            for arn in response._get_param("tasks", [])
            if arn.split("/")[-1] not in known
        ]
        return answer

    with (
        mock.patch.object(EC2ContainerServiceBackend, "run_task", run_task),
        mock.patch.object(EC2ContainerServiceBackend, "list_tasks", list_settled),
        mock.patch.object(EC2ContainerServiceResponse, "describe_tasks", describe_tasks),
    ):
        yield runner

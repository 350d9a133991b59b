"""Plays the tasks that the program runs on ECS: PENDING, RUNNING, STOPPED, with exit codes, reasons and logs.

moto starts a task with one container, never gives it an exit code and writes no logs; see `bridges` for why that
has to be shown by a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

from rehearsal.aws.faults import Ending, Scenario

if TYPE_CHECKING:
    from rehearsal.aws.account import Account

SECRET_ARN = re.compile(r"^(arn:[a-z-]+:secretsmanager:[^:]+:\d+:secret:[^:]+)(:.*)?$")


class Play:
    """One task on the stage."""

    def __init__(self, task: Any, definition: Any, scenario: Scenario) -> None:
        self.task = task
        self.definitions: list[dict[str, Any]] = definition.container_definitions
        self.scenario = scenario
        self.polls = 0
        self.obstacle = scenario.stopped_before_running
        self.endings: dict[str, Ending] = {}

    @property
    def status(self) -> str:
        """ECS's lastStatus after so many looks."""
        if self.polls >= self.scenario.polls_until_stopped:
            return "STOPPED"
        if self.polls > self.scenario.polls_until_running and not self.obstacle:
            return "RUNNING"
        return "PENDING"

    def show(self) -> dict[str, Any]:
        """The task as describe_tasks answers."""
        stopped = self.status == "STOPPED"
        shown = {
            "taskArn": self.task.task_arn,
            "clusterArn": self.task.cluster_arn,
            "taskDefinitionArn": self.task.task_definition_arn,
            "lastStatus": self.status,
            "desiredStatus": "STOPPED" if stopped else "RUNNING",
            "launchType": self.task.launch_type or "FARGATE",
            "group": self.task.group,
            "startedBy": self.task.started_by,
            "attachments": self.task.attachments,
            "tags": self.task.tags,
            "containers": [self._container(one, stopped) for one in self.definitions],
        }
        if stopped:
            failed = self.obstacle or any(ending.exit_code is None for ending in self.endings.values())
            shown["stopCode"] = self.scenario.stop_code or (
                "TaskFailedToStart" if failed else "EssentialContainerExited"
            )
            shown["stoppedReason"] = self.obstacle or self._reason() or "Essential container in task exited"
        return shown

    def _reason(self) -> str:
        return next((one.reason for one in self.endings.values() if one.exit_code is None and one.reason), "")

    def _container(self, definition: dict[str, Any], stopped: bool) -> dict[str, Any]:
        name = definition["name"]
        shown = {
            "containerArn": f"{self.task.task_arn.replace(':task/', ':container/')}/{name}",
            "taskArn": self.task.task_arn,
            "name": name,
            "image": definition.get("image", ""),
            "lastStatus": self.status,
        }
        ending = self.endings.get(name)
        if stopped and ending is not None:
            if ending.exit_code is not None:
                shown["exitCode"] = ending.exit_code
            if ending.reason:
                shown["reason"] = ending.reason
        return shown


class Stage:
    """All plays of an account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.plays: dict[str, Play] = {}

    def begin(self, task: Any, backend: Any) -> None:
        """Put a task that moto has started on the stage."""
        definition = backend.describe_task_definition(task.task_definition_arn)
        play = Play(task, definition, self.account.scenario)
        self.plays[task.task_arn] = play
        play.obstacle = play.obstacle or self._obstacle(play, task.region_name)

    def look(self, task: Any) -> dict[str, Any]:
        """One poll of describe_tasks; the last one ends the play."""
        play = self.plays.get(task.task_arn)
        if play is None:  # a task of a service, not one that was run
            return {"taskArn": task.task_arn, "lastStatus": task.last_status}
        play.polls += 1
        if play.status == "STOPPED" and not play.obstacle and not play.endings:
            self._end(play)
        return play.show()

    def _obstacle(self, play: Play, region: str) -> str:
        """What keeps ECS from starting the containers: a missing log group, secret or image."""
        for container in play.definitions:
            group = container.get("logConfiguration", {}).get("options", {}).get("awslogs-group")
            if group and group not in self._backend("logs", region).groups:
                return (
                    "ResourceInitializationError: failed to validate logger args: The task cannot find the Amazon "
                    f"CloudWatch log group defined in the task definition: {group}"
                )
            for secret in container.get("secrets", []):
                if not self._secret_exists(secret["valueFrom"], region):
                    return (
                        "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve "
                        f"secret from asm: ResourceNotFoundException: {secret['valueFrom']}"
                    )
        return ""

    def _secret_exists(self, value_from: str, region: str) -> bool:
        found = SECRET_ARN.match(value_from)
        store = self._backend("secretsmanager", region).secrets
        return found is None or any(found.group(1) == secret.arn for secret in store.values())

    def _end(self, play: Play) -> None:
        """Run the containers in the order of their dependencies."""
        waiting = list(play.definitions)
        while waiting:
            ready = [one for one in waiting if all(need in play.endings for need in _needs(one))] or waiting
            for container in ready:
                waiting.remove(container)
                play.endings[container["name"]] = self._run(play, container)

    def _run(self, play: Play, container: dict[str, Any]) -> Ending:
        for need, condition in _needs(container).items():
            ended = play.endings.get(need)
            if condition == "SUCCESS" and (ended is None or ended.exit_code != 0):
                return Ending(exit_code=None)
        name = container["name"]
        ending = self.account.scenario.containers.get(name, Ending(logs=(f"{name} is done",)))
        if ending.exit_code is not None:
            self._log(play, container, ending.logs)
        return ending

    def _log(self, play: Play, container: dict[str, Any], lines: tuple[str, ...]) -> None:
        options = container.get("logConfiguration", {}).get("options", {})
        if "awslogs-group" not in options:
            return
        region = options.get("awslogs-region", play.task.region_name)
        stream = f"{options.get('awslogs-stream-prefix', 'ecs')}/{container['name']}/{play.task.id}"
        logs = self._backend("logs", region)
        group = logs.groups[options["awslogs-group"]]
        group.create_log_stream(stream)
        now = int(datetime.now(UTC).timestamp() * 1000)  # moto refuses lines from the future of our clock
        events = [{"timestamp": now + i, "message": line} for i, line in enumerate(lines)]
        group.put_log_events(stream, events)

    def _backend(self, service: str, region: str) -> Any:
        from moto.backends import get_backend  # noqa: PLC0415  (moto costs half a second, so not for --help)

        backends: Any = get_backend(service)  # type: ignore[call-overload]
        return backends[self.account.id][region]


def _needs(container: dict[str, Any]) -> dict[str, str]:
    return {one["containerName"]: one["condition"] for one in container.get("dependsOn", [])}


@contextmanager
def player(account: Account) -> Iterator[None]:
    """Let the account's tasks play until the block ends."""
    from moto.ecs.models import EC2ContainerServiceBackend  # noqa: PLC0415
    from moto.ecs.responses import EC2ContainerServiceResponse  # noqa: PLC0415

    stage = Stage(account)
    run, describe = EC2ContainerServiceBackend.run_task, EC2ContainerServiceResponse.describe_tasks

    def run_task(backend: Any, *args: Any, **kwargs: Any) -> list[Any]:
        started = run(backend, *args, **kwargs)
        for task in started:
            stage.begin(task, backend)
        return started

    def describe_tasks(response: Any) -> Any:
        answer: Any = describe(response)
        wanted = response._get_param("tasks", [])
        answer.result["tasks"] = [stage.look(task) for task in answer.result["tasks"]]
        found = " ".join(task["taskArn"] for task in answer.result["tasks"])
        answer.result["failures"] = [
            {"arn": arn, "reason": "MISSING"} for arn in wanted if arn.split("/")[-1] not in found
        ]
        return answer

    with (
        mock.patch.object(EC2ContainerServiceBackend, "run_task", run_task),
        mock.patch.object(EC2ContainerServiceResponse, "describe_tasks", describe_tasks),
    ):
        yield

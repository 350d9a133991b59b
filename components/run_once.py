"""RunOnce: a resource that is "created" by running a Fargate task to its end.

It runs again when one of its triggers changes, and only then. Pulumi executes the provider in a process of its own,
which imports this module: it must not need a running Pulumi program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import boto3
import pulumi
from botocore.config import Config
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.database_snapshot import snapshot
from components.run_task import Clients, RunRequest, run_to_end

TRIGGERS = ("task_definition", "demo_data")
_STARTED_BY_LENGTH = 36
"""ECS takes so many characters (RunTask, "startedBy")."""


class RunOnceProvider(ResourceProvider):
    """Runs the task on create, and on update where a trigger changed."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        return DiffResult(changes=any(olds.get(key) != news.get(key) for key in TRIGGERS))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        task_arn = _run(props)
        return CreateResult(id_=task_arn, outs={**props, "task_arn": task_arn})

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        if news.get("snapshot_of") and olds.get("image") != news.get("image"):
            name = f"cvat-before-{_mark(news)}"
            snapshot(_clients(news)("rds"), str(news["snapshot_of"]), name, _seconds(news))
        return UpdateResult(outs={**news, "task_arn": _run(news)})


def _run(props: Mapping[str, Any]) -> str:
    request = RunRequest(
        cluster=props["cluster"],
        task_definition=props["task_definition"],
        subnets=props["subnets"],
        security_groups=props["security_groups"],
        log_group=props["log_group"],
        started_by=_mark(props),
        timeout_seconds=_seconds(props),
    )
    return run_to_end(request, _clients(props))


def _seconds(props: Mapping[str, Any]) -> float:
    return float(props["timeout_minutes"]) * 60


def _mark(props: Mapping[str, Any]) -> str:
    """The same for the same task with the same data, so that an interrupted run is found again."""
    text = "\0".join(str(props.get(key)) for key in TRIGGERS)
    return "cvat-" + hashlib.sha256(text.encode()).hexdigest()[: _STARTED_BY_LENGTH - len("cvat-")]


def _clients(props: Mapping[str, Any]) -> Clients:
    """A fresh session for each client, so that credentials renewed outside are found."""
    retries = Config(retries={"mode": "standard", "max_attempts": 8})

    def client(service: str) -> Any:
        session = boto3.Session(region_name=props["region"], profile_name=props.get("profile") or None)
        return session.client(service, config=retries)

    return client


class RunOnce(Resource, module="cvat", name="RunOnce"):
    """A task that has run to its end."""

    task_arn: pulumi.Output[str]

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(RunOnceProvider(), name, {**props, "task_arn": None}, opts)

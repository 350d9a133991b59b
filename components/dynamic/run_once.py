"""RunOnce: a resource whose creation runs a Fargate task to its end.

It runs again only when one of its triggers changes. While the stack sleeps it does not run, but keeps the triggers of
the last run: if they have changed, it runs when the stack wakes. Pulumi runs the provider in a process of its own,
which imports this module: it must not need a running Pulumi program.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_at_night import hours_of, start_for_update
from components.dynamic.database_snapshot import snapshot
from components.dynamic.run_task import RunRequest, run_to_end

TRIGGERS = ("task_definition", "demo_data", "admin_user")
_STARTED_BY_LENGTH = 36
"""Characters that ECS takes (RunTask, "startedBy")."""


class RunOnceProvider(ResourceProvider):
    """Runs the task on create, and on update if a trigger has changed."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        # A state of before 0.2.0 does not know every trigger: that alone is no reason to run again.
        changed = any(olds[key] != news.get(key) for key in TRIGGERS if key in olds)
        return DiffResult(changes=changed and not news.get("asleep"))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        if props.get("asleep"):
            never_ran = {**dict.fromkeys(TRIGGERS), "image": None, "task_arn": "", "database_started": ""}
            return CreateResult(id_="asleep", outs={**props, **never_ran})
        started = _start_database(props)
        if props.get("upgrade_from"):
            _snapshot(props)
        task_arn = _run(props)
        return CreateResult(id_=task_arn, outs={**props, "task_arn": task_arn, "database_started": started})

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        started = _start_database(news) or olds.get("database_started") or ""
        if olds.get("image") not in (None, news.get("image")) or news.get("upgrade_from"):
            _snapshot(news)
        return UpdateResult(outs={**news, "task_arn": _run(news), "database_started": started})


def _snapshot(props: Mapping[str, Any]) -> None:
    """Of the database as it is before the task migrates it, where the stack wants one."""
    if not props.get("snapshot_of"):
        return
    name = f"cvat-before-{_mark(props)}"
    snapshot(aws_clients(props)("rds"), str(props["snapshot_of"]), name, _timeout_seconds(props))


def _run(props: Mapping[str, Any]) -> str:
    request = RunRequest(
        cluster=props["cluster"],
        task_definition=props["task_definition"],
        subnets=props["subnets"],
        security_groups=props["security_groups"],
        log_group=props["log_group"],
        started_by=_mark(props),
        timeout_seconds=_timeout_seconds(props),
    )
    return run_to_end(request, aws_clients(props))


def _start_database(props: Mapping[str, Any]) -> str:
    """Outside the office hours the database is stopped. Gives the time if it was; DatabaseRest stops it again."""
    if not props.get("database"):
        return ""
    return start_for_update(aws_clients(props), str(props["database"]), hours_of(props))


def _timeout_seconds(props: Mapping[str, Any]) -> float:
    return float(props["timeout_minutes"]) * 60


def _mark(props: Mapping[str, Any]) -> str:
    """A mark of the task and its data, by which the run of an interrupted deployment is found again."""
    text = "\0".join(str(props.get(key)) for key in TRIGGERS)
    return "cvat-" + hashlib.sha256(text.encode()).hexdigest()[: _STARTED_BY_LENGTH - len("cvat-")]


class RunOnce(Resource, module="cvat", name="RunOnce"):
    """A task that has run to its end."""

    task_arn: pulumi.Output[str]
    database_started: pulumi.Output[str]
    """When it last found the database stopped, and started it; empty: never."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(RunOnceProvider(), name, {**props, "task_arn": None, "database_started": None}, opts)

"""DatabaseStart: a resource that starts a stopped database before RDS is to change it.

RDS modifies available instances only (RDS user guide, "Stopping an Amazon RDS DB instance temporarily", read 2026-11).
The instance depends on this resource, which therefore cannot get its identifier: it is found by the stack's tags.
Afterwards a stack asleep stops it again (DatabaseSwitch), and one with office hours outside of them (DatabaseRest).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_power import switch
from components.dynamic.pause_schedule import pause_starting, pause_stopping

STOPPED = ("stopped", "stopping")


class DatabaseStartProvider(ResourceProvider):
    """Acts when one of the instance's settings changes."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        return DiffResult(changes=olds.get("settings") != news.get("settings"))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        return CreateResult(id_=f"database-start-{props['tags']['stack']}", outs={**props, "started": _start(props)})

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        return UpdateResult(outs={**news, "started": _start(news) or olds.get("started") or ""})


def stopped_instances(rds: Any, tags: Mapping[str, str]) -> list[str]:
    """Identifiers of the stopped RDS instances that have all these tags."""
    pages = rds.get_paginator("describe_db_instances").paginate()
    instances = [instance for page in pages for instance in page["DBInstances"]]
    return [
        instance["DBInstanceIdentifier"]
        for instance in instances
        if instance["DBInstanceStatus"] in STOPPED
        and tags.items() <= {tag["Key"]: tag["Value"] for tag in instance.get("TagList", [])}.items()
    ]


def _start(props: Mapping[str, Any]) -> str:
    """Starts what is stopped, and gives the time; empty if nothing was."""
    clients = aws_clients(props)
    instances = stopped_instances(clients("rds"), props["tags"])
    for instance in instances:
        pause_stopping(clients("scheduler"), instance)
        pause_starting(clients("scheduler"), instance)
        switch(clients("rds"), instance, "available")
    return datetime.now(UTC).isoformat() if instances else ""


class DatabaseStart(Resource, module="cvat", name="DatabaseStart"):
    """A database that runs when its settings change."""

    started: pulumi.Output[str]
    """When a stopped one was started last; empty: never."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, tags (which only the stack's own instance has), settings (of the instance)."""
        super().__init__(DatabaseStartProvider(), name, {**props, "started": None}, opts)

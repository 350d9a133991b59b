"""DatabaseStart: a resource that starts a stopped database before RDS is to change it.

RDS modifies available instances only (RDS user guide, "Stopping an Amazon RDS DB instance temporarily", read 2026-11).
The instance depends on this resource, which therefore cannot get its identifier: it is found by the stack's tags.
Afterwards a stack asleep stops it again (DatabaseSwitch), and one with office hours outside of them (DatabaseRest).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
from botocore.exceptions import BotoCoreError, ClientError
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_at_night import hours_of, start_for_update
from components.dynamic.pause_schedule import is_changing

STOPPED = ("stopped", "stopping")


class DatabaseStartProvider(ResourceProvider):
    """Acts when one of the instance's settings changes, and when an earlier update has not brought it to them."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        return DiffResult(changes=olds.get("settings") != news.get("settings") or _was_interrupted(news))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        return CreateResult(id_=f"database-start-{props['tags']['stack']}", outs={**props, "started": _start(props)})

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        return UpdateResult(outs={**news, "started": _start(news) or olds.get("started") or ""})


def _instances(rds: Any, tags: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """RDS instances that have all these tags."""
    for page in rds.get_paginator("describe_db_instances").paginate():
        for instance in page["DBInstances"]:
            if tags.items() <= {tag["Key"]: tag["Value"] for tag in instance.get("TagList", [])}.items():
                yield instance


def _start(props: Mapping[str, Any]) -> str:
    """Starts what is stopped, and gives the time; empty if nothing was."""
    clients, hours = aws_clients(props), hours_of(props)
    identifiers = [instance["DBInstanceIdentifier"] for instance in _instances(clients("rds"), props["tags"])]
    times = (start_for_update(clients, identifier, hours, changing=True) for identifier in identifiers)
    return max(times, default="")


def _was_interrupted(props: Mapping[str, Any]) -> bool:
    """Whether an update has failed before RDS was changed, and the database has been stopped since."""
    clients = aws_clients(props)
    try:
        return any(
            instance["DBInstanceStatus"] in STOPPED
            and is_changing(clients("scheduler"), instance["DBInstanceIdentifier"])
            for instance in _instances(clients("rds"), props["tags"])
        )
    except (BotoCoreError, ClientError):
        return False  # the credentials of a preview may not read it


class DatabaseStart(Resource, module="cvat", name="DatabaseStart"):
    """A database that runs when its settings change."""

    started: pulumi.Output[str]
    """When a stopped one was started last; empty: never."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, tags (which only the stack's own instance has), settings (of the instance), hours
        and zone (the office hours as written in the settings; empty: none)."""
        super().__init__(DatabaseStartProvider(), name, {**props, "started": None}, opts)

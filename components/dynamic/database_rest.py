"""DatabaseRest: a resource that stops a database again which an update outside the office hours has started.

An update starts it to change it (DatabaseStart) or to migrate it (RunOnce). Left running, it would cost money until the
evening, and the morning's call would start one that runs, which RDS refuses.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_power import switch
from components.dynamic.pause_schedule import resume_starting
from settings.office_hours import parse


class DatabaseRestProvider(ResourceProvider):
    """Acts when one of the causes tells that the database was started."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        return DiffResult(changes=any(olds.get(key) != news.get(key) for key in ("causes", "hours", "zone", "profile")))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        return CreateResult(id_=f"{props['instance']}-rest", outs=dict(props))

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        if olds.get("causes") != news["causes"]:
            _rest(news)
        return UpdateResult(outs=dict(news))


def _rest(props: Mapping[str, Any]) -> None:
    clients, instance = aws_clients(props), str(props["instance"])
    if not parse(props["hours"], props["zone"]).database_runs(datetime.fromtimestamp(time.time(), UTC)):
        switch(clients("rds"), instance, "stopped")
    resume_starting(clients("scheduler"), instance)


class DatabaseRest(Resource, module="cvat", name="DatabaseRest"):
    """A database that is stopped outside the office hours, whatever an update did with it."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, instance (identifier), hours and zone (as written in the settings), causes (when
        other resources have last started the database)."""
        super().__init__(DatabaseRestProvider(), name, dict(props), opts)

"""DatabaseRest: a resource that stops a database again which an update outside the office hours has started.

An update starts it to change it (DatabaseStart) or to migrate it (RunOnce). Left running, it would cost money until the
evening, and the morning's call would start one that runs, which RDS refuses. Of an update that fails before it comes to
this, database_at_night.py stops it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import BotoCoreError, ClientError
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_at_night import rest
from components.dynamic.pause_schedule import cancel_stop, is_unfinished
from settings.office_hours import parse


class DatabaseRestProvider(ResourceProvider):
    """Acts when one of the causes tells that the database was started, and after an update that has failed since."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        changed = any(olds.get(key) != news.get(key) for key in ("causes", "hours", "zone", "profile"))
        return DiffResult(changes=changed or _was_interrupted(news))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        # An update that lets a stack with office hours follow a sleep may have started the database for a change.
        cancel_stop(aws_clients(props)("scheduler"), str(props["instance"]))
        return CreateResult(id_=f"{props['instance']}-rest", outs=dict(props))

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        if olds.get("causes") != news["causes"] or _was_interrupted(news):
            rest(aws_clients(news), str(news["instance"]), parse(news["hours"], news["zone"]))
        return UpdateResult(outs=dict(news))


def _was_interrupted(props: Mapping[str, Any]) -> bool:
    """Whether an update has changed or started the database and not come to an end."""
    try:
        return is_unfinished(aws_clients(props)("scheduler"), str(props["instance"]))
    except (BotoCoreError, ClientError):
        return False  # the credentials of a preview may not read it


class DatabaseRest(Resource, module="cvat", name="DatabaseRest"):
    """A database that is stopped outside the office hours, whatever an update did with it."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, instance (identifier), hours and zone (as written in the settings), causes (when
        other resources have last started the database)."""
        super().__init__(DatabaseRestProvider(), name, dict(props), opts)

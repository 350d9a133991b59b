"""DatabaseSwitch: a resource whose creation starts or stops a database, and waits for it.

A stack has one at a time: the one that starts the database comes before everything that needs it, the one that stops
it after all that has gone. An existing one corrects a database in another state, which an interrupted update or the
console may have left. Pulumi runs the provider in a process of its own, which imports this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import BotoCoreError
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_power import PowerError, differs, switch
from components.dynamic.pause_schedule import cancel_stop, pause_stopping

INPUTS = ("instance", "state", "final_snapshot", "scheduled", "region", "profile")
"""A deletion reads them from the state: one that has changed must come there, though it starts and stops nothing."""


class DatabaseSwitchProvider(ResourceProvider):
    """Starts or stops the database when it or its state changes, and starts it before a final snapshot."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        changed = [key for key in INPUTS if olds.get(key) != news.get(key)]
        replaces = [key for key in changed if key in ("instance", "state")]
        return DiffResult(changes=bool(changed) or _has_drifted(news), replaces=replaces)

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        _turn(props)
        return CreateResult(id_=f"{props['instance']}-{props['state']}", outs=dict(props))

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        if not news.get("scheduled"):
            _turn(news, was_scheduled=bool(olds.get("scheduled")))
        return UpdateResult(outs=dict(news))

    def delete(self, _id: str, props: Mapping[str, Any]) -> None:
        """RDS takes no final snapshot of a stopped database: a destroy has to start it.

        Also one that runs already (RDS starts it after seven days) would be stopped again within the hour.
        """
        if props["state"] == "stopped" and props.get("final_snapshot"):
            pause_stopping(aws_clients(props)("scheduler"), str(props["instance"]))
            _turn({**props, "state": "available"})


def _turn(props: Mapping[str, Any], *, was_scheduled: bool = False) -> None:
    """`was_scheduled`: whether office hours have just been given up, whose evening may come during the update."""
    clients = aws_clients(props)
    rds, instance, state = clients("rds"), str(props["instance"]), props["state"]
    if state == "available" and (was_scheduled or differs(rds, instance, state)):
        pause_stopping(clients("scheduler"), instance, daily=was_scheduled)
    switch(rds, instance, state)
    if state == "stopped":
        cancel_stop(clients("scheduler"), instance)  # what the update has changed, or started it for, is done


def _has_drifted(props: Mapping[str, Any]) -> bool:
    """Whether the database is in another state, where only Pulumi changes it."""
    if props.get("scheduled"):
        return False
    try:
        return differs(aws_clients(props)("rds"), str(props["instance"]), props["state"])
    except (PowerError, BotoCoreError):
        return False  # it may not exist, or the credentials of a preview may not read it


class DatabaseSwitch(Resource, module="cvat", name="DatabaseSwitch"):
    """A database that runs, or is stopped."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, instance (identifier), state (available, stopped), final_snapshot, scheduled
        (whether office hours start and stop the database, too)."""
        super().__init__(DatabaseSwitchProvider(), name, dict(props), opts)

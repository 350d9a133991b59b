"""DatabaseSwitch: a resource that is "created" by bringing a database into a state, and waiting until it is there.

Two of them take turns: one is created before whatever needs a running database, the other after all that is gone.
Where one of them is there already, since an update broke off half-way or somebody used the console, it looks at the
database and mends that. Pulumi executes the provider in a process of its own, which imports this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import BotoCoreError
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients
from components.dynamic.database_power import PowerError, differs, switch
from components.dynamic.pause_schedule import pause_stopping


class DatabaseSwitchProvider(ResourceProvider):
    """Acts when it is created, when the database is another or not as wanted, and before a final snapshot."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        changed = [key for key in ("instance", "wanted") if olds.get(key) != news.get(key)]
        return DiffResult(changes=bool(changed) or _strayed(news), replaces=changed)

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        _turn(props)
        return CreateResult(id_=f"{props['instance']}-{props['wanted']}", outs=dict(props))

    def update(self, _id: str, _olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        _turn(news)
        return UpdateResult(outs=dict(news))

    def delete(self, _id: str, props: Mapping[str, Any]) -> None:
        """RDS takes no final snapshot of a stopped database, so a destroy has to start it; a wake-up has done so."""
        if props["wanted"] == "stopped" and props.get("final_snapshot"):
            _turn({**props, "wanted": "available"})


def _turn(props: Mapping[str, Any]) -> None:
    clients = aws_clients(props)
    rds, instance, wanted = clients("rds"), str(props["instance"]), props["wanted"]
    if wanted == "available" and differs(rds, instance, wanted):
        pause_stopping(clients("scheduler"), instance)
    switch(rds, instance, wanted)


def _strayed(props: Mapping[str, Any]) -> bool:
    """Whether the database is not as wanted, where nothing but Pulumi should change that."""
    if props.get("by_clock"):
        return False
    try:
        return differs(aws_clients(props)("rds"), str(props["instance"]), props["wanted"])
    except (PowerError, BotoCoreError):
        return False  # it may be gone, or a preview's credentials may not look: nothing is known


class DatabaseSwitch(Resource, module="cvat", name="DatabaseSwitch"):
    """A database that is running, or stopped."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, instance (identifier), wanted (available, stopped), final_snapshot, by_clock
        (whether office hours start and stop it, too)."""
        super().__init__(DatabaseSwitchProvider(), name, dict(props), opts)

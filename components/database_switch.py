"""DatabaseSwitch: a resource that is "created" by bringing a database into a state, and waiting until it is there.

Two of them take turns: one is created before whatever needs a running database, the other after all that is gone.
Pulumi executes the provider in a process of its own, which imports this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

from components.database_power import switch
from components.fresh_clients import fresh_clients


class DatabaseSwitchProvider(ResourceProvider):
    """Acts when it is created, when the database is another, and where somebody's deletion needs a running database."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        changed = [key for key in ("instance", "wanted") if olds.get(key) != news.get(key)]
        return DiffResult(changes=bool(changed), replaces=changed)

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        switch(fresh_clients(props)("rds"), props["instance"], props["wanted"])
        return CreateResult(id_=f"{props['instance']}-{props['wanted']}", outs=dict(props))

    def delete(self, _id: str, props: Mapping[str, Any]) -> None:
        """RDS takes no final snapshot of a stopped database, so a destroy has to start it; a wake-up has done so."""
        if props["wanted"] == "stopped" and props.get("final_snapshot"):
            switch(fresh_clients(props)("rds"), props["instance"], "available")


class DatabaseSwitch(Resource, module="cvat", name="DatabaseSwitch"):
    """A database that is running, or stopped."""

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, instance (identifier), wanted (available, stopped), final_snapshot."""
        super().__init__(DatabaseSwitchProvider(), name, dict(props), opts)

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

STOPPED = ("stopped", "stopping")
_AS_RDS_SAYS = {
    "engine_version": "EngineVersion",
    "instance_class": "DBInstanceClass",
    "allocated_storage": "AllocatedStorage",
    "multi_az": "MultiAZ",
    "backup_retention_period": "BackupRetentionPeriod",
    "backup_window": "PreferredBackupWindow",
    "maintenance_window": "PreferredMaintenanceWindow",
    "deletion_protection": "DeletionProtection",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
}
"""Setting -> member of DescribeDBInstances. The limit of the storage is not there where storage does not grow."""


class DatabaseStartProvider(ResourceProvider):
    """Acts when one of the instance's settings changes, and when an earlier update has not brought it to them."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        return DiffResult(changes=olds.get("settings") != news.get("settings") or _was_interrupted(olds, news))

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
    return max((start_for_update(clients, identifier, hours) for identifier in identifiers), default="")


def _was_interrupted(olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    """Whether an update has started the database for a change and failed before it, and the clock has stopped it."""
    if not olds.get("started"):
        return False
    try:
        return any(
            instance["DBInstanceStatus"] in STOPPED and _differs(instance, news["settings"])
            for instance in _instances(aws_clients(news)("rds"), news["tags"])
        )
    except (BotoCoreError, ClientError):
        return False  # the credentials of a preview may not read it


def _differs(instance: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    present = {key: instance.get(member) for key, member in _AS_RDS_SAYS.items()}
    asked = {key: settings.get(key) for key in _AS_RDS_SAYS}
    if f"{present['engine_version']}.".startswith(f"{asked['engine_version']}."):
        asked["engine_version"] = present["engine_version"]  # 15 is any 15.x
    asked["allocated_storage"] = max(int(settings["allocated_storage"]), int(instance["AllocatedStorage"]))  # it grows
    return asked != present


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

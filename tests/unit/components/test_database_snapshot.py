"""database_snapshot.py: nothing is migrated before its snapshot is there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from components.dynamic.database_snapshot import snapshot
from components.dynamic.task_failure import TaskFailedError
from tests.support.mocked_engine import Clock


def status(stub: Stubber, *values: str) -> None:
    for value in values:
        stub.add_response("describe_db_snapshots", {"DBSnapshots": [{"Status": value}]})


def test_a_snapshot_is_waited_for(rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    stub.add_response("create_db_snapshot", {}, {"DBInstanceIdentifier": "db", "DBSnapshotIdentifier": "before"})
    status(stub, "creating", "available")
    snapshot(client, "db", "before", 60, Clock())


def test_a_snapshot_that_an_interrupted_update_left_is_waited_for_too(rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    stub.add_client_error("create_db_snapshot", "DBSnapshotAlreadyExists")
    status(stub, "creating", "creating", "available")
    snapshot(client, "db", "before", 60, Clock())


@pytest.mark.parametrize(("hours", "name"), [(0.5, "before"), (50, "before-20260110120000")])
def test_a_snapshot_of_another_day_is_not_taken_for_the_one_before_this_migration(
    rds: tuple[Any, Stubber], hours: float, name: str
) -> None:
    client, stub = rds
    clock = Clock()
    clock.now = datetime(2026, 1, 10, 12, tzinfo=UTC).timestamp()
    taken = datetime.fromtimestamp(clock.now, UTC) - timedelta(hours=hours)
    stub.add_client_error("create_db_snapshot", "DBSnapshotAlreadyExists")
    snapshots = {"DBSnapshots": [{"Status": "available", "SnapshotCreateTime": taken}]}
    stub.add_response("describe_db_snapshots", snapshots, {"DBSnapshotIdentifier": "before"})
    if name != "before":
        stub.add_response("create_db_snapshot", {}, {"DBInstanceIdentifier": "db", "DBSnapshotIdentifier": name})
    stub.add_response("describe_db_snapshots", snapshots, {"DBSnapshotIdentifier": name})
    snapshot(client, "db", "before", 60, clock)


def test_without_a_snapshot_nothing_goes_on(rds: tuple[Any, Stubber]) -> None:
    client, stub = rds
    stub.add_client_error("create_db_snapshot", "SnapshotQuotaExceeded", "too many")
    with pytest.raises(TaskFailedError, match="nothing was migrated"):
        snapshot(client, "db", "before", 60, Clock())


@pytest.mark.parametrize("seen", [["failed"], ["creating"] * 6])
def test_a_snapshot_that_fails_or_takes_too_long_stops_the_update(rds: tuple[Any, Stubber], seen: list[str]) -> None:
    client, stub = rds
    stub.add_response("create_db_snapshot", {})
    status(stub, *seen)
    with pytest.raises(TaskFailedError, match=f"Snapshot before of db is {seen[-1]}"):
        snapshot(client, "db", "before", 60, Clock())

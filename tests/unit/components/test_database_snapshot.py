"""database_snapshot.py: nothing is migrated before its snapshot is there."""

from __future__ import annotations

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
    status(stub, "available")
    snapshot(client, "db", "before", 60, Clock())


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

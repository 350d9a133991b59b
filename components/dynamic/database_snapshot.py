"""A snapshot of the database before migrations change it. Plain functions with injected clients."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from components.dynamic.run_task import Clock
from components.dynamic.task_failure import TaskFailedError

_POLL_SECONDS = 15.0
_FRESH_SECONDS = 3600.0


def snapshot(rds: Any, instance: str, name: str, timeout_seconds: float, clock: Clock = time) -> None:
    """Take snapshot `name` of an RDS instance and wait until it is there.

    One of this name that an interrupted deployment has just taken serves; beside an older one, a second is taken, whose
    name ends with the time: people have worked since. Raises TaskFailedError where it fails or takes longer than the
    timeout: then nothing must be migrated.
    """
    if not _create(rds, instance, name) and _is_old(rds, name, clock):
        name = f"{name}-{datetime.fromtimestamp(clock.time(), UTC):%Y%m%d%H%M%S}"
        _create(rds, instance, name)
    deadline = clock.time() + timeout_seconds
    while (status := _describe(rds, name)["Status"]) != "available":
        if status == "failed" or clock.time() > deadline:
            raise TaskFailedError(
                f"Snapshot {name} of {instance} is {status}, so nothing was migrated. Look at it in RDS."
            )
        clock.sleep(_POLL_SECONDS)


def _create(rds: Any, instance: str, name: str) -> bool:
    """Whether the snapshot is begun; False where there is one of this name."""
    try:
        rds.create_db_snapshot(DBInstanceIdentifier=instance, DBSnapshotIdentifier=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "DBSnapshotAlreadyExists":
            return False
        raise TaskFailedError(
            f"The database could not be snapshotted before the migration ({error}), so nothing was migrated. "
            "Fix that, or set cvat:snapshotBeforeMigration to never."
        ) from error
    return True


def _is_old(rds: Any, name: str, clock: Clock) -> bool:
    """Whether a finished snapshot is older than an interrupted deployment's can be. One in progress has no time yet."""
    taken = _describe(rds, name).get("SnapshotCreateTime")
    return taken is not None and clock.time() - taken.timestamp() > _FRESH_SECONDS


def _describe(rds: Any, name: str) -> dict[str, Any]:
    return dict(rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0])

"""A snapshot of the database before migrations change it. Plain functions with injected clients."""

from __future__ import annotations

import time
from typing import Any

from botocore.exceptions import ClientError

from components.dynamic.run_task import Clock
from components.dynamic.task_failure import TaskFailedError

_POLL_SECONDS = 15.0


def snapshot(rds: Any, instance: str, name: str, timeout_seconds: float, clock: Clock = time) -> None:
    """Take snapshot `name` of an RDS instance and wait until it is there; one that exists already is waited for.

    Raises TaskFailedError where it fails or takes longer than the timeout: then nothing must be migrated.
    """
    try:
        rds.create_db_snapshot(DBInstanceIdentifier=instance, DBSnapshotIdentifier=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "DBSnapshotAlreadyExists":
            raise TaskFailedError(
                f"The database could not be snapshotted before the migration ({error}), so nothing was migrated. "
                "Fix that, or set cvat:snapshotBeforeMigration to never."
            ) from error
    deadline = clock.time() + timeout_seconds
    while (status := _status(rds, name)) != "available":
        if status == "failed" or clock.time() > deadline:
            raise TaskFailedError(
                f"Snapshot {name} of {instance} is {status}, so nothing was migrated. Look at it in RDS."
            )
        clock.sleep(_POLL_SECONDS)


def _status(rds: Any, name: str) -> str:
    return str(rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0]["Status"])

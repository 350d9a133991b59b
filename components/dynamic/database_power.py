"""Starts and stops a database, and waits until it is so. Plain functions with injected clients: no Pulumi."""

from __future__ import annotations

import time
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from components.dynamic.run_task import Clock

Power = Literal["available", "stopped"]

ANSWERING = frozenset(
    {
        "available", "backing-up", "modifying", "maintenance", "storage-optimization",
        "configuring-enhanced-monitoring", "configuring-log-exports",
    }
)  # fmt: skip
"""States of RDS in which the database answers (RDS user guide, "Viewing DB instance status", read 2026-11)."""
_HOPELESS = frozenset(
    {
        "failed", "deleting", "inaccessible-encryption-credentials", "incompatible-network", "incompatible-parameters",
        "incompatible-restore", "insufficient-capacity", "restore-error", "storage-full",
    }
)  # fmt: skip
"""States that no waiting mends (same source)."""
_POLL_SECONDS = 15.0
LIMIT_SECONDS = 3600.0
"""Stopping one with a standby took half an hour in public logs."""
_NOT_NOW = "InvalidDBInstanceState"
_GONE = "DBInstanceNotFound"
_UNKNOWN = "unknown"


class PowerError(Exception):
    """A database that could not be started or stopped; the text is meant for the operator."""


def switch(rds: Any, instance: str, wanted: Power, limit: float = LIMIT_SECONDS, clock: Clock = time) -> None:
    """Start or stop an RDS instance and wait until it is `wanted`; does nothing where it is so already.

    Whatever is under way is waited for first: RDS stops only what is available, and starts only what is stopped.
    Raises PowerError.
    """
    deadline = clock.time() + limit
    while not _reached(status := _status(rds, instance), wanted):
        if status in _HOPELESS:
            raise PowerError(
                f"Database {instance} is {status}, so it cannot become {wanted}. Mend it in RDS, and run `pulumi up` "
                "again."
            )
        if clock.time() > deadline:
            raise PowerError(
                f"Database {instance} is still {status} after {limit / 60:.0f} minutes, and not yet {wanted}. Look at "
                "its events in RDS, and run `pulumi up` again: it goes on from there."
            )
        _nudge(rds, instance, status, wanted)
        clock.sleep(_POLL_SECONDS)


def differs(rds: Any, instance: str, wanted: Power) -> bool:
    """Whether an RDS instance is known not to be as wanted. Raises PowerError."""
    status = _status(rds, instance)
    return status != _UNKNOWN and not _reached(status, wanted)


def _reached(status: str, wanted: Power) -> bool:
    return status == wanted or (wanted == "available" and status in ANSWERING)


def _status(rds: Any, instance: str) -> str:
    """The state, or "unknown" where this poll was lost."""
    try:
        return str(rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]["DBInstanceStatus"])
    except BotoCoreError:
        return _UNKNOWN
    except ClientError as error:
        raise PowerError(_refused(instance, "looked at", error)) from error


def _nudge(rds: Any, instance: str, status: str, wanted: Power) -> None:
    """Order what this state allows."""
    try:
        if (status, wanted) == ("stopped", "available"):
            rds.start_db_instance(DBInstanceIdentifier=instance)
        elif (status, wanted) == ("available", "stopped"):
            rds.stop_db_instance(DBInstanceIdentifier=instance)
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith(_NOT_NOW):  # it has changed since it was asked
            verb = "started" if wanted == "available" else "stopped"
            raise PowerError(_refused(instance, verb, error)) from error
    except BotoCoreError:
        return  # the next poll tells whether the order has arrived


def _refused(instance: str, verb: str, error: ClientError) -> str:
    if error.response["Error"]["Code"].startswith(_GONE):
        return f"Database {instance} could not be {verb}: there is none of that name. Run `pulumi up --refresh`."
    return f"Database {instance} could not be {verb}: {error}. Mend that, and run `pulumi up` again."

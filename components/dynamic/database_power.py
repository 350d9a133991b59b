"""Starts and stops a database, and waits for it. Plain functions with injected clients: no Pulumi."""

from __future__ import annotations

import time
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from components.dynamic.run_task import Clock

Power = Literal["available", "stopped"]

ANSWERING = frozenset(
    {
        "available",
        "backing-up",
        "modifying",
        "maintenance",
        "storage-optimization",
        "configuring-enhanced-monitoring",
        "configuring-log-exports",
    }
)
"""States in which the database answers (RDS user guide, "Viewing DB instance status", read 2026-11)."""
_FINAL = frozenset(
    {
        "failed",
        "deleting",
        "inaccessible-encryption-credentials",
        "incompatible-network",
        "incompatible-parameters",
        "incompatible-restore",
        "insufficient-capacity",
        "restore-error",
        "storage-full",
    }
)
"""States that do not end by themselves (same source)."""
_POLL_SECONDS = 15.0
LIMIT_SECONDS = 3600.0
"""Stopping one with a standby took half an hour in public logs."""
_NOT_NOW = "InvalidDBInstanceState"
_GONE = "DBInstanceNotFound"
_UNKNOWN = "unknown"


class PowerError(Exception):
    """A database could not be started or stopped; the message is for the operator."""


def switch(rds: Any, instance: str, power: Power, limit: float = LIMIT_SECONDS, clock: Clock = time) -> None:
    """Start or stop an RDS instance and wait until it is.

    A change that is in progress is waited for first: RDS stops only available instances, and starts only stopped ones.
    Raises PowerError.
    """
    deadline = clock.time() + limit
    while not _reached(status := _status(rds, instance), power):
        if status in _FINAL:
            raise PowerError(
                f"Database {instance} is {status}, so it cannot become {power}. Fix it in RDS, and run `pulumi up` "
                "again."
            )
        if clock.time() > deadline:
            raise PowerError(
                f"Database {instance} is still {status} after {limit / 60:.0f} minutes, and not yet {power}. Look at "
                "its events in RDS, and run `pulumi up` again: it goes on from there."
            )
        _order(rds, instance, status, power)
        clock.sleep(_POLL_SECONDS)


def differs(rds: Any, instance: str, power: Power) -> bool:
    """Whether an RDS instance is known to be in another state. Raises PowerError."""
    status = _status(rds, instance)
    return status != _UNKNOWN and not _reached(status, power)


def _reached(status: str, power: Power) -> bool:
    return status == power or (power == "available" and status in ANSWERING)


def _status(rds: Any, instance: str) -> str:
    """The state; "unknown" where the poll failed."""
    try:
        return str(rds.describe_db_instances(DBInstanceIdentifier=instance)["DBInstances"][0]["DBInstanceStatus"])
    except BotoCoreError:
        return _UNKNOWN
    except ClientError as error:
        raise PowerError(_refused(instance, "looked at", error)) from error


def _order(rds: Any, instance: str, status: str, power: Power) -> None:
    """Start or stop the instance, if its state allows it."""
    try:
        if (status, power) == ("stopped", "available"):
            rds.start_db_instance(DBInstanceIdentifier=instance)
        elif (status, power) == ("available", "stopped"):
            rds.stop_db_instance(DBInstanceIdentifier=instance)
    except ClientError as error:
        if not error.response["Error"]["Code"].startswith(_NOT_NOW):  # the state has changed since the poll
            verb = "started" if power == "available" else "stopped"
            raise PowerError(_refused(instance, verb, error)) from error
    except BotoCoreError:
        return  # the next poll shows whether RDS has got the call


def _refused(instance: str, verb: str, error: ClientError) -> str:
    if error.response["Error"]["Code"].startswith(_GONE):
        return f"Database {instance} could not be {verb}: there is none of that name. Run `pulumi up --refresh`."
    return f"Database {instance} could not be {verb}: {error}. Fix that, and run `pulumi up` again."

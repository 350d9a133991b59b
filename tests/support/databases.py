"""Databases that a test puts into an emulated account."""

from __future__ import annotations

from typing import Any

_INPUTS = {
    "DBInstanceClass": "db.m6g.large",
    "Engine": "postgres",
    "EngineVersion": "15.12",
    "AllocatedStorage": 20,
    "MasterUsername": "cvat",
    "MasterUserPassword": "forgotten",
}


def create_database(rds: Any, identifier: str, **inputs: Any) -> dict[str, Any]:
    """What CreateDBInstance answers; `inputs` are of that call, beside what every database has or instead of it."""
    answer = rds.create_db_instance(**{**_INPUTS, "DBInstanceIdentifier": identifier, **inputs})
    return dict(answer["DBInstance"])

"""What a stack can begin with instead of empty stores: a snapshot of the database, and restored files.

A snapshot is checked before it is used: RDS would refuse a wrong one only after half an hour, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.problems import Problems
from components.context import StackContext
from settings.values import DatabaseSize

_BY_AWS_BACKUP = "awsbackup:"
"""Prefix of the identifiers of RDS snapshots that AWS Backup has taken."""
_SNAPSHOT_ARN = re.compile(r"arn:[a-z-]+:rds:(?P<region>[a-z0-9-]+):(?P<account>\d+):snapshot:(?P<id>.+)")


PUT_IN_PLACE = """\
set -eu
cd "$1"
shift
folders="$*"
set -- aws-backup-restore_*
if [ ! -d "$1" ]; then echo "There is nothing to put in place."; exit 0; fi
if [ $# -gt 1 ]; then echo "There are several restored folders, $*: delete all but one."; exit 1; fi
for folder in $folders; do
  if [ ! -d "$1/$folder" ]; then continue; fi
  find "$1/$folder" -mindepth 1 -maxdepth 1 -exec mv -n -t "$folder" {} +
  if ! rmdir "$1/$folder"; then echo "/$folder has files of the same name: move them away, and try again."; exit 1; fi
  echo "/$folder is as it was when it was backed up."
done
rmdir "$1" || echo "$1 keeps what is not CVAT's."
"""
"""A shell script: its arguments are the root of a file system and folders in it.

AWS Backup never restores files to their own folders, but into aws-backup-restore_<time> (AWS Backup developer guide,
"Restore an Amazon EFS file system", read 2026-11). Moving within a file system copies nothing.
"""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What decides whether an RDS snapshot can be restored."""

    engine: str
    version: str
    status: str
    storage_gb: int
    encrypted: bool
    key_arn: str = ""
    """KMS key of an encrypted one."""


def snapshot_identifier(context: StackContext, reference: str) -> str:
    """The identifier of a snapshot of this account and region; of others RDS takes the ARN, which stays as it is."""
    arn = _SNAPSHOT_ARN.fullmatch(reference)
    if arn and (arn["region"], arn["account"]) == (context.region.name, context.account):
        return arn["id"]
    return reference


def snapshot_problems(reference: str, snapshot: Snapshot, size: DatabaseSize, key_arn: str = "") -> Iterator[str]:
    """Why the snapshot cannot be restored; pure. `key_arn`: the KMS key that stores must have; empty: any."""
    key = f"cvat:restoreDatabaseSnapshot = {reference}"
    if snapshot.engine != "postgres":
        yield f"{key}: it is a snapshot of {snapshot.engine}, and CVAT needs postgres. Name another one."
        return
    if snapshot.status != "available":
        yield f"{key}: it is {snapshot.status}, and must be available. Wait, or name another one."
    if not snapshot.encrypted:
        yield f"{key}: it is not encrypted, and this stack's stores are. Copy it with a KMS key, and name the copy."
    elif key_arn and snapshot.key_arn != key_arn:
        yield (
            f"{key}: it is encrypted with {snapshot.key_arn}, and cvat:kmsKeyArn is {key_arn}: a restore keeps the "
            "snapshot's key. Copy it with your key, and name the copy."
        )
    if snapshot.version != size.engine_version:
        yield (
            f"{key}: it is of PostgreSQL {snapshot.version}, and cvat:dbEngineVersion is {size.engine_version}. "
            f"Restore first, upgrade later: pulumi config set cvat:dbEngineVersion {snapshot.version}"
        )
    if snapshot.storage_gb > size.storage_gb:
        yield (
            f"{key}: it has {snapshot.storage_gb} GB, and cvat:dbStorageGb is {size.storage_gb}: storage cannot "
            f"shrink. Set cvat:dbStorageGb (and cvat:dbMaxStorageGb) to {snapshot.storage_gb} or more."
        )


def database_snapshot(context: StackContext, reference: str, size: DatabaseSize, problems: Problems) -> str:
    """The identifier of the snapshot to restore. Adds to `problems` what makes it unusable."""
    identifier = snapshot_identifier(context, reference)
    description = problems.ask("restoreDatabaseSnapshot", reference, lambda: _describe(identifier))
    if description is None:
        return identifier
    snapshot = Snapshot(
        engine=description.engine,
        version=description.engine_version,
        status=description.status,
        storage_gb=description.allocated_storage,
        encrypted=description.encrypted,
        key_arn=description.kms_key_id,
    )
    problems.add(snapshot_problems(reference, snapshot, size, context.key_arn))
    return identifier


def _describe(identifier: str) -> aws.rds.GetSnapshotResult:
    return aws.rds.get_snapshot(
        db_snapshot_identifier=identifier,
        # RDS lists these snapshots only where their type is asked for.
        snapshot_type="awsbackup" if identifier.startswith(_BY_AWS_BACKUP) else None,
        include_shared=identifier.startswith("arn:") or None,
    )

"""What a stack may be built from instead of empty stores: a snapshot of the database, a restored file system.

Everything is looked at before it is used: RDS and EFS would refuse a wrong one only after half an hour, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.site import Site
from components.sizes import DatabaseSize

_BY_AWS_BACKUP = "awsbackup:"
"""Identifiers of RDS snapshots that AWS Backup has taken begin like this."""
_SNAPSHOT_ARN = re.compile(r"arn:[a-z-]+:rds:(?P<region>[a-z0-9-]+):(?P<account>\d+):snapshot:(?P<id>.+)")


@dataclass(frozen=True, kw_only=True)
class Restore:
    """What the operator named; all may be empty."""

    snapshot: str = ""
    """Identifier or ARN of an RDS snapshot."""
    file_system: str = ""
    """Id of a file system."""


@dataclass(frozen=True)
class Files:
    """A file system that is there already."""

    file_system_id: str
    arn: str


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a stack is built from; None: an empty store."""

    snapshot_id: str | None = None
    files: Files | None = None


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

AWS Backup never restores to where the files were, but into aws-backup-restore_<time> (AWS Backup developer guide,
"Restore an Amazon EFS file system", read 2026-11). Moving within a file system copies nothing.
"""

EMPTY = Restored()
"""Nothing: all stores are new."""


class RestoreError(pulumi.RunError):
    """All that keeps a stack from being built from what was named; shown without a traceback."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The stack cannot be restored:" + "".join(f"\n  - {problem}" for problem in problems))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """An RDS snapshot, as far as it matters."""

    engine: str
    version: str
    status: str
    storage_gb: int
    encrypted: bool
    key_arn: str = ""
    """KMS key of an encrypted one."""


def short_id(site: Site, named: str) -> str:
    """A snapshot's identifier, as RDS knows it in this account and region; ARNs of other places stay as they are."""
    found = _SNAPSHOT_ARN.fullmatch(named)
    if found and (found["region"], found["account"]) == (site.region.name, site.account):
        return found["id"]
    return named


def why_not(named: str, snapshot: Snapshot, size: DatabaseSize, key_arn: str = "") -> Iterator[str]:
    """All that speaks against making the database from a snapshot; pure. `key_arn`: the key that stores must have."""
    key = f"cvat:restoreDatabaseSnapshot = {named}"
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


def database_snapshot(site: Site, wanted: Restore, size: DatabaseSize) -> str:
    """The identifier of the snapshot to restore. Raises RestoreError where it does not fit the stack."""
    identifier = short_id(site, wanted.snapshot)
    found = aws.rds.get_snapshot(
        db_snapshot_identifier=identifier,
        # RDS tells of these snapshots only if it is asked for their type.
        snapshot_type="awsbackup" if identifier.startswith(_BY_AWS_BACKUP) else None,
        include_shared=identifier.startswith("arn:") or None,
    )
    snapshot = Snapshot(
        engine=found.engine,
        version=found.engine_version,
        status=found.status,
        storage_gb=found.allocated_storage,
        encrypted=found.encrypted,
        key_arn=found.kms_key_id,
    )
    if problems := list(why_not(wanted.snapshot, snapshot, size, site.key_arn)):
        raise RestoreError(problems)
    return identifier


def file_system(wanted: Restore) -> Files:
    """The file system to use. Raises RestoreError where it does not fit the stack."""
    found = aws.efs.get_file_system(file_system_id=wanted.file_system)
    if not found.encrypted:
        raise RestoreError(
            [
                f"cvat:restoreFileSystem = {wanted.file_system}: it is not encrypted, and this stack's stores are. "
                "Restore it again with Encrypted=true (docs/operations.md#restore)."
            ]
        )
    return Files(found.file_system_id, found.arn)

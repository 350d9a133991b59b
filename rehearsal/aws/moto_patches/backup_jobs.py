"""What AWS Backup keeps and brings back: its jobs, and the recovery points of databases and file systems."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock
from urllib.parse import unquote

from moto.backup import urls
from moto.backup.exceptions import InvalidParameterValueException, InvalidRequestException, ResourceNotFoundException
from moto.backup.models import BackupBackend
from moto.backup.responses import BackupResponse
from moto.core.utils import unix_time
from moto.efs.models import efs_backends
from moto.moto_api._internal import mock_random
from moto.rds.models import RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

from rehearsal.aws.moto_patches.patch import (
    Client,
    after,
    before,
    moto_patch,
    new_database,
    refusal,
    replace,
    with_partition,
)

Point = dict[str, Any]
"""A recovery point as DescribeRecoveryPoint gives it."""

DAY_S = 86400
_PATHS = (
    "backup-jobs/?$",
    "backup-jobs/(?P<job>[^/]+)/?$",
    "backup-vaults/(?P<name>[^/]+)/recovery-points/?$",
    "backup-vaults/(?P<name>[^/]+)/recovery-points/$",  # werkzeug needs it for the path with a slash
    "backup-vaults/(?P<name>[^/]+)/recovery-points/(?P<point>[^/]+)/?$",
    "backup-vaults/(?P<name>[^/]+)/recovery-points/(?P<point>[^/]+)/restore-metadata/?$",
    "restore-jobs/?$",
    "restore-jobs/(?P<job>[^/]+)/?$",
)
_NEW_FILES = ("file-system-id", "Encrypted", "PerformanceMode", "CreationToken", "newFileSystem")
"""Metadata that a restore into a new file system needs (developer guide, "Restore an Amazon EFS file system")."""


def points_of(backend: Any, vault: str) -> dict[str, Point]:
    """The recovery points of a vault that have not expired, by ARN. Raises ResourceNotFoundException."""
    kept: dict[str, Point] = backend.describe_backup_vault(vault).__dict__.setdefault("points", {})
    for arn, point in list(kept.items()):
        if point.get("CalculatedLifecycle", {}).get("DeleteAt", float("inf")) <= unix_time():
            _forget(backend, kept.pop(arn))
    return kept


def _jobs(backend: Any, kind: str) -> dict[str, dict[str, Any]]:
    jobs: dict[str, dict[str, Any]] = backend.__dict__.setdefault(f"{kind}_jobs", {})
    return jobs


def _job(backend: Any, kind: str, identifier: str) -> dict[str, Any]:
    jobs = _jobs(backend, kind)
    if identifier not in jobs:
        raise ResourceNotFoundException(f"Cannot find {kind} job: {identifier}")
    return jobs[identifier]


def _point(backend: Any, vault: str, arn: str) -> Point:
    points = points_of(backend, vault)
    if arn not in points:
        raise ResourceNotFoundException(f"Cannot find recovery point: {arn}")
    return points[arn]


def _back_up_database(backend: Any, identifier: str, job: str, tags: list[dict[str, str]]) -> str:
    rds: Any = rds_backends[backend.account_id][backend.region_name]
    database = rds.databases.get(identifier)
    if database is None:
        raise ResourceNotFoundException(f"Cannot find the resource: {identifier}")
    if database.status != "available":
        return ""
    snapshot = rds.create_db_snapshot(identifier, f"awsbackup:job-{job}", snapshot_type="awsbackup", tags=tags)
    return with_partition(snapshot.arn, backend.region_name)


def _back_up_files(backend: Any, identifier: str, job: str, _tags: list[dict[str, str]]) -> str:
    if identifier not in efs_backends[backend.account_id][backend.region_name].file_systems_by_id:
        raise ResourceNotFoundException(f"Cannot find the resource: {identifier}")
    own = f"arn:aws:backup:{backend.region_name}:{backend.account_id}:recovery-point:{job}"
    return with_partition(own, backend.region_name)


_TYPES: dict[str, tuple[str, Callable[..., str]]] = {
    "rds": ("RDS", _back_up_database),
    "elasticfilesystem": ("EFS", _back_up_files),
}
"""By the service in a resource's ARN: AWS Backup's name of the type, and what makes a recovery point of one."""


def _start_backup(backend: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The job, which has ended: a database that is not available cannot be backed up."""
    vault, resource, identifier = request["BackupVaultName"], request["ResourceArn"], str(mock_random.uuid4())
    points, service, now = points_of(backend, vault), resource.split(":")[2], unix_time()
    if service not in _TYPES:
        raise InvalidParameterValueException(f"Unsupported resource type: {resource}")
    kind, take = _TYPES[service]
    tags, name = request.get("RecoveryPointTags") or {}, resource.rpartition(":")[2].rpartition("/")[2]
    arn = take(backend, name, identifier, [{"Key": key, "Value": value} for key, value in tags.items()])
    both = {
        "BackupVaultName": vault,
        "ResourceArn": resource,
        "ResourceType": kind,
        "IamRoleArn": request["IamRoleArn"],
        "CreationDate": now,
        "CompletionDate": now,
    }
    if arn:
        points[arn] = both | _kept(backend.describe_backup_vault(vault), arn, request.get("Lifecycle") or {}, now)
        backend.tag_resource(arn, tags)
        ending = {"State": "COMPLETED", "PercentDone": "100.0", "RecoveryPointArn": arn}
    else:
        ending = {"State": "FAILED", "StatusMessage": f"DB instance {name} is not in available state"}
    job = _jobs(backend, "backup")[identifier] = {"BackupJobId": identifier, **both, **ending}
    return job


def _kept(vault: Any, arn: str, lifecycle: dict[str, int], now: float) -> Point:
    days = lifecycle.get("DeleteAfterDays")
    return {
        "RecoveryPointArn": arn,
        "BackupVaultArn": vault.backup_vault_arn,
        "Status": "COMPLETED",
        "IsEncrypted": True,
        "EncryptionKeyArn": vault.encryption_key_arn,
        "Lifecycle": lifecycle,
        "CalculatedLifecycle": {"DeleteAt": now + days * DAY_S} if days else {},
    }


def _forget(backend: Any, point: Point) -> None:
    """AWS Backup deletes the snapshot along with the recovery point that it is."""
    snapshots: Any = rds_backends[backend.account_id][backend.region_name].database_snapshots
    snapshots.pop(point["RecoveryPointArn"].partition(":snapshot:")[2], None)


def _start_restore(backend: Any, request: dict[str, Any]) -> str:
    arn, metadata = request["RecoveryPointArn"], request["Metadata"]
    points = {key: point for vault in backend.vaults for key, point in points_of(backend, vault).items()}
    if arn not in points:
        raise ResourceNotFoundException(f"Cannot find recovery point: {arn}")
    if points[arn]["ResourceType"] != "EFS" or metadata.get("newFileSystem") != "true":
        raise NotImplementedError("only file systems are restored, into new ones")
    if missing := [name for name in _NEW_FILES if name not in metadata]:
        raise InvalidParameterValueException(f"Metadata lacks {', '.join(missing)}")
    files: Any = efs_backends[backend.account_id][backend.region_name]
    restored = files.create_file_system(
        creation_token=metadata["CreationToken"],
        performance_mode=metadata["PerformanceMode"],
        encrypted=metadata["Encrypted"] == "true",
        kms_key_id=metadata.get("KmsKeyId"),
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=0,
        availability_zone_name="",
        backup=False,
        tags=[],
    )
    identifier = str(mock_random.uuid4())
    _jobs(backend, "restore")[identifier] = {
        "RestoreJobId": identifier,
        "RecoveryPointArn": arn,
        "ResourceType": "EFS",
        "IamRoleArn": request.get("IamRoleArn", ""),
        "CreationDate": unix_time(),
        "CompletionDate": unix_time(),
        "Status": "COMPLETED",
        "PercentDone": "100.00%",
        "CreatedResourceArn": restored.file_system_arn,
    }
    return identifier


def _restore_metadata(backend: Any, point: Point) -> dict[str, str]:
    if point["ResourceType"] != "EFS":
        raise NotImplementedError("only file systems are restored by AWS Backup here")
    identifier = point["ResourceArn"].rpartition("/")[2]
    files = efs_backends[backend.account_id][backend.region_name].file_systems_by_id.get(identifier)
    key = {"KmsKeyId": files.kms_key_id} if files is not None and files.kms_key_id else {}
    mode = files.performance_mode if files is not None else "generalPurpose"
    return {"file-system-id": identifier, "Encrypted": "true", "PerformanceMode": mode, **key}


def _backs_up_and_restores(client: Client) -> bool:
    backup, efs = client("backup"), client("efs")
    backup.create_backup_vault(BackupVaultName="v", BackupVaultTags={"a": "b"})
    files = efs.create_file_system(CreationToken="t", Encrypted=True)["FileSystemArn"]
    role = "arn:aws-cn:iam::123456789012:role/r"
    backup.start_backup_job(BackupVaultName="v", ResourceArn=files, IamRoleArn=role, RecoveryPointTags={"c": "d"})
    (point,) = backup.list_recovery_points_by_backup_vault(BackupVaultName="v")["RecoveryPoints"]
    arn = point["RecoveryPointArn"]
    metadata = backup.get_recovery_point_restore_metadata(BackupVaultName="v", RecoveryPointArn=arn)["RestoreMetadata"]
    metadata |= {"newFileSystem": "true", "CreationToken": "other"}
    job = backup.start_restore_job(RecoveryPointArn=arn, Metadata=metadata, IamRoleArn=role)["RestoreJobId"]
    restored = backup.describe_restore_job(RestoreJobId=job)["CreatedResourceArn"].rpartition("/")[2]
    full = refusal(backup.delete_backup_vault, BackupVaultName="v")
    backup.delete_recovery_point(BackupVaultName="v", RecoveryPointArn=arn)
    backup.delete_backup_vault(BackupVaultName="v")
    encrypted = efs.describe_file_systems(FileSystemId=restored)["FileSystems"][0]["Encrypted"]
    return (backup.list_tags(ResourceArn=arn)["Tags"], full, encrypted) == ({"c": "d"}, "InvalidRequestException", True)


@moto_patch(_backs_up_and_restores)
def jobs_of_aws_backup(stack: ExitStack) -> None:
    """moto's AWS Backup takes no backup, so that its vaults are empty and can always be deleted.

    API reference: StartBackupJob, ListBackupJobs, ListRecoveryPointsByBackupVault, StartRestoreJob and their like;
    DeleteBackupVault: "A vault can be deleted only if it is empty." A job has ended when its call returns.
    """
    answers: dict[str, Callable[[Any], Any]] = {
        "start_backup_job": lambda self: _start_backup(self.backup_backend, json.loads(self.body)),
        "list_backup_jobs": _listed_jobs,
        "describe_backup_job": lambda self: _job(self.backup_backend, "backup", _parts(self)[1]),
        "list_recovery_points_by_backup_vault": _listed_points,
        "describe_recovery_point": lambda self: _point(self.backup_backend, _parts(self)[1], _parts(self)[3]),
        "delete_recovery_point": _delete_point,
        "get_recovery_point_restore_metadata": _metadata,
        "start_restore_job": lambda self: {
            "RestoreJobId": _start_restore(self.backup_backend, json.loads(self.body)),
        },
        "describe_restore_job": lambda self: _job(self.backup_backend, "restore", _parts(self)[1]),
    }
    patterns = {f"{{0}}/{path}": BackupResponse.dispatch for path in _PATHS}
    stack.enter_context(mock.patch.dict(urls.url_paths, patterns))
    for name, answer in answers.items():
        replace(stack, BackupResponse, name, lambda self, answer=answer: json.dumps(answer(self)))
    before(stack, BackupBackend, "delete_backup_vault", _refuse_full_vault)


def _parts(response: Any) -> list[str]:
    return [unquote(part) for part in response.path.strip("/").split("/")]


def _listed_jobs(response: Any) -> dict[str, Any]:
    state = response._get_param("state")
    jobs = _jobs(response.backup_backend, "backup").values()
    return {"BackupJobs": [job for job in jobs if state in (None, job["State"])]}


def _listed_points(response: Any) -> dict[str, Any]:
    kind = response._get_param("resourceType")
    points = points_of(response.backup_backend, _parts(response)[1]).values()
    return {"RecoveryPoints": [point for point in points if kind in (None, point["ResourceType"])]}


def _delete_point(response: Any) -> dict[str, Any]:
    backend, (_, vault, _, arn) = response.backup_backend, _parts(response)
    _forget(backend, _point(backend, vault, arn))
    del points_of(backend, vault)[arn]
    return {}


def _metadata(response: Any) -> dict[str, Any]:
    point = _point(response.backup_backend, _parts(response)[1], _parts(response)[3])
    metadata = _restore_metadata(response.backup_backend, point)
    return {"RecoveryPointArn": point["RecoveryPointArn"], "ResourceType": "EFS", "RestoreMetadata": metadata}


def _refuse_full_vault(backend: Any, name: str) -> None:
    if name in backend.vaults and points_of(backend, name):
        raise InvalidRequestException("Backup vault cannot be deleted because it contains recovery points.")


def _hides_snapshots_of_aws_backup(client: Client) -> bool:
    rds, backup = client("rds"), client("backup")
    arn = new_database(client, "d")["DBInstanceArn"]
    backup.create_backup_vault(BackupVaultName="w")
    role = "arn:aws-cn:iam::123456789012:role/r"
    backup.start_backup_job(BackupVaultName="w", ResourceArn=arn, IamRoleArn=role)
    kinds = {snapshot["SnapshotType"] for snapshot in rds.describe_db_snapshots()["DBSnapshots"]}
    (own,) = rds.describe_db_snapshots(SnapshotType="awsbackup")["DBSnapshots"]
    return "awsbackup" not in kinds and bool(own["DBSnapshotIdentifier"].startswith("awsbackup:job-"))


@moto_patch(_hides_snapshots_of_aws_backup)
def snapshots_of_aws_backup(stack: ExitStack) -> None:
    """moto lists snapshots of AWS Backup to whoever does not ask for their type.

    API reference, DescribeDBSnapshots: "If you don't specify a SnapshotType value, then both automated and manual
    snapshots are returned."
    """

    original = RDSBackend.describe_db_snapshots

    def find(
        self: Any,
        db_instance_identifier: str | None = None,
        db_snapshot_identifier: str | None = None,
        snapshot_type: str | None = None,
        filters: dict[str, Any] | None = None,
    ) -> Any:
        """moto looks for what it restores by the identifier alone."""
        by_aws_backup = (db_snapshot_identifier or "").startswith("awsbackup:")
        kind = snapshot_type or ("awsbackup" if by_aws_backup else None)
        return original(self, db_instance_identifier, db_snapshot_identifier, kind, filters)

    def shown(answer: Any, response: Any) -> Any:
        filters = {entry["Name"] for entry in response.params.get("Filters", [])}
        if not response.params.get("SnapshotType") and "snapshot-type" not in filters:
            snapshots = answer.result["DBSnapshots"]
            answer.result["DBSnapshots"] = [item for item in snapshots if item.snapshot_type != "awsbackup"]
        return answer

    replace(stack, RDSBackend, "describe_db_snapshots", find)
    after(stack, RDSResponse, "describe_db_snapshots", shown)

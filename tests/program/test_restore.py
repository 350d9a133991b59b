"""A stack from a restore point, asked of the rehearsed account. Opens accounts of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import Account, Rehearsal, rehearse
from tests.support.databases import create_database

REGIONS = ("cn-northwest-1", "ap-northeast-1")
ROLE = "arn:aws-cn:iam::123456789012:role/backups"


def test_a_snapshot_that_does_not_fit_is_refused_before_anything_is_made(archives: Path) -> None:
    region = "cn-north-1"
    with Account() as account:
        rds = account.client("rds", region)
        create_database(rds, "big", EngineVersion="14.9", AllocatedStorage=400)
        rds.create_db_snapshot(DBInstanceIdentifier="big", DBSnapshotIdentifier="wrong")
        config = {"cvat:restoreDatabaseSnapshot": "wrong", "cvat:modelArchives": str(archives)}
        done = rehearse(region, config=config, account=account)
    said = str(done.error)
    assert said.startswith("What the settings name cannot be used:")
    for part in ("not encrypted", "PostgreSQL 14.9", "400 GB"):
        assert part in said, "everything at once"
    assert not [resource for resource in done.resources if resource.type.startswith("aws:")]


@pytest.fixture(scope="module", params=REGIONS)
def restored(request: pytest.FixtureRequest, archives: Path) -> Iterator[Rehearsal]:
    """A stack from a pair of recovery points, by the steps of docs/operations.md, "Restore"."""
    region = request.param
    with Account() as account:
        rds, efs, backup = (account.client(service, region) for service in ("rds", "efs", "backup"))
        database = create_database(rds, "lost", AllocatedStorage=30, DBName="cvat", StorageEncrypted=True)
        lost_files = efs.create_file_system(CreationToken="lost", Encrypted=True)
        vault = {"BackupVaultName": "nightly"}
        backup.create_backup_vault(**vault)
        snapshot, point = (
            backup.start_backup_job(**vault, ResourceArn=store, IamRoleArn=ROLE)["RecoveryPointArn"]
            for store in (database["DBInstanceArn"], lost_files["FileSystemArn"])
        )
        rds.delete_db_instance(DBInstanceIdentifier="lost", SkipFinalSnapshot=True)
        efs.delete_file_system(FileSystemId=lost_files["FileSystemId"])
        recorded = backup.get_recovery_point_restore_metadata(**vault, RecoveryPointArn=point)["RestoreMetadata"]
        metadata = recorded | {"newFileSystem": "true", "CreationToken": "by-aws-backup"}
        job = backup.start_restore_job(RecoveryPointArn=point, IamRoleArn=ROLE, Metadata=metadata)["RestoreJobId"]
        files = backup.describe_restore_job(RestoreJobId=job)["CreatedResourceArn"].rpartition("/")[2]
        config = {"cvat:restoreDatabaseSnapshot": snapshot, "cvat:fileSystemId": files}
        config |= {"cvat:dbEngineVersion": "15.12", "cvat:modelArchives": str(archives)}
        done = rehearse(region, config=config, account=account)
        assert done.error is None, done.error
        assert all(verdict.ok for verdict in done.checks), done.checks
        yield done


def test_the_database_is_made_from_the_snapshot_and_as_large_as_the_settings_say(restored: Rehearsal) -> None:
    assert "rds:RestoreDBInstanceFromDBSnapshot" in restored.account.calls
    (database,) = restored.client("rds").describe_db_instances()["DBInstances"]
    assert (database["DBName"], database["MasterUsername"]) == ("cvat", "cvat"), "as the snapshot has them"
    assert database["AllocatedStorage"] == 50
    assert database["DeletionProtection"]
    assert database["BackupRetentionPeriod"] == 14


def test_the_restored_file_system_is_used_and_backed_up(restored: Rehearsal) -> None:
    (files,) = restored.client("efs").describe_file_systems()["FileSystems"]
    assert files["CreationToken"] == "by-aws-backup", "no second file system is made"
    assert files["NumberOfMountTargets"] == 3
    assert files["FileSystemArn"] in restored.outputs["backups"]["stores"].values()


def test_the_database_gets_the_new_stacks_password(restored: Rehearsal) -> None:
    from moto.rds.models import rds_backends  # noqa: PLC0415  (no API tells a password)

    (database,) = rds_backends[restored.account.id][restored.region].databases.values()
    secrets = restored.client("secretsmanager")
    (name,) = [secret["Name"] for secret in secrets.list_secrets()["SecretList"] if "data-database" in secret["Name"]]
    stored = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert database._master_user_password == stored["password"]


def test_files_are_put_in_place_before_anything_is_initialised(restored: Rehearsal) -> None:
    (init,) = [
        definition
        for definition in restored.of_type("aws:ecs/taskDefinition:TaskDefinition")
        if definition.name == "init"
    ]
    containers = {container["name"]: container for container in json.loads(init.inputs["containerDefinitions"])}
    assert list(containers) == ["put-in-place", "init", "copy-demo"]
    assert containers["put-in-place"]["command"] == ["/restored", "data", "share"]
    assert containers["init"]["dependsOn"] == [{"containerName": "put-in-place", "condition": "SUCCESS"}]


def test_no_other_task_sees_the_whole_file_system(restored: Rehearsal) -> None:
    points = restored.client("efs").describe_access_points()["AccessPoints"]
    (root,) = [point for point in points if point["RootDirectory"]["Path"] == "/"]
    users = [
        definition.name
        for definition in restored.of_type("aws:ecs/taskDefinition:TaskDefinition")
        if root["AccessPointId"] in json.dumps(definition.inputs["volumes"])
    ]
    assert users == ["init"]
    policies = restored.of_type("aws:iam/rolePolicy:RolePolicy")
    assert [policy.name for policy in policies if "ClientRootAccess" in policy.inputs["policy"]] == ["init-task"]

"""Data stores, and what a new stack's are restored from."""

from __future__ import annotations

from typing import Any

from tests.program.every_setting.claims import claim
from tests.program.every_setting.seen import Seen


@claim("dbEngineVersion", "15.12", round_="given")
def the_database_is_of_the_version(seen: Seen, version: str) -> None:
    assert seen.database["EngineVersion"] == version, "a snapshot can only be restored as what it was"


@claim("dbInstanceClass", "db.r6g.large")
def the_database_is_of_the_class(seen: Seen, name: str) -> None:
    assert seen.database["DBInstanceClass"] == name, "the database is what most of the bill is"


@claim("dbStorageGb", 77)
def the_database_begins_with_the_storage(seen: Seen, size: int) -> None:
    assert seen.database["AllocatedStorage"] == size, "storage never shrinks again"


@claim("dbMaxStorageGb", 333)
def the_database_grows_up_to_the_limit(seen: Seen, size: int) -> None:
    assert seen.database["MaxAllocatedStorage"] == size, "a full database stops"


@claim("dbAvailability", "single")
def the_database_has_no_standby(seen: Seen, _: str) -> None:
    assert seen.database["MultiAZ"] is False, "a standby doubles the price"
    assert seen.database["DBInstanceClass"] == "db.r6g.large", "the preset's standby is what is switched off"


@claim("dbBackupDays", 9)
def rds_keeps_its_own_backups_for_the_days(seen: Seen, days: int) -> None:
    assert seen.database["BackupRetentionPeriod"] == days, "point-in-time recovery goes back so far"


@claim("backupDays", 55)
def restore_points_are_kept_for_the_days(seen: Seen, days: int) -> None:
    assert seen.backup_rule["Lifecycle"]["DeleteAfterDays"] == days, "a restore goes back so far"


@claim("backupHour", 3)
def restore_points_are_taken_at_the_hour(seen: Seen, hour: int) -> None:
    assert seen.backup_rule["ScheduleExpression"] == f"cron(0 {hour} * * ? *)", "people work at other hours"
    assert seen.database["PreferredBackupWindow"] == "00:00-00:30", "RDS keeps its distance"


@claim("backupKeyArn", lambda on: on.arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab"))
def restore_points_are_encrypted_by_the_key(seen: Seen, arn: str) -> None:
    vaults = seen.client("backup").list_backup_vaults()["BackupVaultList"]
    assert [vault["EncryptionKeyArn"] for vault in vaults] == [arn], "who may use the key may restore"


@claim("mediaBuckets", ["our-photos", "our-films"])
def cvats_processes_and_no_others_read_the_buckets(seen: Seen, buckets: list[str]) -> None:
    partition = "aws-cn" if seen.done.region.startswith("cn-") else "aws"
    for bucket in buckets:
        for kind in ("server", "worker", "annotation-worker"):
            assert f"arn:{partition}:s3:::{bucket}/*" in seen.role(kind), f"{kind} could not read {bucket}"
        assert bucket not in seen.role("gateway") + seen.role("init"), "they have no business there"
    assert seen.environment("server")["CVAT_S3_ROLE_BUCKETS"] == ",".join(buckets), "CVAT would not try"


@claim("redisEngineVersion", "7.0")
def redis_is_of_the_version(seen: Seen, version: str) -> None:
    inputs = seen.record("aws:elasticache/replicationGroup:ReplicationGroup", "data-redis").inputs
    assert inputs["engineVersion"] == version, "AWS would choose"
    node = seen.client("elasticache").describe_cache_clusters()["CacheClusters"]
    assert not node or {one["EngineVersion"] for one in node} == {version}, "the nodes run another"


@claim("redisNodeType", "cache.m6g.large")
def redis_runs_on_the_node_type(seen: Seen, name: str) -> None:
    assert seen.cache["CacheNodeType"] == name, "its memory is what the jobs wait in"


@claim("redisReplicas", 2)
def redis_has_so_many_that_can_take_over(seen: Seen, replicas: int) -> None:
    assert len(seen.cache["MemberClusters"]) == 1 + replicas, "the first, and those that take over"
    assert seen.cache["AutomaticFailover"] == "enabled", "a replica that never takes over is of no use"


@claim("restoreDatabaseSnapshot", lambda on: on.snapshot, round_="given")
def the_database_is_made_from_the_snapshot(seen: Seen, arn: str) -> None:
    assert "rds:RestoreDBInstanceFromDBSnapshot" in seen.done.account.calls, f"{arn} would be forgotten"
    assert seen.database["DBName"] == "cvat", "the snapshot's database"


@claim("restoreFileSystem", lambda on: on.file_system, round_="given")
def the_restored_file_system_is_used_and_no_other_made(seen: Seen, file_system: str) -> None:
    systems: list[dict[str, Any]] = seen.client("efs").describe_file_systems()["FileSystems"]
    assert [one["FileSystemId"] for one in systems] == [file_system], "CVAT would begin with empty folders"
    assert systems[0]["NumberOfMountTargets"] == 3, "tasks could not mount it"
    assert seen.container("init")["name"] == "put-in-place", "its content lies in a folder of AWS Backup's"

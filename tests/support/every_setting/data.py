"""Data stores: new ones, restored ones, and those that exist already."""

from __future__ import annotations

from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim


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
    assert all(cluster["EngineVersion"].startswith(f"{version}.") for cluster in node), "the nodes run another"


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


@claim("dbInstanceId", lambda on: on.theirs["dbInstanceId"], round_="asleep")
def the_existing_database_is_used_and_none_is_made(seen: Seen, name: str) -> None:
    assert seen.environment("server")["CVAT_POSTGRES_HOST"].startswith(f"{name}."), "CVAT would find no project"
    assert not seen.done.of_type("aws:rds/instance:Instance"), "a second one would be paid for, and empty"


@claim("dbSecretArn", lambda on: on.theirs["dbSecretArn"], round_="asleep")
def cvat_logs_in_with_the_existing_secret(seen: Seen, arn: str) -> None:
    secrets = {secret["name"]: secret["valueFrom"] for secret in seen.container("server")["secrets"]}
    assert secrets["CVAT_POSTGRES_PASSWORD"] == f"{arn}:password::", "the database would refuse"
    assert arn in seen.role("server", "execution"), "ECS could not fetch it"


@claim("dbSecurityGroupId", lambda on: on.theirs["dbSecurityGroupId"], round_="asleep")
def the_databases_group_lets_cvat_in(seen: Seen, group: str) -> None:
    assert let_in(seen, group) == {5432}, "CVAT and nothing else is let in"


def let_in(seen: Seen, group: str) -> set[int]:
    """The ports of a group that others may call."""
    (described,) = seen.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return {rule["FromPort"] for rule in described["IpPermissions"]}


@claim("dbName", "annotation", round_="asleep")
def cvat_uses_the_database_of_the_name(seen: Seen, name: str) -> None:
    for kind in ("server", "worker", "init"):
        assert seen.environment(kind, kind)["CVAT_POSTGRES_DBNAME"] == name, "CVAT would find no project"


@claim("fileSystemId", lambda on: on.theirs["fileSystemId"], round_="asleep")
def the_existing_file_system_is_used_and_none_is_made(seen: Seen, file_system: str) -> None:
    assert seen.done.outputs["stores"]["files"] == file_system, "CVAT would begin with empty folders"
    volumes = seen.task("server")["volumes"]
    mounted = [volume["efsVolumeConfiguration"] for volume in volumes if "efsVolumeConfiguration" in volume]
    assert mounted, "CVAT would lose its files with its task"
    assert {volume["fileSystemId"] for volume in mounted} == {file_system}, "CVAT would mount another"
    assert not seen.done.of_type("aws:efs/fileSystem:FileSystem"), "a second one would be paid for, and empty"


@claim("fileSystemSecurityGroupId", lambda on: on.theirs["fileSystemSecurityGroupId"], round_="asleep")
def the_file_systems_group_lets_cvat_in_and_gets_no_more_mount_targets(seen: Seen, group: str) -> None:
    assert let_in(seen, group) == {2049}, "CVAT and nothing else is let in"
    assert not seen.done.of_type("aws:efs/mountTarget:MountTarget"), "a zone has one mount target"

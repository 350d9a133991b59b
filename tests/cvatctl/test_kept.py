"""`kept`: what is left of a destroyed stack, in an account where another stack lives."""

from __future__ import annotations

from collections.abc import Callable
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from rehearsal import Rehearsal

Run = Callable[..., tuple[int, str, str]]
REGION = "cn-northwest-1"


@pytest.fixture(scope="module")
def destroyed(deployed: Rehearsal) -> Rehearsal:
    """What Pulumi's provider does at the end of a protected stack, by the names that the program has given."""
    rds, cache = deployed.client("rds"), deployed.client("elasticache")
    (database,) = deployed.of_type("aws:rds/instance:Instance")
    name = deployed.outputs["stores"]["database"]
    rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    rds.delete_db_instance(
        DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=database.inputs["finalSnapshotIdentifier"]
    )
    (redis,) = deployed.of_type("aws:elasticache/replicationGroup:ReplicationGroup")
    member = cache.describe_replication_groups()["ReplicationGroups"][0]["MemberClusters"][0]
    cache.create_snapshot(CacheClusterId=member, SnapshotName=redis.inputs["finalSnapshotIdentifier"])
    deployed.client("secretsmanager").delete_secret(SecretId=deployed.outputs["admin_secret_arn"])
    return deployed


def test_everything_that_a_destroy_keeps_is_named_with_what_to_do(run: Run, destroyed: Rehearsal) -> None:
    code, out, _ = run("kept", "--stack", REGION, "--region", REGION)
    assert code == 0, out
    (database,) = destroyed.of_type("aws:rds/instance:Instance")
    last = database.inputs["finalSnapshotIdentifier"]
    assert last.startswith(f"cvat-{REGION}-database-final-")
    assert f"cvat:restoreDatabaseSnapshot {last}" in out, "a snapshot is kept to be restored"
    assert f"delete-db-snapshot --db-snapshot-identifier {last}" in out, "and costs until it is removed"
    assert f"cvat-{REGION}-redis-final-" in out
    assert destroyed.outputs["backups"]["vault"] in out
    assert "0 recovery points" in out
    assert "deleted, can still be restored" in out
    for bucket in destroyed.of_type("aws:s3/bucket:Bucket"):
        assert bucket.id in out, "a bucket that is not empty outlives the stack"
    for repository in destroyed.of_type("aws:ecr/repository:Repository"):
        assert f"delete-repository --force --repository-name {repository.id}" in out, "images cost until then"


def test_what_is_another_stacks_is_not_shown(run: Run, destroyed: Rehearsal) -> None:
    code, out, _ = run("kept", "--stack", "cn-northwest", "--region", REGION)
    assert code == 0
    assert out.count("  none") == 6, "the name's beginning is not the name"


def test_a_part_that_may_not_be_asked_hides_no_other(run: Run, destroyed: Rehearsal) -> None:
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DescribeDBSnapshots")
    with mock.patch("moto.rds.models.RDSBackend.describe_db_snapshots", side_effect=refusal):
        code, out, _ = run("kept", "--stack", REGION, "--region", REGION)
    assert code == 1
    assert "These credentials may not call DescribeDBSnapshots (not you)" in out
    assert destroyed.outputs["backups"]["vault"] in out


def test_without_a_name_nothing_can_be_found(run: Run) -> None:
    code, _, err = run("kept", "--region", REGION)
    assert code == 2
    assert "Missing option '--stack'" in err

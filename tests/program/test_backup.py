"""Backups, asked of the rehearsed account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rehearsal import Rehearsal
from settings.releases import DEFAULT

Rehearse = Callable[..., Rehearsal]
STACKS = {"cn-northwest-1": "aws-cn", "ap-northeast-1": "aws"}


@pytest.fixture(scope="module", params=STACKS)
def stack(request: pytest.FixtureRequest, rehearsed: Rehearse) -> Rehearsal:
    done = rehearsed(request.param)
    assert done.error is None, done.error
    assert all(verdict.ok for verdict in done.checks), done.checks
    return done


def the_plan(done: Rehearsal) -> dict[str, Any]:
    backup = done.client("backup")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    return dict(backup.get_backup_plan(BackupPlanId=plan["BackupPlanId"])["BackupPlan"])


def the_selection(done: Rehearsal) -> dict[str, Any]:
    backup = done.client("backup")
    (plan,) = backup.list_backup_plans()["BackupPlansList"]
    (selection,) = backup.list_backup_selections(BackupPlanId=plan["BackupPlanId"])["BackupSelectionsList"]
    details = backup.get_backup_selection(BackupPlanId=plan["BackupPlanId"], SelectionId=selection["SelectionId"])
    return dict(details["BackupSelection"])


def test_database_and_files_are_taken_together_by_one_rule(stack: Rehearsal) -> None:
    (database,) = stack.client("rds").describe_db_instances()["DBInstances"]
    (files,) = stack.client("efs").describe_file_systems()["FileSystems"]
    assert set(the_selection(stack)["Resources"]) == {database["DBInstanceArn"], files["FileSystemArn"]}
    (rule,) = the_plan(stack)["Rules"]
    assert rule["TargetBackupVaultName"] == stack.outputs["backups"]["vault"]
    assert rule["Lifecycle"]["DeleteAfterDays"] == 35


def test_a_recovery_point_says_which_cvat_wrote_it(stack: Rehearsal) -> None:
    (rule,) = the_plan(stack)["Rules"]
    everywhere = {"project": "cvat", "stack": stack.stack, "managed-by": "pulumi"}
    assert rule["RecoveryPointTags"] == {**everywhere, "cvat:release": DEFAULT.version}


def test_rds_neither_backs_up_nor_is_maintained_while_the_plan_runs(stack: Rehearsal) -> None:
    (rule,) = the_plan(stack)["Rules"]
    assert (rule["ScheduleExpression"], rule["StartWindowMinutes"]) == ("cron(0 18 * * ? *)", 60)
    (database,) = stack.client("rds").describe_db_instances()["DBInstances"]
    assert database["PreferredBackupWindow"] == "15:00-15:30"
    assert database["PreferredMaintenanceWindow"] == "sun:00:00-sun:00:30"


def test_files_are_not_backed_up_a_second_time_by_efs_itself(stack: Rehearsal) -> None:
    (files,) = stack.client("efs").describe_file_systems()["FileSystems"]
    (policy,) = stack.of_type("aws:efs/backupPolicy:BackupPolicy")
    assert policy.inputs["backupPolicy"] == {"status": "DISABLED"}
    described = stack.client("efs").describe_backup_policy(FileSystemId=files["FileSystemId"])
    assert described["BackupPolicy"]["Status"] == "DISABLED", "each file would be paid twice"


def test_one_role_takes_and_another_restores(stack: Rehearsal) -> None:
    iam, partition = stack.client("iam"), STACKS[stack.region]
    exported = stack.outputs["backups"]
    assert the_selection(stack)["IamRoleArn"] == exported["role_arn"]
    for key, policy in (("role_arn", "ForBackup"), ("restore_role_arn", "ForRestores")):
        role = exported[key].rpartition("/")[2]
        (attached,) = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        expected = f"arn:{partition}:iam::aws:policy/service-role/AWSBackupServiceRolePolicy{policy}"
        assert attached["PolicyArn"] == expected
        trusted = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
        assert trusted == {"Service": "backup.amazonaws.com"}


def test_a_disposable_stack_takes_no_backups_unless_it_asks_for_them(rehearsed: Rehearse) -> None:
    done = rehearsed("ap-northeast-1", disposable=True)
    assert done.error is None, done.error
    assert not done.client("backup").list_backup_plans()["BackupPlansList"]
    assert done.outputs["backups"] == {}
    done = rehearsed("ap-northeast-1", disposable=True, backupDays=3)
    assert the_plan(done)["Rules"][0]["Lifecycle"]["DeleteAfterDays"] == 3


def test_an_ordinary_stack_has_no_access_to_the_root_of_its_files(rehearsed: Rehearse) -> None:
    done = rehearsed("cn-northwest-1")
    paths = [point["RootDirectory"]["Path"] for point in done.client("efs").describe_access_points()["AccessPoints"]]
    assert sorted(paths) == ["/data", "/share"]
    policies = [str(record.inputs["policy"]) for record in done.of_type("aws:iam/rolePolicy:RolePolicy")]
    assert not any("ClientRootAccess" in policy for policy in policies)

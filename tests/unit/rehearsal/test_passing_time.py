"""What AWS does by itself as time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from rehearsal import Account
from rehearsal.aws.passing_time import carry_out, due_calls
from tests.support.databases import create_database

VAULT = {"BackupVaultName": "nightly"}


def test_a_schedule_and_a_scheduled_action_begin_at_their_start_date() -> None:
    """A paused one has a start date in the future: EventBridge Scheduler and Application Auto Scaling wait for it."""
    region, day = "cn-north-1", datetime(2030, 1, 7, tzinfo=UTC)
    with Account() as account:
        scheduler, scaling = account.client("scheduler", region), account.client("application-autoscaling", region)
        call = {"Arn": "arn:aws-cn:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": "arn:aws-cn:iam::1:role/r"}
        target = {
            "ServiceNamespace": "ecs",
            "ResourceId": "service/c/s",
            "ScalableDimension": "ecs:service:DesiredCount",
        }
        for name, begins in (("always", None), ("paused", day + timedelta(hours=2))):
            scheduler.create_schedule(
                Name=name,
                ScheduleExpression="cron(0 1,3 * * ? *)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={**call, "Input": '{"DbInstanceIdentifier": "db"}'},
                **({"StartDate": begins} if begins else {}),
            )
            scaling.put_scheduled_action(
                **target,
                ScheduledActionName=name,
                Schedule="cron(0 1,3 * * ? *)",
                ScalableTargetAction={"MinCapacity": 0, "MaxCapacity": 0},
                **({"StartTime": begins} if begins else {}),
            )
        calls = due_calls(account, day, day + timedelta(hours=4))
    assert sorted(call.at.hour for call in calls) == [1, 1, 3, 3, 3, 3], [(call.title, call.at) for call in calls]
    assert not [call.title for call in calls if "paused" in call.title and call.at.hour == 1]


def test_a_plan_takes_recovery_points_which_expire_and_none_of_a_stopped_database() -> None:
    """AWS Backup developer guide: a database that is not available cannot be backed up; lifecycle in days."""
    region, day = "cn-north-1", datetime.now(UTC)
    with Account() as account:
        rds, efs, backup = (account.client(service, region) for service in ("rds", "efs", "backup"))
        database = create_database(rds, "db")["DBInstanceArn"]
        files = efs.create_file_system(CreationToken="files", Encrypted=True)["FileSystemArn"]
        backup.create_backup_vault(**VAULT)
        rule = {
            "RuleName": "daily",
            "TargetBackupVaultName": "nightly",
            "ScheduleExpression": "cron(0 18 * * ? *)",
            "Lifecycle": {"DeleteAfterDays": 2},
            "RecoveryPointTags": {"stack": "s"},
        }
        plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [rule]})["BackupPlanId"]
        role = "arn:aws-cn:iam::123456789012:role/r"
        selection = {"SelectionName": "stores", "IamRoleArn": role, "Resources": [database, files]}
        backup.create_backup_selection(BackupPlanId=plan, BackupSelection=selection)
        for night in range(4):
            if night == 3:
                rds.stop_db_instance(DBInstanceIdentifier="db")
            calls = due_calls(account, day + timedelta(days=night), day + timedelta(days=night + 1))
            assert len(calls) == 2, [call.title for call in calls]
            with time_machine.travel(calls[0].at):
                for call in calls:
                    carry_out(call)
        with time_machine.travel(calls[0].at + timedelta(minutes=1)):
            points = backup.list_recovery_points_by_backup_vault(**VAULT)["RecoveryPoints"]
            snapshots = rds.describe_db_snapshots(SnapshotType="awsbackup")["DBSnapshots"]
        (failed,) = backup.list_backup_jobs(ByState="FAILED")["BackupJobs"]
        tags = backup.list_tags(ResourceArn=points[0]["RecoveryPointArn"])["Tags"]
    assert sorted(point["ResourceType"] for point in points) == ["EFS", "EFS", "RDS"], (
        "two nights, but one of the database"
    )
    assert len(snapshots) == 1, "the snapshot goes with its recovery point"
    assert "not in available state" in failed["StatusMessage"]
    assert tags == {"stack": "s"}

"""What AWS does by itself as time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rehearsal import Account
from rehearsal.aws.passing_time import due_calls


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

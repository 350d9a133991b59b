"""EventBridge Scheduler."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.scheduler.models import Schedule

from rehearsal.aws.moto_patches.patch import Client, after, moto_patch


def _an_update_enables(client: Client) -> bool:
    call = {
        "Name": "s",
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": "arn:aws-cn:scheduler:::aws-sdk:sns:listTopics", "RoleArn": "arn:aws-cn:iam::1:role/r"},
    }
    client("scheduler").create_schedule(**call, State="DISABLED")
    client("scheduler").update_schedule(**call)
    return bool(client("scheduler").get_schedule(Name="s").get("State") == "ENABLED")


@moto_patch(_an_update_enables)
def updates_that_enable(stack: ExitStack) -> None:
    """moto's UpdateSchedule without a state leaves none, and no schedule without one makes its calls here.

    API reference, UpdateSchedule: what is not given is set to its default, which is ENABLED.
    """

    def enable(result: None, schedule: Any, **_: Any) -> None:
        schedule.state = schedule.state or "ENABLED"
        return result

    after(stack, Schedule, "update", enable)

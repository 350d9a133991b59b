"""Schedules: API calls that EventBridge Scheduler makes, with a role that may make just these."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.scheduler.scheduled_calls import ScheduledCall

_LONGEST_RETRY_SECONDS = 900
_RETRIES = 3
"""Scheduler's own 185 retries in a day would make a call long after its moment."""


def schedules(
    name: str,
    context: StackContext,
    group: pulumi.Input[str],
    calls: Sequence[ScheduledCall],
    opts: pulumi.ResourceOptions,
) -> None:
    """A schedule for each call, at least one. `group`: name of their schedule group.

    Their times are in the time zone of the office hours, else in UTC.
    """
    role = _role(name, context, calls, opts)
    for call in calls:
        aws.scheduler.Schedule(
            f"{name}-{call.name}",
            group_name=group,
            schedule_expression=call.when,
            schedule_expression_timezone=context.hours.zone if context.hours else None,
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": context.region.arn("scheduler", f"aws-sdk:{call.api}", region=""),
                "role_arn": role.arn,
                "input": pulumi.Output.json_dumps(dict(call.parameters)),
                "retry_policy": {
                    "maximum_event_age_in_seconds": _LONGEST_RETRY_SECONDS,
                    "maximum_retry_attempts": _RETRIES,
                },
            },
            opts=opts,
        )


def _role(
    name: str, context: StackContext, calls: Sequence[ScheduledCall], opts: pulumi.ResourceOptions
) -> aws.iam.Role:
    principal = context.region.principal("scheduler")
    role = aws.iam.Role(name, assume_role_policy=iam.trust(principal, context.account), opts=opts)
    statements = [statement for call in calls for statement in call.statements]
    aws.iam.RolePolicy(name, role=role.name, policy=iam.document(statements), opts=opts)
    return role

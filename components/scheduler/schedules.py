"""Schedules: API calls that EventBridge Scheduler makes, in their own group, with a role that allows just those."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.scheduler.scheduled_calls import ScheduledCall

_LONGEST_TRY_SECONDS = 900
_TRIES = 3
"""Far fewer than Scheduler's own 185 in a day: after that, the moment is over."""


def scheduled(
    name: str, context: StackContext, todo: Sequence[ScheduledCall], opts: pulumi.ResourceOptions
) -> aws.scheduler.ScheduleGroup:
    """A schedule for each call, at least one; times are in the time zone of office hours, where there are any."""
    role = _role(name, context, todo, opts)
    group = aws.scheduler.ScheduleGroup(name, aws.scheduler.ScheduleGroupArgs(tags=dict(context.tags)), opts=opts)
    for call in todo:
        aws.scheduler.Schedule(
            f"{name}-{call.name}",
            aws.scheduler.ScheduleArgs(
                group_name=group.name,
                schedule_expression=call.when,
                schedule_expression_timezone=context.hours.zone if context.hours else None,
                flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
                target=aws.scheduler.ScheduleTargetArgs(
                    arn=context.region.arn("scheduler", f"aws-sdk:{call.api}", region=""),
                    role_arn=role.arn,
                    input=pulumi.Output.json_dumps(dict(call.given)),
                    retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                        maximum_event_age_in_seconds=_LONGEST_TRY_SECONDS, maximum_retry_attempts=_TRIES
                    ),
                ),
            ),
            opts=opts,
        )
    return group


def _role(
    name: str, context: StackContext, todo: Sequence[ScheduledCall], opts: pulumi.ResourceOptions
) -> aws.iam.Role:
    principal = context.region.principal("scheduler")
    role = aws.iam.Role(
        name,
        aws.iam.RoleArgs(assume_role_policy=iam.trust(principal, context.account), tags=dict(context.tags)),
        opts=opts,
    )
    statements = [statement for call in todo for statement in call.statements]
    aws.iam.RolePolicy(name, aws.iam.RolePolicyArgs(role=role.name, policy=iam.document(statements)), opts=opts)
    return role

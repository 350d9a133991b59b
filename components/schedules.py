"""Schedules: errands that EventBridge Scheduler runs, in a group of their own, with a role that may do just these."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import policies
from components.errands import Errand
from components.site import Site

_LONGEST_TRY_SECONDS = 900
_TRIES = 3
"""Far fewer than Scheduler's own 185 in a day: after that, the moment is over."""


def scheduled(
    name: str, site: Site, todo: Sequence[Errand], opts: pulumi.ResourceOptions
) -> aws.scheduler.ScheduleGroup:
    """A schedule for each errand, at least one; times are in the time zone of office hours, where there are any."""
    role = _role(name, site, todo, opts)
    group = aws.scheduler.ScheduleGroup(name, aws.scheduler.ScheduleGroupArgs(tags=dict(site.tags)), opts=opts)
    for errand in todo:
        aws.scheduler.Schedule(
            f"{name}-{errand.name}",
            aws.scheduler.ScheduleArgs(
                group_name=group.name,
                schedule_expression=errand.when,
                schedule_expression_timezone=site.hours.zone if site.hours else None,
                flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
                target=aws.scheduler.ScheduleTargetArgs(
                    arn=site.region.arn("scheduler", f"aws-sdk:{errand.api}", region=""),
                    role_arn=role.arn,
                    input=pulumi.Output.json_dumps(dict(errand.given)),
                    retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                        maximum_event_age_in_seconds=_LONGEST_TRY_SECONDS, maximum_retry_attempts=_TRIES
                    ),
                ),
            ),
            opts=opts,
        )
    return group


def _role(name: str, site: Site, todo: Sequence[Errand], opts: pulumi.ResourceOptions) -> aws.iam.Role:
    principal = site.region.principal("scheduler")
    role = aws.iam.Role(
        name,
        aws.iam.RoleArgs(assume_role_policy=policies.trust(principal, site.account), tags=dict(site.tags)),
        opts=opts,
    )
    statements = [statement for errand in todo for statement in errand.statements]
    aws.iam.RolePolicy(name, aws.iam.RolePolicyArgs(role=role.name, policy=policies.document(statements)), opts=opts)
    return role

"""Sleep: what puts a stack to rest after everything else is there, and the schedule that keeps it so or wakes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import errands, policies
from components.database import Database
from components.database_switch import DatabaseSwitch
from components.errands import Errand, Named, SleepingEndpoint
from components.site import Site

_LONGEST_TRY_SECONDS = 900
_TRIES = 3
"""Far fewer than Scheduler's own 185 in a day: after that, the moment is over."""


@dataclass(frozen=True, kw_only=True)
class SleepArgs:
    site: Site
    database: Database
    """Only one of the stack's own is stopped."""
    page_rule: aws.lb.ListenerRule | None
    """The listener's rule that shows the page."""
    endpoints: Sequence[SleepingEndpoint] = ()
    alarms: Sequence[Named] = ()
    """Alarms that would ring because of the sleep."""
    after: Sequence[pulumi.Resource] = ()
    """What uses the database."""


class Sleep(pulumi.ComponentResource):
    """A stopped database that stays stopped; or, with office hours, everything that the clock does."""

    def __init__(self, name: str, args: SleepArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # The estimate of costs reads the share of the week in which the stack is awake.
        super().__init__("cvat:index:Sleep", name, {"awake": args.site.hours.share if args.site.hours else 0.0}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        if args.site.hours is None and args.database.ours:
            self._stop()
        todo = list(self._errands())
        if todo:
            self._schedule(todo)
        self.register_outputs({"errands": [errand.name for errand in todo]})

    def _stop(self) -> None:
        args = self._args
        DatabaseSwitch(
            self._name,
            {
                "region": args.site.region.name,
                "profile": args.site.profile,
                "instance": args.database.identifier,
                "wanted": "stopped",
                "final_snapshot": args.site.protect,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )

    def _errands(self) -> Iterator[Errand]:
        args = self._args
        database = Named(name=args.database.identifier, arn=args.database.arn)
        if args.site.hours is None:
            yield from errands.stay_stopped(database) if args.database.ours else ()
            return
        yield from errands.by_hours(args.site.hours, database) if args.database.ours else ()
        for endpoint in args.endpoints:
            yield from errands.endpoint_by_hours(args.site.hours, endpoint, args.site.tags)
        if args.page_rule is not None:
            yield from errands.page_by_hours(args.site.hours, args.page_rule.arn)
        yield from errands.alarms_by_hours(args.site.hours, args.alarms)

    def _schedule(self, todo: Sequence[Errand]) -> None:
        name, args = self._name, self._args
        region, role = args.site.region, self._role(todo)
        group = aws.scheduler.ScheduleGroup(
            name, aws.scheduler.ScheduleGroupArgs(tags=dict(args.site.tags)), opts=self._child
        )
        for errand in todo:
            aws.scheduler.Schedule(
                f"{name}-{errand.name}",
                aws.scheduler.ScheduleArgs(
                    group_name=group.name,
                    schedule_expression=errand.when,
                    schedule_expression_timezone=args.site.hours.zone if args.site.hours else None,
                    flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
                    target=aws.scheduler.ScheduleTargetArgs(
                        arn=region.arn("scheduler", f"aws-sdk:{errand.api}", region=""),
                        role_arn=role.arn,
                        input=pulumi.Output.json_dumps(dict(errand.given)),
                        retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                            maximum_event_age_in_seconds=_LONGEST_TRY_SECONDS, maximum_retry_attempts=_TRIES
                        ),
                    ),
                ),
                opts=self._child,
            )

    def _role(self, todo: Sequence[Errand]) -> aws.iam.Role:
        name, args = self._name, self._args
        principal = args.site.region.principal("scheduler")
        role = aws.iam.Role(
            name,
            aws.iam.RoleArgs(
                assume_role_policy=policies.trust(principal, args.site.account), tags=dict(args.site.tags)
            ),
            opts=self._child,
        )
        statements = [statement for errand in todo for statement in errand.statements]
        aws.iam.RolePolicy(
            name, aws.iam.RolePolicyArgs(role=role.name, policy=policies.document(statements)), opts=self._child
        )
        return role

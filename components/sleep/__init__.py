"""Sleep: what puts a stack to rest after everything else is there, and the schedule that keeps it so or wakes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.context import StackContext
from components.data_tier.database import Database
from components.dynamic.database_switch import DatabaseSwitch
from components.monitoring import Alarms
from components.scheduler import scheduled_calls
from components.scheduler.scheduled_calls import ResourceReference, ScheduledCall, SleepingEndpoint
from components.scheduler.schedules import scheduled


@dataclass(frozen=True, kw_only=True)
class SleepArgs:
    context: StackContext
    database: Database
    """Only one of the stack's own is stopped."""
    page_rule: aws.lb.ListenerRule | None
    """The listener's rule that shows the page."""
    endpoints: Sequence[SleepingEndpoint] = ()
    alarms: Alarms
    """Those that would ring because of the sleep rest; and they watch the clock."""
    after: Sequence[pulumi.Resource] = ()
    """What uses the database."""


class Sleep(pulumi.ComponentResource):
    """A stopped database that stays stopped; or, with office hours, everything that the clock does."""

    def __init__(self, name: str, args: SleepArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        # The estimate of costs reads the share of the week in which the stack is awake.
        super().__init__(
            "cvat:index:Sleep", name, {"awake": args.context.hours.share if args.context.hours else 0.0}, opts
        )
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        if args.context.hours is None and args.database.ours:
            self._stop()
        todo = list(self._scheduled_calls())
        if todo:
            group = scheduled(name, args.context, todo, self._child)
            if args.context.hours:  # a stack asleep stops what is stopped already, hour after hour, and is refused
                args.alarms.watch_schedules(name, group.name)
        self.register_outputs({"scheduled_calls": [call.name for call in todo]})

    def _stop(self) -> None:
        args = self._args
        DatabaseSwitch(
            self._name,
            {
                "region": args.context.region.name,
                "profile": args.context.profile,
                "instance": args.database.identifier,
                "wanted": "stopped",
                "final_snapshot": args.context.protect,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )

    def _scheduled_calls(self) -> Iterator[ScheduledCall]:
        args = self._args
        database = ResourceReference(name=args.database.identifier, arn=args.database.arn)
        if args.context.hours is None:
            yield from scheduled_calls.stay_stopped(database) if args.database.ours else ()
            return
        yield from scheduled_calls.by_hours(args.context.hours, database) if args.database.ours else ()
        for endpoint in args.endpoints:
            yield from scheduled_calls.endpoint_by_hours(args.context.hours, endpoint, args.context.tags)
        if args.page_rule is not None:
            yield from scheduled_calls.page_by_hours(args.context.hours, args.page_rule.arn)
        yield from scheduled_calls.alarms_by_hours(args.context.hours, args.alarms.resting)

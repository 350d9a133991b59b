"""Sleep: stops the database of a stack that sleeps, and makes the calls of the office hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi

from components.context import StackContext
from components.data_tier.database import Database
from components.dynamic.database_rest import DatabaseRest
from components.dynamic.database_switch import DatabaseSwitch
from components.scheduler import scheduled_calls
from components.scheduler.scheduled_calls import ResourceReference, ScheduledCall, SleepingEndpoint
from components.scheduler.schedules import schedules


@dataclass(frozen=True, kw_only=True)
class SleepArgs:
    context: StackContext
    database: Database
    """Stopped only if the stack manages it."""
    page_rule_arn: pulumi.Input[str] | None
    """The listener rule of the maintenance page."""
    endpoints: Sequence[SleepingEndpoint] = ()
    alarms: Sequence[ResourceReference] = ()
    """Alarms without actions outside the office hours."""
    schedule_group: pulumi.Input[str]
    """Name of the group that the schedules belong to."""
    database_started: Sequence[pulumi.Output[str]] = ()
    """When other resources have last started the database, which rests outside the office hours."""
    wait_for: Sequence[pulumi.Resource] = ()
    """What uses the database."""


class Sleep(pulumi.ComponentResource):
    """A database that stays stopped; or, with office hours, schedules that start and stop what costs money."""

    def __init__(self, name: str, args: SleepArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Sleep", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        if args.database.managed:
            self._stop() if args.context.hours is None else self._rest()
        calls = list(self._calls())
        if calls:
            # At the end of an update: no evening comes in the middle of it, and Awake pauses them right afterwards.
            child = pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=list(args.wait_for)))
            schedules(name, args.context, args.schedule_group, calls, child)
        self.register_outputs({"scheduled_calls": [call.name for call in calls]})

    def _stop(self) -> None:
        args = self._args
        DatabaseSwitch(
            self._name,
            {
                **args.context.client_props,
                "instance": args.database.identifier,
                "state": "stopped",
                "final_snapshot": args.context.protect,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.wait_for)),
        )

    def _rest(self) -> None:
        args = self._args
        DatabaseRest(
            f"{self._name}-rest",
            {
                **args.context.client_props,
                "instance": args.database.identifier,
                **args.context.hours_props,
                "causes": list(args.database_started),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.wait_for)),
        )

    def _calls(self) -> Iterator[ScheduledCall]:
        args, hours = self._args, self._args.context.hours
        database = ResourceReference(name=args.database.identifier, arn=args.database.arn)
        if hours is None:
            yield from scheduled_calls.stay_stopped(database) if args.database.managed else ()
            return
        yield from scheduled_calls.database_by_hours(hours, database) if args.database.managed else ()
        for endpoint in args.endpoints:
            yield from scheduled_calls.endpoint_by_hours(hours, endpoint, args.context.later_tags)
        if args.page_rule_arn is not None:
            yield from scheduled_calls.page_by_hours(hours, args.page_rule_arn)
        yield from scheduled_calls.alarms_by_hours(hours, args.alarms)

"""Sleep: what puts a stack to rest after everything else is there, and the schedule that keeps it so or wakes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import errands
from components.alarms import Alarms
from components.database import Database
from components.database_switch import DatabaseSwitch
from components.errands import Errand, Named, SleepingEndpoint
from components.schedules import scheduled
from components.site import Site


@dataclass(frozen=True, kw_only=True)
class SleepArgs:
    site: Site
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
        super().__init__("cvat:index:Sleep", name, {"awake": args.site.hours.share if args.site.hours else 0.0}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        if args.site.hours is None and args.database.ours:
            self._stop()
        todo = list(self._errands())
        if todo:
            group = scheduled(name, args.site, todo, self._child)
            if args.site.hours:  # a stack asleep stops what is stopped already, hour after hour, and is refused
                args.alarms.watch_schedules(name, group.name)
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
        yield from errands.alarms_by_hours(args.site.hours, args.alarms.resting)

"""WakeUp: what brings a stack back that was asleep, or whose office hours end for good at night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.context import StackContext
from components.cvat_services import Capacity
from components.dynamic.awake import Awake
from components.scheduler.scheduled_calls import ResourceReference, SleepingEndpoint


@dataclass(frozen=True, kw_only=True)
class WakeUpArgs:
    context: StackContext
    cluster: pulumi.Input[str]
    """Name of the ECS cluster."""
    capacities: Sequence[Capacity]
    endpoints: Sequence[SleepingEndpoint] = ()
    alarms: Sequence[ResourceReference] = ()
    """Alarms that the evening mutes."""
    wait_for: Sequence[pulumi.Resource] = ()
    """All that sleeps, as it is registered by day, and the schedules by which it does."""


class WakeUp(pulumi.ComponentResource):
    """A stack that is not asleep has it. With office hours it wakes once, when the stack is created or was asleep
    before: outside the hours, it stays awake until they end for the first time."""

    def __init__(self, name: str, args: WakeUpArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:WakeUp", name, None, opts)
        context = args.context
        awake = Awake(
            name,
            {
                **context.client_props,
                "scheduled": context.hours is not None,
                **context.hours_props,
                "tags": context.own_tags,
                "cluster": args.cluster,
                "services": [
                    {
                        "name": capacity.service,
                        "least": capacity.least,
                        "most": capacity.most,
                        "wait": capacity.wait,
                    }
                    for capacity in args.capacities
                ],
                "endpoints": [
                    {"name": sleeping.endpoint.name, "config": sleeping.config.name, "tags": context.later_tags}
                    for sleeping in args.endpoints
                    if not sleeping.created_by_gateway
                ],
                "alarms": [alarm.name for alarm in args.alarms],
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.wait_for)),
        )
        self.register_outputs({"awake": awake.id})

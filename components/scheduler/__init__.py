"""ScheduleGroup: a group of schedules that exists before they do, so that alarms can watch it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


class ScheduleGroup(pulumi.ComponentResource):
    """The group of a stack that sleeps or has office hours.

    Its metrics are by group, and its calls switch alarms: so the group comes before the alarms, and its schedules
    (components/sleep) after them.
    """

    name: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:ScheduleGroup", name, None, opts)
        self.name = aws.scheduler.ScheduleGroup(name, opts=pulumi.ResourceOptions(parent=self)).name
        self.register_outputs({"name": self.name})

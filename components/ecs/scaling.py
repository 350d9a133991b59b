"""Target tracking: Application Auto Scaling keeps a metric of tasks or instances near a target value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from settings.office_hours import TASKS_BEFORE, OfficeHours

TASKS = "ecs:service:DesiredCount"
"""The dimension of Application Auto Scaling that is the number of a service's tasks."""
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
"""The one that is the number of an endpoint's instances."""


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """A metric, its target value, and the pauses between two changes."""

    dimension: str
    """The scalable dimension, such as ecs:service:DesiredCount."""
    metric: str
    """A predefined metric of the service."""
    target: float
    """The metric's value to stay near."""
    out_seconds: int
    """Pause after adding."""
    in_seconds: int
    """Pause after removing."""


TASKS_BY_CPU = Tracking(
    dimension=TASKS,
    metric="ECSServiceAverageCPUUtilization",
    target=60.0,  # percent: room for a deployment and for a burst; Django, JPEG and signing are bound by CPU
    out_seconds=60,
    in_seconds=300,  # people pause, and a task takes a minute or two to come back
)
INSTANCES_BY_CALLS = Tracking(
    dimension=INSTANCES,
    metric="SageMakerVariantInvocationsPerInstance",
    target=60.0,  # calls a minute: one a second, as one annotator's batch job makes
    out_seconds=300,  # a new instance needs about five minutes to answer
    in_seconds=900,
)


@dataclass(frozen=True, kw_only=True)
class ScalableTarget:
    """A scalable target, and its limits."""

    resource_id: pulumi.Input[str]
    """In Application Auto Scaling's form, such as service/<cluster>/<service>."""
    least: int
    most: int
    hours: OfficeHours | None = None
    """Outside of these there is no task. Default: day and night."""


def register_target(
    name: str, scalable: ScalableTarget, dimension: str, opts: pulumi.ResourceOptions
) -> aws.appautoscaling.Target:
    """Register a scalable target, with its office hours. The dimension begins with the service's namespace."""
    target = aws.appautoscaling.Target(
        name,
        service_namespace=dimension.partition(":")[0],
        scalable_dimension=dimension,
        resource_id=scalable.resource_id,
        min_capacity=scalable.least,
        max_capacity=scalable.most,
        # Scheduled actions change both limits: an update outside the hours must not start tasks.
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(ignore_changes=["min_capacity", "max_capacity"] if scalable.hours else None)
        ),
    )
    if scalable.hours:
        _by_hours(name, target, scalable, scalable.hours, opts)
    return target


class Subject(TypedDict):
    """What every call of Application Auto Scaling names."""

    service_namespace: pulumi.Output[str]
    scalable_dimension: pulumi.Output[str]
    resource_id: pulumi.Output[str]


def subject(target: aws.appautoscaling.Target) -> Subject:
    """Of a policy or a scheduled action: its target."""
    return {
        "service_namespace": target.service_namespace,
        "scalable_dimension": target.scalable_dimension,
        "resource_id": target.resource_id,
    }


def _by_hours(
    name: str,
    target: aws.appautoscaling.Target,
    scalable: ScalableTarget,
    hours: OfficeHours,
    opts: pulumi.ResourceOptions,
) -> None:
    """No task after the hours, and the usual limits shortly before them."""
    for action, when, least, most in (
        ("wake", hours.cron("start", -TASKS_BEFORE), scalable.least, scalable.most),
        ("sleep", hours.cron("end"), 0, 0),
    ):
        aws.appautoscaling.ScheduledAction(
            f"{name}-{action}",
            **subject(target),
            schedule=when,
            timezone=hours.zone,
            scalable_target_action={"min_capacity": least, "max_capacity": most},
            opts=opts,
        )


def track(name: str, scalable: ScalableTarget, tracking: Tracking, opts: pulumi.ResourceOptions) -> None:
    """Register a scalable target, with a policy where its limits differ."""
    target = register_target(name, scalable, tracking.dimension, opts)
    if scalable.most == scalable.least:
        return
    aws.appautoscaling.Policy(
        name,
        policy_type="TargetTrackingScaling",
        **subject(target),
        target_tracking_scaling_policy_configuration={
            "target_value": tracking.target,
            "predefined_metric_specification": {"predefined_metric_type": tracking.metric},
            "scale_in_cooldown": tracking.in_seconds,
            "scale_out_cooldown": tracking.out_seconds,
        },
        opts=opts,
    )

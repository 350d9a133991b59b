"""Target tracking: AWS adds and removes tasks or instances so that a metric of theirs stays near a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from settings.office_hours import TASKS_BEFORE, OfficeHours

_CONFIGURATION = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
_METRIC = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs

TASKS = "ecs:service:DesiredCount"
"""The dimension of Application Auto Scaling that is the number of a service's tasks."""


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """What is tracked, and how quickly it is followed."""

    dimension: str
    """What is scaled, such as ecs:service:DesiredCount."""
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
    dimension="sagemaker:variant:DesiredInstanceCount",
    metric="SageMakerVariantInvocationsPerInstance",
    target=60.0,  # calls a minute: one a second, as one annotator's batch job makes
    out_seconds=300,  # a new instance needs about five minutes to answer
    in_seconds=900,
)


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """What is scaled, and between which numbers."""

    resource_id: pulumi.Input[str]
    """In Application Auto Scaling's words, such as service/<cluster>/<service>."""
    least: int
    most: int
    hours: OfficeHours | None = None
    """Outside of which there is none. Default: day and night."""


def target(
    name: str, scaled: Scaled, dimension: str, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> aws.appautoscaling.Target:
    """Register what may be scaled, and its hours; the service is the beginning of the dimension."""
    registered = aws.appautoscaling.Target(
        name,
        aws.appautoscaling.TargetArgs(
            service_namespace=dimension.partition(":")[0],
            scalable_dimension=dimension,
            resource_id=scaled.resource_id,
            min_capacity=scaled.least,
            max_capacity=scaled.most,
            tags=dict(tags),
        ),
        # By the clock, AWS changes both numbers: an update at night must wake nobody.
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(ignore_changes=["min_capacity", "max_capacity"] if scaled.hours else None)
        ),
    )
    if scaled.hours:
        _by_hours(name, registered, scaled, scaled.hours, opts)
    return registered


def _by_hours(
    name: str, registered: aws.appautoscaling.Target, scaled: Scaled, hours: OfficeHours, opts: pulumi.ResourceOptions
) -> None:
    """None after the hours, and the usual number shortly before them."""
    for what, when, least, most in (
        ("wake", hours.cron("start", -TASKS_BEFORE), scaled.least, scaled.most),
        ("sleep", hours.cron("end"), 0, 0),
    ):
        aws.appautoscaling.ScheduledAction(
            f"{name}-{what}",
            aws.appautoscaling.ScheduledActionArgs(
                service_namespace=registered.service_namespace,
                scalable_dimension=registered.scalable_dimension,
                resource_id=registered.resource_id,
                schedule=when,
                timezone=hours.zone,
                scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                    min_capacity=least, max_capacity=most
                ),
            ),
            opts=opts,
        )


def track(name: str, scaled: Scaled, tracking: Tracking, tags: Mapping[str, str], opts: pulumi.ResourceOptions) -> None:
    """Register a scalable target, and its policy where the numbers leave room for one."""
    registered = target(name, scaled, tracking.dimension, tags, opts)
    if scaled.most == scaled.least:
        return
    aws.appautoscaling.Policy(
        name,
        aws.appautoscaling.PolicyArgs(
            policy_type="TargetTrackingScaling",
            service_namespace=registered.service_namespace,
            scalable_dimension=registered.scalable_dimension,
            resource_id=registered.resource_id,
            target_tracking_scaling_policy_configuration=_CONFIGURATION(
                target_value=tracking.target,
                predefined_metric_specification=_METRIC(predefined_metric_type=tracking.metric),
                scale_in_cooldown=tracking.in_seconds,
                scale_out_cooldown=tracking.out_seconds,
            ),
        ),
        opts=opts,
    )

"""Target tracking: AWS adds and removes tasks or instances so that a metric of theirs stays near a target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_CONFIGURATION = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
_METRIC = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """What is tracked, and how quickly it is followed."""

    namespace: str
    """Service of Application Auto Scaling: ecs or sagemaker."""
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
    namespace="ecs",
    dimension="ecs:service:DesiredCount",
    metric="ECSServiceAverageCPUUtilization",
    target=60.0,  # percent: room for a deployment and for a burst; Django, JPEG and signing are bound by CPU
    out_seconds=60,
    in_seconds=300,  # people pause, and a task takes a minute or two to come back
)
INSTANCES_BY_CALLS = Tracking(
    namespace="sagemaker",
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


def track(name: str, scaled: Scaled, tracking: Tracking, tags: Mapping[str, str], opts: pulumi.ResourceOptions) -> None:
    """Register a scalable target and its policy."""
    target = aws.appautoscaling.Target(
        name,
        aws.appautoscaling.TargetArgs(
            service_namespace=tracking.namespace,
            scalable_dimension=tracking.dimension,
            resource_id=scaled.resource_id,
            min_capacity=scaled.least,
            max_capacity=scaled.most,
            tags=dict(tags),
        ),
        opts=opts,
    )
    aws.appautoscaling.Policy(
        name,
        aws.appautoscaling.PolicyArgs(
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=_CONFIGURATION(
                target_value=tracking.target,
                predefined_metric_specification=_METRIC(predefined_metric_type=tracking.metric),
                scale_in_cooldown=tracking.in_seconds,
                scale_out_cooldown=tracking.out_seconds,
            ),
        ),
        opts=opts,
    )

"""Target tracking: AWS adds and removes tasks of a service so that their CPU stays near a target."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.sizes import TaskSize

CPU_PERCENT = 60.0
"""Room for a deployment and for a burst; the workload is bound by CPU (Django, JPEG, signing)."""
_SCALE_OUT_SECONDS = 60
_SCALE_IN_SECONDS = 300
"""Slower than out: people pause, and a task takes a minute or two to come back."""

_TRACKING = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs
_METRIC = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs


def track_cpu(
    name: str,
    service: aws.ecs.Service,
    cluster: pulumi.Input[str],
    size: TaskSize,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    """Scale a service between its count and its maximum."""
    target = aws.appautoscaling.Target(
        name,
        aws.appautoscaling.TargetArgs(
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=pulumi.Output.concat("service/", cluster, "/", service.name),
            min_capacity=size.count,
            max_capacity=size.max_count,
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
            target_tracking_scaling_policy_configuration=_TRACKING(
                target_value=CPU_PERCENT,
                predefined_metric_specification=_METRIC(predefined_metric_type="ECSServiceAverageCPUUtilization"),
                scale_in_cooldown=_SCALE_IN_SECONDS,
                scale_out_cooldown=_SCALE_OUT_SECONDS,
            ),
        ),
        opts=opts,
    )

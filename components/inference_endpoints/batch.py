"""Batch functions' endpoints: no instance while nobody uses them, requests and answers in S3."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.ecs.scaling import INSTANCES, ScalableTarget, register_target, subject
from components.s3_bucket import PrivateBucket
from settings.office_hours import OfficeHours
from settings.values import BatchEndpointSize

VARIANT = "all"
KEPT_DAYS = 1
"""Requests and answers: a frame that is sent again within a day is not computed again."""
CALLS_PER_INSTANCE = 4
"""In a container at a time: CVAT's annotation worker has four frames in flight (CVAT_FRAMES_IN_FLIGHT)."""
_WAITING_PER_INSTANCE = 2.0 * CALLS_PER_INSTANCE
"""Calls that wait for each instance, to stay near: what is being worked on, and as much again."""
_START_SECONDS = 300
"""A new instance needs about five minutes to answer."""
_IDLE_SECONDS = 600
"""After which the last instance ends, beside the 15 minutes of low readings that Application Auto Scaling wants."""


@dataclass(frozen=True, kw_only=True)
class BatchScaling:
    """What scales one asynchronous endpoint."""

    name: str
    endpoint: pulumi.Output[str]
    size: BatchEndpointSize
    hours: OfficeHours | None


def asynchronous_config(
    bucket: PrivateBucket, label: str, key_arn: str
) -> aws.sagemaker.EndpointConfigurationAsyncInferenceConfigArgsDict:
    """Where SageMaker writes what the containers answer."""
    output: aws.sagemaker.EndpointConfigurationAsyncInferenceConfigOutputConfigArgsDict = {
        "s3_output_path": pulumi.Output.concat("s3://", bucket.bucket, "/answers/", label),
        "s3_failure_path": pulumi.Output.concat("s3://", bucket.bucket, "/failures/", label),
    }
    if key_arn:
        output["kms_key_id"] = key_arn
    return {
        "output_config": output,
        "client_config": {"max_concurrent_invocations_per_instance": CALLS_PER_INSTANCE},
    }


def model_statements(bucket_arn: pulumi.Output[str], key_arn: str) -> list[iam.Statement]:
    """Permissions with which SageMaker reads queued requests and writes answers (SageMaker developer guide,
    "Asynchronous inference prerequisites", read 2026-11)."""
    written = [pulumi.Output.concat(bucket_arn, f"/{folder}/*") for folder in ("answers", "failures")]
    return [
        iam.allow(["s3:GetObject"], [pulumi.Output.concat(bucket_arn, "/in/*")]),
        iam.allow(["s3:AbortMultipartUpload", "s3:PutObject"], written),
        iam.allow(["s3:ListBucket"], [bucket_arn]),
        *iam.encrypt(key_arn),
    ]


def scale_from_zero(scaling: BatchScaling, opts: pulumi.ResourceOptions) -> None:
    """Two policies, as AWS documents them (SageMaker developer guide, "Autoscale an asynchronous endpoint"): calls that
    wait while there is no instance start the first, which target tracking cannot: without one there is no reading."""
    size = scaling.size
    target = register_target(
        scaling.name,
        ScalableTarget(
            resource_id=pulumi.Output.concat("endpoint/", scaling.endpoint, f"/variant/{VARIANT}"),
            least=size.least,
            most=size.max_count,
            hours=scaling.hours if size.least else None,
        ),
        INSTANCES,
        opts,
    )
    _start_the_first(scaling, target, opts)
    _follow_the_backlog(scaling, target, opts)


def _start_the_first(scaling: BatchScaling, target: aws.appautoscaling.Target, opts: pulumi.ResourceOptions) -> None:
    policy = aws.appautoscaling.Policy(
        f"{scaling.name}-first",
        policy_type="StepScaling",
        **subject(target),
        step_scaling_policy_configuration={
            "adjustment_type": "ChangeInCapacity",
            "cooldown": _START_SECONDS,
            "metric_aggregation_type": "Average",
            "step_adjustments": [{"scaling_adjustment": 1, "metric_interval_lower_bound": "0"}],
        },
        opts=opts,
    )
    aws.cloudwatch.MetricAlarm(
        f"{scaling.name}-first",
        alarm_description="Calls wait for an endpoint without an instance: the first one starts. This tells nobody; "
        "it scales.",
        namespace="AWS/SageMaker",
        metric_name="HasBacklogWithoutCapacity",
        dimensions={"EndpointName": scaling.endpoint},
        statistic="Average",
        period=60,
        evaluation_periods=1,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=1,
        treat_missing_data="notBreaching",
        alarm_actions=[policy.arn],
        opts=opts,
    )


def _follow_the_backlog(scaling: BatchScaling, target: aws.appautoscaling.Target, opts: pulumi.ResourceOptions) -> None:
    aws.appautoscaling.Policy(
        f"{scaling.name}-backlog",
        policy_type="TargetTrackingScaling",
        **subject(target),
        target_tracking_scaling_policy_configuration={
            "target_value": _WAITING_PER_INSTANCE,
            "customized_metric_specification": {
                "namespace": "AWS/SageMaker",
                "metric_name": "ApproximateBacklogSizePerInstance",
                "dimensions": [{"name": "EndpointName", "value": scaling.endpoint}],
                "statistic": "Average",
            },
            "scale_in_cooldown": _IDLE_SECONDS,
            "scale_out_cooldown": _START_SECONDS,
        },
        opts=opts,
    )

"""Step scaling of workers by the metrics of their queue, which `cvat-aws queue-metrics` publishes.

A worker runs one job at a time, so what counts is whether jobs wait, how long, and whether workers are idle. A worker
with a job does not count as idle, and ECS does not stop it: it has asked for task protection
(patches/overlay/cvat_aws/worker.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.ecs.scaling import TASKS, ScalableTarget, register_target
from settings.releases.release import METRICS_NAMESPACE

StepAdjustment = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgsDict
_PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class StepPolicy:
    """An alarm on a queue, and how many workers it adds or removes."""

    name: str
    metric: str
    statistic: str
    """Of the readings of a minute."""
    minutes: int
    """Minutes in a row in which the metric has reached the first step."""
    steps: Mapping[float, int]
    """From this value of the metric on: workers more, or less."""
    pause_seconds: int
    """Before the same is done again."""
    meaning: str


_START_SECONDS = 180
"""A task of CVAT's server image needs two to three minutes until it takes a job: before that, more do not help."""


def step_policies(least: int) -> tuple[StepPolicy, ...]:
    """The policies of a worker service that has at least `least` tasks."""
    return (
        StepPolicy(
            name="depth",
            metric="QueueDepth",
            # Where workers are ready, jobs wait for a moment only: Minimum ignores a minute in which the queue was
            # empty once. Where none is, the first job must start one.
            statistic="Minimum" if least else "Maximum",
            minutes=1,
            steps={1: 1, 5: 2, 20: 4},
            pause_seconds=_START_SECONDS,
            meaning="Jobs wait: more workers start.",
        ),
        StepPolicy(
            name="age",
            metric="OldestJobAge",
            statistic="Maximum",
            minutes=1,
            steps={300: 2, 900: 4},
            pause_seconds=_START_SECONDS,
            meaning="A job waits for longer than a worker takes to start: several more start.",
        ),
        StepPolicy(
            name="idle",
            metric="IdleWorkers",
            statistic="Minimum",
            minutes=10,
            # Never more than were idle throughout.
            steps={1: -1, 2: -2, 4: -4},
            pause_seconds=300,
            meaning="Workers have had no job for 10 minutes: they end.",
        ),
    )


def follow_queue(
    name: str, scalable: ScalableTarget, dimensions: Mapping[str, str], opts: pulumi.ResourceOptions
) -> None:
    """Register a service as a scalable target, with policies and alarms where its limits differ.

    `dimensions`: of the queue's metrics, Stack and Queue.
    """
    target = register_target(name, scalable, TASKS, opts)
    for step in step_policies(scalable.least) if scalable.most > scalable.least else ():
        policy = aws.appautoscaling.Policy(
            f"{name}-{step.name}",
            policy_type="StepScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            step_scaling_policy_configuration={
                "adjustment_type": "ChangeInCapacity",
                "cooldown": step.pause_seconds,
                "metric_aggregation_type": step.statistic,
                "step_adjustments": _adjustments(step.steps),
            },
            opts=opts,
        )
        _alarm(f"{name}-{step.name}", step, policy, dimensions, opts)


def _adjustments(steps: Mapping[float, int]) -> list[StepAdjustment]:
    """Application Auto Scaling counts a step's bounds from the alarm's threshold, which is the first step."""
    values = sorted(steps)
    bounds = [str(value - values[0]) for value in values]
    adjustments: list[StepAdjustment] = [
        {"scaling_adjustment": steps[value], "metric_interval_lower_bound": bound}
        for value, bound in zip(values, bounds, strict=True)
    ]
    for adjustment, next_bound in zip(adjustments, bounds[1:], strict=False):
        adjustment["metric_interval_upper_bound"] = next_bound
    return adjustments


def _alarm(
    name: str,
    step: StepPolicy,
    policy: aws.appautoscaling.Policy,
    dimensions: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=f"CVAT {dimensions['Stack']}, queue {dimensions['Queue']}: {step.meaning} This tells "
        "nobody; it scales.",
        namespace=METRICS_NAMESPACE,
        metric_name=step.metric,
        dimensions=dict(dimensions),
        statistic=step.statistic,
        period=_PERIOD_SECONDS,
        evaluation_periods=step.minutes,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=min(step.steps),
        treat_missing_data="notBreaching",
        alarm_actions=[policy.arn],
        opts=opts,
    )

"""Workers by their queue: step scaling from the least to the most, driven by what queue-metrics tells CloudWatch.

A worker runs one job at a time, so what counts is whether jobs wait, how long, and whether workers have had nothing
to do. A worker with a job is neither idle, so it does not count for scaling in, nor stopped: it has told ECS to leave
it alone (patches/overlay/cvat_aws/worker.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.ecs.scaling import TASKS, Scaled, target
from components.processes import METRICS_NAMESPACE

_CONFIGURATION = aws.appautoscaling.PolicyStepScalingPolicyConfigurationArgs
_STEP = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs
_PERIOD_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Steps:
    """An alarm on a queue, and how many workers it adds."""

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


def steps(least: int) -> tuple[Steps, ...]:
    """The three policies of a worker service that has at least so many tasks."""
    return (
        Steps(
            name="depth",
            metric="QueueDepth",
            # Where workers stand ready, a job waits for a moment only, and a minute in which none did needs no more
            # of them. Where none does, the first job starts one at once.
            statistic="Minimum" if least else "Maximum",
            minutes=1,
            steps={1: 1, 5: 2, 20: 4},
            pause_seconds=_START_SECONDS,
            meaning="Jobs wait: more workers start.",
        ),
        Steps(
            name="age",
            metric="OldestJobAge",
            statistic="Maximum",
            minutes=1,
            steps={300: 2, 900: 4},
            pause_seconds=_START_SECONDS,
            meaning="A job waits for longer than a worker takes to start: several more start.",
        ),
        Steps(
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
    name: str, scaled: Scaled, dimensions: Mapping[str, str], tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> None:
    """Register a service as a scalable target, with its policies and alarms where the numbers leave room for them.

    dimensions: of the queue's metrics, Stack and Queue.
    """
    registered = target(name, scaled, TASKS, tags, opts)
    for one in steps(scaled.least) if scaled.most > scaled.least else ():
        policy = aws.appautoscaling.Policy(
            f"{name}-{one.name}",
            aws.appautoscaling.PolicyArgs(
                policy_type="StepScaling",
                service_namespace=registered.service_namespace,
                scalable_dimension=registered.scalable_dimension,
                resource_id=registered.resource_id,
                step_scaling_policy_configuration=_CONFIGURATION(
                    adjustment_type="ChangeInCapacity",
                    cooldown=one.pause_seconds,
                    metric_aggregation_type=one.statistic,
                    step_adjustments=_adjustments(one.steps),
                ),
            ),
            opts=opts,
        )
        _alarm(f"{name}-{one.name}", one, policy, dimensions, tags, opts)


def _adjustments(
    wanted: Mapping[float, int],
) -> list[aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs]:
    """Steps from the alarm's threshold, which is the first one, upwards; the last has no end."""
    first = min(wanted)
    bounds = [str(value - first) for value in sorted(wanted)]
    ends = [*bounds[1:], None]
    return [
        _STEP(scaling_adjustment=wanted[value], metric_interval_lower_bound=lower, metric_interval_upper_bound=upper)
        for value, lower, upper in zip(sorted(wanted), bounds, ends, strict=True)
    ]


def _alarm(
    name: str,
    one: Steps,
    policy: aws.appautoscaling.Policy,
    dimensions: Mapping[str, str],
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    aws.cloudwatch.MetricAlarm(
        name,
        aws.cloudwatch.MetricAlarmArgs(
            alarm_description=f"CVAT {dimensions['Stack']}, queue {dimensions['Queue']}: {one.meaning} This tells "
            "nobody; it scales.",
            namespace=METRICS_NAMESPACE,
            metric_name=one.metric,
            dimensions=dict(dimensions),
            statistic=one.statistic,
            period=_PERIOD_SECONDS,
            evaluation_periods=one.minutes,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=min(one.steps),
            treat_missing_data="notBreaching",
            alarm_actions=[policy.arn],
            tags=dict(tags),
        ),
        opts=opts,
    )

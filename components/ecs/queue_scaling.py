"""Step scaling of workers by the metrics of their queue, which `cvat-aws queue-metrics` publishes.

A worker runs one job at a time, so what counts is whether jobs wait, how long, and whether workers are idle. A worker
with a job does not count as idle, and ECS does not stop it: it has asked for task protection
(patches/overlay/cvat_aws/worker.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.ecs.scaling import TASKS, ScalableTarget, register_target, subject
from settings.releases.release import METRICS_NAMESPACE

Query = aws.cloudwatch.MetricAlarmMetricQueryArgsDict
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
    over_queues: Literal["SUM", "MAX", "MIN"] = "SUM"
    """How the readings of several queues become one."""
    meaning: str


_START_SECONDS = 180
"""A task of CVAT's server image needs two to three minutes until it takes a job: before that, more do not help."""


_AGE_STEPS: Mapping[float, int] = {300: 2, 900: 4}
"""Seconds for which a job has waited -> workers more. A worker takes nearly as long to start."""
_AWAITED_AGE_STEPS: Mapping[float, int] = {5: 1, 15: 2, 30: 4}
"""Where people look at an empty screen meanwhile: CVAT's server gives up after 50 s."""


@dataclass(frozen=True, kw_only=True)
class Queues:
    """The queues of one worker service."""

    stack: str
    names: tuple[str, ...]
    awaited: bool
    """Whether people wait for the jobs in front of their screens."""

    def dimensions(self, queue: str) -> dict[str, str]:
        """Of a queue in CloudWatch, as patches/overlay/cvat_aws/queue_metrics.py writes them."""
        return {"Stack": self.stack, "Queue": queue}

    def __str__(self) -> str:
        return f"queue{'s' if len(self.names) > 1 else ''} {', '.join(self.names)}"


def step_policies(least: int, *, awaited: bool = False) -> tuple[StepPolicy, ...]:
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
            steps=_AWAITED_AGE_STEPS if awaited else _AGE_STEPS,
            over_queues="MAX",
            pause_seconds=_START_SECONDS,
            meaning="People wait for a job: more workers start."
            if awaited
            else "A job waits for longer than a worker takes to start: several more start.",
        ),
        StepPolicy(
            name="idle",
            metric="IdleWorkers",
            statistic="Minimum",
            minutes=10,
            # Never more than were idle throughout.
            steps={1: -1, 2: -2, 4: -4},
            over_queues="MIN",  # each worker counts in all of them
            pause_seconds=300,
            meaning="Workers have had no job for 10 minutes: they end.",
        ),
    )


def follow_queues(name: str, scalable: ScalableTarget, queues: Queues, opts: pulumi.ResourceOptions) -> None:
    """Register a service as a scalable target, with policies and alarms where its limits differ."""
    target = register_target(name, scalable, TASKS, opts)
    policies = step_policies(scalable.least, awaited=queues.awaited) if scalable.most > scalable.least else ()
    for step in policies:
        policy = aws.appautoscaling.Policy(
            f"{name}-{step.name}",
            policy_type="StepScaling",
            **subject(target),
            step_scaling_policy_configuration={
                "adjustment_type": "ChangeInCapacity",
                "cooldown": step.pause_seconds,
                "metric_aggregation_type": step.statistic,
                "step_adjustments": _adjustments(step.steps),
            },
            opts=opts,
        )
        _alarm(f"{name}-{step.name}", step, policy, queues, opts)


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
    queues: Queues,
    opts: pulumi.ResourceOptions,
) -> None:
    only = queues.names[0] if len(queues.names) == 1 else None
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=f"CVAT {queues.stack}, {queues}: {step.meaning} This tells nobody; it scales.",
        namespace=METRICS_NAMESPACE if only else None,
        metric_name=step.metric if only else None,
        dimensions=queues.dimensions(only) if only else None,
        statistic=step.statistic if only else None,
        period=_PERIOD_SECONDS if only else None,
        metric_queries=None if only else _over_queues(step, queues),
        evaluation_periods=step.minutes,
        comparison_operator="GreaterThanOrEqualToThreshold",
        threshold=min(step.steps),
        treat_missing_data="notBreaching",
        alarm_actions=[policy.arn],
        opts=opts,
    )


def _over_queues(step: StepPolicy, queues: Queues) -> list[Query]:
    """The queries of an alarm on several queues together."""
    readings: list[Query] = [
        {
            "id": f"q{number}",
            "metric": {
                "namespace": METRICS_NAMESPACE,
                "metric_name": step.metric,
                "dimensions": queues.dimensions(queue),
                "period": _PERIOD_SECONDS,
                "stat": step.statistic,
            },
        }
        for number, queue in enumerate(queues.names)
    ]
    ids = ", ".join(f"q{number}" for number in range(len(queues.names)))
    expression = f"{step.over_queues}([{ids}])"
    return [*readings, {"id": "together", "expression": expression, "label": step.metric, "return_data": True}]

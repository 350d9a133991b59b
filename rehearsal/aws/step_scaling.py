"""Does what Application Auto Scaling does when an alarm calls a step scaling policy: changes a service's tasks.

Carried: ChangeInCapacity of ECS services, steps, bounds. Not carried: cooldowns, and that AWS calls the policy again
every minute for as long as the alarm lasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.errors import RehearsalError


def adjustment(steps: Sequence[Mapping[str, Any]], beyond: float) -> int:
    """What is added (or taken away) when the metric is so far above the alarm's threshold."""
    for step in steps:
        lower, upper = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
        if (lower is None or lower <= beyond) and (upper is None or beyond < upper):
            return int(step["ScalingAdjustment"])
    return 0


def act(arn: str, beyond: float) -> None:
    """Carry out the policy with this ARN."""
    from moto.applicationautoscaling.models import applicationautoscaling_backends  # noqa: PLC0415
    from moto.ecs.models import ecs_backends  # noqa: PLC0415

    region, account = arn.split(":")[3:5]
    backend = applicationautoscaling_backends[account][region]
    (policy,) = [one for one in backend.policies.values() if one.policy_arn == arn]
    steps = policy.step_scaling_policy_configuration
    if not steps or steps["AdjustmentType"] != "ChangeInCapacity" or policy.service_namespace != "ecs":
        raise RehearsalError(f"The scaling policy {policy.policy_name} is not rehearsed: see emulator/step_scaling.py.")
    target = backend.targets[policy.scalable_dimension][policy.resource_id]
    _, cluster, service = policy.resource_id.split("/")
    found = ecs_backends[account][region].services[f"{cluster}:{service}"]
    wanted = found.desired_count + adjustment(steps["StepAdjustments"], beyond)
    least, most = target.min_capacity or 0, target.max_capacity or 0
    count = max(least, min(most, wanted))
    ecs_backends[account][region].update_service({"cluster": cluster, "service": service, "desired_count": count})

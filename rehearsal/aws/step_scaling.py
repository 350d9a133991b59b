"""Does what Application Auto Scaling does when an alarm calls a step scaling policy: changes a service's task count.

Carried: ChangeInCapacity of ECS services, steps, bounds. Not carried: cooldowns, and that AWS calls the policy again
every minute for as long as the alarm lasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.ecs.models import ecs_backends

from rehearsal.errors import RehearsalError


def adjustment(steps: Sequence[Mapping[str, Any]], excess: float) -> int:
    """The number of tasks that is added (or taken away) at this distance from the alarm's threshold."""
    for step in steps:
        lower, upper = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
        if (lower is None or lower <= excess) and (upper is None or excess < upper):
            return int(step["ScalingAdjustment"])
    return 0


def scale(arn: str, excess: float) -> None:
    """Carry out the policy with this ARN."""
    region, account = arn.split(":")[3:5]
    backend = applicationautoscaling_backends[account][region]
    (policy,) = [policy for policy in backend.policies.values() if policy.policy_arn == arn]
    steps = policy.step_scaling_policy_configuration
    if not steps or steps["AdjustmentType"] != "ChangeInCapacity" or policy.service_namespace != "ecs":
        raise RehearsalError(
            f"The scaling policy {policy.policy_name} is not rehearsed: see rehearsal/aws/step_scaling.py."
        )
    target = backend.targets[policy.scalable_dimension][policy.resource_id]
    _, cluster, name = policy.resource_id.split("/")
    service = ecs_backends[account][region].services[f"{cluster}:{name}"]
    count = service.desired_count + adjustment(steps["StepAdjustments"], excess)
    bounded = max(target.min_capacity or 0, min(target.max_capacity or 0, count))
    ecs_backends[account][region].update_service({"cluster": cluster, "service": name, "desired_count": bounded})

"""Undoes what a sleep or the end of office hours has done. Plain functions with injected clients: no Pulumi."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from components.dynamic.run_task import Clock

TASKS = "ecs:service:DesiredCount"
_POLL_SECONDS = 15.0
LIMIT_SECONDS = 2400.0
"""Endpoints take about ten minutes, images of several gigabytes two or three; Fargate's capacity can be short."""
_ALARMS_A_CALL = 100
"""EnableAlarmActions, API reference, read 2026-11."""


class WakeUpError(Exception):
    """Something did not wake; the message is for the operator."""


def enable_alarms(cloudwatch: Any, names: Sequence[str]) -> None:
    """Let these alarms act again, which the evening has muted."""
    for first in range(0, len(names), _ALARMS_A_CALL):
        cloudwatch.enable_alarm_actions(AlarmNames=list(names[first : first + _ALARMS_A_CALL]))


def restore_capacity(ecs: Any, scaling: Any, cluster: str, service: Mapping[str, Any]) -> None:
    """Give a service its tasks back: the bounds of its scalable target, and at least as many tasks as the lower one.

    `service`: name, least, most. Registering a target brings the number of tasks between its bounds.
    """
    bounds = {"MinCapacity": int(service["least"]), "MaxCapacity": int(service["most"])}
    resource = {"ServiceNamespace": "ecs", "ScalableDimension": TASKS}
    resource_id = scalable(cluster, service)
    if scaling.describe_scalable_targets(**resource, ResourceIds=[resource_id])["ScalableTargets"]:
        scaling.register_scalable_target(**resource, ResourceId=resource_id, **bounds)
    if _describe(ecs, cluster, service["name"])["desiredCount"] < bounds["MinCapacity"]:
        ecs.update_service(cluster=cluster, service=service["name"], desiredCount=bounds["MinCapacity"])


def scalable(cluster: str, service: Mapping[str, Any]) -> str:
    """A service as Application Auto Scaling names it."""
    return f"service/{cluster}/{service['name']}"


def create_endpoints(sagemaker: Any, endpoints: Sequence[Mapping[str, Any]], clock: Clock = time) -> None:
    """Create the endpoints that the evening has deleted, all at once, and wait until each is in service.

    Each endpoint: name, config, tags. Raises WakeUpError.
    """
    pending, deadline = list(endpoints), clock.time() + LIMIT_SECONDS
    while pending := [
        endpoint for endpoint in pending if not _in_service(sagemaker, endpoint, late=clock.time() > deadline)
    ]:
        clock.sleep(_POLL_SECONDS)


def _in_service(sagemaker: Any, endpoint: Mapping[str, Any], *, late: bool) -> bool:
    """Whether the endpoint is in service; one that is missing is created, unless it is late. Raises WakeUpError."""
    name = str(endpoint["name"])
    status = _status(sagemaker, name)
    if status == "InService":
        return True
    if status == "Failed" or late:
        raise WakeUpError(
            f"Endpoint {name} is {status or 'missing'}, so the stack is not awake yet. Look at its reason in "
            "SageMaker, and run `pulumi up` again."
        )
    if not status:
        tags = [{"Key": key, "Value": value} for key, value in sorted(endpoint["tags"].items())]
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=endpoint["config"], Tags=tags)
    return False


def _status(sagemaker: Any, name: str) -> str:
    """The endpoint's state; empty if there is none of this name."""
    try:
        return str(sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])
    except ClientError as error:
        if "Could not find" in str(error):
            return ""
        raise


def wait_for_services(ecs: Any, cluster: str, services: Sequence[Mapping[str, Any]], clock: Clock = time) -> None:
    """Wait until each service runs at least its least number of tasks. Raises WakeUpError."""
    deadline = clock.time() + LIMIT_SECONDS
    for service in services:
        while (described := _describe(ecs, cluster, str(service["name"])))["runningCount"] < int(service["least"]):
            if clock.time() > deadline:
                events = [event["message"] for event in described.get("events", [])[:1]]
                raise WakeUpError(
                    f"Service {service['name']} runs {described['runningCount']} of {int(service['least'])} tasks "
                    f"after {LIMIT_SECONDS / 60:.0f} minutes. ECS says: {' '.join(events) or 'nothing'}. Fix that, and "
                    "run `pulumi up` again."
                )
            clock.sleep(_POLL_SECONDS)


def _describe(ecs: Any, cluster: str, name: str) -> dict[str, Any]:
    (described,) = ecs.describe_services(cluster=cluster, services=[name])["services"]
    return dict(described)

"""Application Auto Scaling."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

from moto.applicationautoscaling.models import ApplicationAutoscalingBackend
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, replace

_ENDPOINT_TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def _keeps_tags(client: Client) -> bool:
    scaling = client("application-autoscaling")
    target = scaling.register_scalable_target(**_ENDPOINT_TARGET, MinCapacity=1, MaxCapacity=2, Tags={"a": "b"})
    resource = {"ResourceARN": target["ScalableTargetARN"]}
    registered = scaling.list_tags_for_resource(**resource)["Tags"]
    scaling.tag_resource(**resource, Tags={"c": "d"})
    scaling.untag_resource(**resource, TagKeys=["a"])
    return (registered, scaling.list_tags_for_resource(**resource)["Tags"]) == ({"a": "b"}, {"c": "d"})


@moto_patch(_keeps_tags)
def tags_of_scalable_targets(stack: ExitStack) -> None:
    """moto's Application Auto Scaling has no tags. API reference: TagResource, UntagResource, ListTagsForResource."""

    def tags_by_arn(self: Any) -> dict[str, dict[str, str]]:
        tags: dict[str, dict[str, str]] = self.applicationautoscaling_backend.__dict__.setdefault("tags_by_arn", {})
        return tags

    def tags(self: Any) -> dict[str, str]:
        return tags_by_arn(self).setdefault(self._get_param("ResourceARN"), {})

    def register(answer: str, self: Any) -> str:
        arn = json.loads(answer)["ScalableTargetARN"]
        tags_by_arn(self).setdefault(arn, {}).update(self._get_param("Tags") or {})
        return answer

    def list_tags(self: Any) -> str:
        return json.dumps({"Tags": tags(self)})

    def tag(self: Any) -> str:
        tags(self).update(self._get_param("Tags"))
        return "{}"

    def untag(self: Any) -> str:
        for key in self._get_param("TagKeys"):
            tags(self).pop(key, None)
        return "{}"

    after(stack, ApplicationAutoScalingResponse, "register_scalable_target", register)
    replace(stack, ApplicationAutoScalingResponse, "list_tags_for_resource", list_tags)
    replace(stack, ApplicationAutoScalingResponse, "tag_resource", tag)
    replace(stack, ApplicationAutoScalingResponse, "untag_resource", untag)


def _brings_the_count_within_bounds(client: Client) -> bool:
    """A service that was scaled to zero gets its least number of tasks when it is registered."""
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(family="f", containerDefinitions=[{"name": "f", "image": "i", "memory": 128}])
    ecs.create_service(cluster="c", serviceName="s", taskDefinition="f", desiredCount=0)
    target = {"ServiceNamespace": "ecs", "ResourceId": "service/c/s", "ScalableDimension": "ecs:service:DesiredCount"}
    client("application-autoscaling").register_scalable_target(**target, MinCapacity=2, MaxCapacity=4)
    return bool(ecs.describe_services(cluster="c", services=["s"])["services"][0]["desiredCount"] == 2)  # noqa: PLR2004


@moto_patch(_brings_the_count_within_bounds)
def task_count_within_bounds(stack: ExitStack) -> None:
    """Registering a scalable target brings an ECS service's number of tasks between the bounds; moto leaves it.

    API reference, RegisterScalableTarget, read 2026-11: it "changes the resource's current capacity to a value that is
    inside of this range".
    """

    def bound(target: Any, self: Any, *_: Any, **__: Any) -> Any:
        if target.service_namespace == "ecs":
            _kind, cluster, name = target.resource_id.split("/")
            (service,), _failures = self.ecs_backend.describe_services(cluster, [name])
            service.desired_count = min(max(service.desired_count, target.min_capacity), target.max_capacity)
        return target

    after(stack, ApplicationAutoscalingBackend, "register_scalable_target", bound)

"""Bridges: Other services: EFS, SageMaker, scaling, S3, ECS."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from typing import Any
from unittest import mock

from rehearsal.aws import iam_conditions
from rehearsal.aws.moto_patches.table import after, bridge


@bridge
def backup_policy_of_file_systems(stack: ExitStack) -> None:
    """moto's EFS can tell its backup policy but not take one."""
    from moto.efs.responses import EFSResponse  # noqa: PLC0415

    def put(self: Any) -> tuple[str, dict[str, str]]:
        system = self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")]
        policy = self._get_param("BackupPolicy")
        system._backup = policy["Status"] == "ENABLED"
        return json.dumps({"BackupPolicy": policy}), {"Content-Type": "application/json"}

    stack.enter_context(mock.patch.object(EFSResponse, "put_backup_policy", put, create=True))


@bridge
def how_models_are_invoked(stack: ExitStack) -> None:
    """moto's SageMaker forgets whether containers are called directly, and network isolation."""
    from moto.sagemaker.responses import SageMakerResponse  # noqa: PLC0415

    def keep(answer: Any, self: Any) -> Any:
        model = self.sagemaker_backend._models[self._get_param("ModelName")]
        model.inference_execution_config = self._get_param("InferenceExecutionConfig")
        model.enable_network_isolation = bool(self._get_param("EnableNetworkIsolation"))
        return answer

    def show(answer: Any, self: Any) -> Any:
        model = self.sagemaker_backend._models[self._get_param("ModelName")]
        mode = getattr(model, "inference_execution_config", None)
        if mode:
            answer.result["InferenceExecutionConfig"] = mode
        return answer

    after(stack, SageMakerResponse, "create_model", keep)
    after(stack, SageMakerResponse, "describe_model", show)


@bridge
def tags_of_scalable_targets(stack: ExitStack) -> None:
    """moto's Application Auto Scaling has no tags."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as Response  # noqa: PLC0415

    def tags(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.applicationautoscaling_backend.__dict__.setdefault("tags_by_arn", {})
        return found

    def register(answer: str, self: Any) -> str:
        tags(self).setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(self._get_param("Tags") or {})
        return answer

    def listed(self: Any) -> str:
        return json.dumps({"Tags": tags(self).get(self._get_param("ResourceARN"), {})})

    after(stack, Response, "register_scalable_target", register)
    stack.enter_context(mock.patch.object(Response, "list_tags_for_resource", listed, create=True))


@bridge
def conditions_of_bucket_policies(stack: ExitStack) -> None:
    """moto takes a conditional Deny of a bucket policy for an unconditional one."""
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    original = FakeBucket.get_permission

    def permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return original(self, action, resource)
        document = json.loads(self.policy)
        context = {"aws:securetransport": "true"}  # boto3 always calls by TLS
        document["Statement"] = [
            {key: value for key, value in one.items() if key != "Condition"}
            for one in document["Statement"]
            if iam_conditions.applies(one.get("Condition"), context)
        ]
        kept, self.policy = self.policy, json.dumps(document).encode()
        try:
            return original(self, action, resource)
        finally:
            self.policy = kept

    stack.enter_context(mock.patch.object(FakeBucket, "get_permission", permission))


@bridge
def memory_of_the_whole_task(stack: ExitStack) -> None:
    """On Fargate a task's memory may be given as a whole; moto adds up that of the containers and stumbles."""
    from moto.ecs.models import EC2ContainerServiceBackend as Backend  # noqa: PLC0415

    def nothing(_: Any) -> dict[str, Any]:
        """What the task takes away from an EC2 instance; on Fargate there is none."""
        return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}

    name = "_calculate_task_resource_requirements"
    stack.enter_context(mock.patch.object(Backend, name, staticmethod(nothing)))


@bridge
def interfaces_of_mount_targets(stack: ExitStack) -> None:
    """moto's mount targets have network interfaces that do not say whose they are."""
    from moto.efs.models import EFSBackend  # noqa: PLC0415

    def named(target: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        interface = self.ec2_backend.get_network_interface(target.network_interface_id)
        interface.description = f"EFS mount target for {target.file_system_id} ({target.mount_target_id})"
        return target

    after(stack, EFSBackend, "create_mount_target", named)


@bridge
def identity_of_databases(stack: ExitStack) -> None:
    """moto gives every database instance the same resource id."""
    from moto.rds.models import DBInstance  # noqa: PLC0415

    def own(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        text = f"{self.region} {self.db_instance_identifier}"
        self.dbi_resource_id = f"db-{hashlib.sha256(text.encode()).hexdigest()[:26].upper()}"

    after(stack, DBInstance, "__init__", own)


@bridge
def digests_of_images(stack: ExitStack) -> None:
    """An image's digest is its manifest's; moto hashes the digests of layers only, so all images without are one."""
    from moto.ecr.models import Image  # noqa: PLC0415

    def digest(self: Any) -> None:
        self._image_digest = f"sha256:{hashlib.sha256(self.image_manifest.encode()).hexdigest()}"

    stack.enter_context(mock.patch.object(Image, "_create_digest", digest))


@bridge
def tasks_within_their_bounds(stack: ExitStack) -> None:
    """Registering a scalable target brings an ECS service's number of tasks between the bounds; moto leaves it.

    RegisterScalableTarget in the API reference of Application Auto Scaling, read 2026-11: it "changes the resource's
    current capacity to a value that is inside of this range".
    """
    from moto.applicationautoscaling.models import ApplicationAutoscalingBackend as Backend  # noqa: PLC0415

    def into_bounds(target: Any, self: Any, *_: Any, **_named: Any) -> Any:
        if target.service_namespace == "ecs":
            _kind, cluster, name = target.resource_id.split("/")
            (service,), _failures = self.ecs_backend.describe_services(cluster, [name])
            service.desired_count = min(max(service.desired_count, target.min_capacity), target.max_capacity)
        return target

    after(stack, Backend, "register_scalable_target", into_bounds)

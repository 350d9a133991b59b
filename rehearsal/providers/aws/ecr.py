"""ECR: repositories, lifecycle policies."""

from __future__ import annotations

from typing import ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class Repository(ResourceType, token="aws:ecr/repository:Repository"):
    """A repository for one image."""

    tags = True
    replace_on = words("encryptionConfigurations name")
    provider_only: ClassVar = {"forceDelete": "used on deletion"}

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(lower=True)
        if configurations := request.inputs.peek("encryptionConfigurations"):
            request.inputs.put("encryptionConfigurations", configurations[0])
        extra, renames = {"repositoryName": name}, {"encryptionConfigurations": "encryptionConfiguration"}
        repository = request.call_with_inputs("ecr", "CreateRepository", extra, renames=renames)["repository"]
        outputs = {
            "name": name,
            "arn": repository["repositoryArn"],
            "repositoryUrl": repository["repositoryUri"],
            "registryId": repository["registryId"],
        }
        return Attributes(name, outputs)

    def update(self, request: ResourceRequest) -> None:
        """Whether tags are immutable, and whether images are scanned."""
        name = {"repositoryName": request.id}
        if mutability := request.inputs.take("imageTagMutability"):
            request.call("ecr", "PutImageTagMutability", **name, imageTagMutability=mutability)
        if "imageScanningConfiguration" in request.inputs.unused():
            request.call_with_inputs("ecr", "PutImageScanningConfiguration", name)

    def delete(self, request: ResourceRequest) -> None:
        """With its images only with forceDelete; ECR refuses otherwise."""
        force = bool(request.attribute("forceDelete"))
        request.call("ecr", "DeleteRepository", repositoryName=request.id, force=force)


class LifecyclePolicy(ResourceType, token="aws:ecr/lifecyclePolicy:LifecyclePolicy"):
    """Which images expire."""

    replace_on = words("policy repository")
    delete_call = deleted_by("ecr:DeleteLifecyclePolicy", repositoryName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.inputs.take("repository")
        extra, renames = {"repositoryName": name}, {"policy": "lifecyclePolicyText"}
        policy = request.call_with_inputs("ecr", "PutLifecyclePolicy", extra, renames=renames)
        return Attributes(name, {"registryId": policy.get("registryId", request.account.id)})

"""Secrets Manager: secrets, and their values."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, words


class Secret(ResourceType, token="aws:secretsmanager/secret:Secret"):
    """A secret without a value; the value is a resource of its own."""

    tags = True
    replace_on = words("name namePrefix")
    reset_to: ClassVar = {"description": "", "policy": ""}
    holds = "the secret and its versions"
    provider_only: ClassVar = {
        "recoveryWindowInDays": "used on deletion",
        "forceOverwriteReplicaSecret": "used with replicas",
    }

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=512)
        policy = request.inputs.take("policy")
        arn = request.call_with_inputs("secretsmanager", "CreateSecret", {"Name": name})["ARN"]
        if policy:
            request.call("secretsmanager", "PutResourcePolicy", SecretId=arn, ResourcePolicy=policy)
        return Attributes(arn, {"arn": arn, "name": name})

    def update(self, request: ResourceRequest) -> None:
        """Description, key and policy; never the value."""
        if "policy" in request.inputs.unused():
            policy = request.inputs.take("policy")
            extra = {"ResourcePolicy": policy} if policy else {}
            verb = "Put" if policy else "Delete"
            request.call("secretsmanager", f"{verb}ResourcePolicy", SecretId=request.id, **extra)
        if request.inputs.unused():
            request.call_with_inputs("secretsmanager", "UpdateSecret", {"SecretId": request.id})

    def delete(self, request: ResourceRequest) -> None:
        """After some days (the provider's default is 30), or at once for 0."""
        days = request.inputs.take("recoveryWindowInDays", 30)
        window: dict[str, Any] = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
        request.call("secretsmanager", "DeleteSecret", SecretId=request.id, **window)


class SecretVersion(ResourceType, token="aws:secretsmanager/secretVersion:SecretVersion"):
    """The value of a secret."""

    replace_on = words("secretBinary secretId secretString")

    def create(self, request: ResourceRequest) -> Attributes:
        secret = request.inputs.peek("secretId")
        token = hashlib.sha256(f"{request.stack}\n{request.seed}".encode()).hexdigest()[:32]
        version = request.call_with_inputs("secretsmanager", "PutSecretValue", {"ClientRequestToken": token})
        outputs = {
            "arn": version["ARN"],
            "versionId": version["VersionId"],
            "versionStages": version["VersionStages"],
        }
        return Attributes(f"{secret}|{version['VersionId']}", outputs, frozenset({"secretString"}))

    def delete(self, request: ResourceRequest) -> None:
        """Nothing: it goes with its secret."""

"""KMS: keys, aliases."""

from __future__ import annotations

from typing import ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class Key(ResourceType, token="aws:kms/key:Key"):
    """A customer managed key."""

    tags = True
    replace_on = words("customKeyStoreId customerMasterKeySpec keyUsage multiRegion xksKeyId")
    defaults: ClassVar = {"keyUsage": "ENCRYPT_DECRYPT"}
    reset_to: ClassVar = {"description": "", "enableKeyRotation": False}
    holds = "whatever the key encrypted"
    provider_only: ClassVar = {"deletionWindowInDays": "used on deletion"}

    def create(self, request: ResourceRequest) -> Attributes:
        rotation = request.inputs.take("enableKeyRotation", False)
        key = request.call_with_inputs("kms", "CreateKey")["KeyMetadata"]
        if rotation:
            request.call("kms", "EnableKeyRotation", KeyId=key["KeyId"])
        return Attributes(key["KeyId"], {"arn": key["Arn"], "keyId": key["KeyId"]})

    def update(self, request: ResourceRequest) -> None:
        """Policy, description and rotation have a call each."""
        name, inputs = {"KeyId": request.id}, request.inputs
        if "policy" in inputs.unused():
            request.call("kms", "PutKeyPolicy", **name, PolicyName="default", Policy=inputs.require("policy"))
        if "description" in inputs.unused():
            request.call("kms", "UpdateKeyDescription", **name, Description=inputs.take("description"))
        if "enableKeyRotation" in inputs.unused():
            verb = "Enable" if inputs.take("enableKeyRotation") else "Disable"
            request.call("kms", f"{verb}KeyRotation", **name)

    def delete(self, request: ResourceRequest) -> None:
        """KMS waits for some days; the provider's default is 30."""
        days = request.inputs.take("deletionWindowInDays", 30)
        request.call("kms", "ScheduleKeyDeletion", KeyId=request.id, PendingWindowInDays=days)


class Alias(ResourceType, token="aws:kms/alias:Alias"):
    """A name of a key."""

    replace_on = words("name namePrefix")
    delete_call = deleted_by("kms:DeleteAlias", AliasName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name()
        name = name if name.startswith("alias/") else f"alias/{name}"
        request.call_with_inputs("kms", "CreateAlias", {"AliasName": name})
        aliases = request.call("kms", "ListAliases")["Aliases"]
        (arn,) = [alias["AliasArn"] for alias in aliases if alias["AliasName"] == name]
        return Attributes(name, {"name": name, "arn": arn})

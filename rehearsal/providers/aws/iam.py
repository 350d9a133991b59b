"""IAM: roles, inline policies, attachments."""

from __future__ import annotations

from typing import ClassVar

from rehearsal.providers.resource import EVERY, Attributes, ResourceRequest, ResourceType, deleted_by, words


class Role(ResourceType, token="aws:iam/role:Role"):
    """A role and its trust policy."""

    tags = True
    replace_on = words("name namePrefix path")
    reset_to: ClassVar = {"description": ""}
    provider_only: ClassVar = {"forceDetachPolicies": "used on deletion"}
    delete_call = deleted_by("iam:DeleteRole", RoleName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=64)
        renames = {"assumeRolePolicy": "AssumeRolePolicyDocument"}
        role = request.call_with_inputs("iam", "CreateRole", {"RoleName": name}, renames=renames)["Role"]
        return Attributes(name, {"arn": role["Arn"], "name": name, "uniqueId": role["RoleId"], "path": role["Path"]})

    def update(self, request: ResourceRequest) -> None:
        """The trust policy and the boundary have calls of their own."""
        if trust := request.inputs.take("assumeRolePolicy"):
            request.call("iam", "UpdateAssumeRolePolicy", RoleName=request.id, PolicyDocument=trust)
        if "permissionsBoundary" in request.inputs.unused():
            if boundary := request.inputs.take("permissionsBoundary"):
                request.call("iam", "PutRolePermissionsBoundary", RoleName=request.id, PermissionsBoundary=boundary)
            else:
                request.call("iam", "DeleteRolePermissionsBoundary", RoleName=request.id)
        if request.inputs.unused():
            request.call_with_inputs("iam", "UpdateRole", {"RoleName": request.id})

    def retag(self, request: ResourceRequest) -> None:
        """By the role's name."""
        removed = sorted(set(request.old.tags or {}) - set(request.tags)) if request.old else []
        if removed:
            request.call("iam", "UntagRole", RoleName=request.id, TagKeys=removed)
        request.call("iam", "TagRole", RoleName=request.id, Tags=request.tag_pairs())


class RolePolicy(ResourceType, token="aws:iam/rolePolicy:RolePolicy"):
    """An inline policy."""

    replace_on = words("name namePrefix role")
    creation_is_put = True
    delete_call = deleted_by("iam:DeleteRolePolicy", RoleName="role", PolicyName="name")

    def create(self, request: ResourceRequest) -> Attributes:
        name, role = request.physical_name(limit=128), request.inputs.take("role")
        extra = {"PolicyName": name, "RoleName": role}
        request.call_with_inputs("iam", "PutRolePolicy", extra, renames={"policy": "PolicyDocument"})
        return Attributes(f"{role}:{name}", {"name": name})


class RolePolicyAttachment(ResourceType, token="aws:iam/rolePolicyAttachment:RolePolicyAttachment"):
    """A managed policy of a role."""

    replace_on = EVERY
    delete_call = deleted_by("iam:DetachRolePolicy", RoleName="role", PolicyArn="policyArn")

    def create(self, request: ResourceRequest) -> Attributes:
        role, policy = request.inputs.take("role"), request.inputs.take("policyArn")
        request.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=policy)
        return Attributes(f"{role}/{policy}")

"""EFS: file systems, mount targets, access points, policies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rehearsal.engine import naming
from rehearsal.providers.aws.endpoints import dns_suffix
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words

LIFECYCLE_MEMBERS = {
    "transitionToIa": "TransitionToIA",
    "transitionToArchive": "TransitionToArchive",
    "transitionToPrimaryStorageClass": "TransitionToPrimaryStorageClass",
}


class FileSystem(ResourceType, token="aws:efs/fileSystem:FileSystem"):
    """A file system; lifecycle and protection are set by further calls."""

    tags = True
    replace_on = words("availabilityZoneName creationToken encrypted kmsKeyId performanceMode")
    reset_to: ClassVar = {"lifecyclePolicies": []}
    holds = "all media"
    delete_call = deleted_by("efs:DeleteFileSystem", FileSystemId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        policies = request.inputs.take("lifecyclePolicies") or []
        protection = request.inputs.take("protection")
        token = request.inputs.take("creationToken") or naming.suffix(request.stack, request.seed)
        file_system = request.call_with_inputs("efs", "CreateFileSystem", {"CreationToken": token})
        file_system_id = file_system["FileSystemId"]
        if policies:
            self._put_lifecycle(request, file_system_id, policies)
        if protection:
            self._protect(request, file_system_id, protection)
        outputs = {
            "arn": file_system["FileSystemArn"],
            "creationToken": token,
            "dnsName": _dns_name(request, file_system_id),
            "ownerId": request.account.id,
            "performanceMode": file_system["PerformanceMode"],
        }
        return Attributes(file_system_id, outputs)

    def update(self, request: ResourceRequest) -> None:
        """Lifecycle, protection and throughput have a call each."""
        if "lifecyclePolicies" in request.inputs.unused():
            self._put_lifecycle(request, request.id, request.inputs.take("lifecyclePolicies"))
        if protection := request.inputs.take("protection"):
            self._protect(request, request.id, protection)
        if request.inputs.unused():
            request.call_with_inputs("efs", "UpdateFileSystem", {"FileSystemId": request.id})

    def _put_lifecycle(self, request: ResourceRequest, file_system_id: str, policies: Sequence[dict[str, str]]) -> None:
        members = [{LIFECYCLE_MEMBERS[key]: value} for policy in policies for key, value in policy.items()]
        request.call("efs", "PutLifecycleConfiguration", FileSystemId=file_system_id, LifecyclePolicies=members)

    def _protect(self, request: ResourceRequest, file_system_id: str, protection: dict[str, Any]) -> None:
        members = {"ReplicationOverwriteProtection": protection["replicationOverwrite"]}
        request.call("efs", "UpdateFileSystemProtection", FileSystemId=file_system_id, **members)


def _dns_name(request: ResourceRequest, file_system_id: str) -> str:
    return f"{file_system_id}.efs.{request.region}.{dns_suffix(request)}"


class MountTarget(ResourceType, token="aws:efs/mountTarget:MountTarget"):
    """Where one zone's tasks mount."""

    replace_on = words("fileSystemId ipAddress ipAddressType ipv6Address subnetId")
    delete_call = deleted_by("efs:DeleteMountTarget", MountTargetId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        dns_name = _dns_name(request, request.inputs.peek("fileSystemId"))
        target = request.call_with_inputs("efs", "CreateMountTarget")
        outputs = {
            "ipAddress": target["IpAddress"],
            "networkInterfaceId": target["NetworkInterfaceId"],
            "availabilityZoneName": target["AvailabilityZoneName"],
            "availabilityZoneId": target["AvailabilityZoneId"],
            "dnsName": dns_name,
            "mountTargetDnsName": f"{target['AvailabilityZoneName']}.{dns_name}",
            "ownerId": request.account.id,
        }
        return Attributes(target["MountTargetId"], outputs)

    def update(self, request: ResourceRequest) -> None:
        """Its security groups."""
        request.call_with_inputs("efs", "ModifyMountTargetSecurityGroups", {"MountTargetId": request.id})


class AccessPoint(ResourceType, token="aws:efs/accessPoint:AccessPoint"):
    """A folder seen as one user."""

    tags = True
    replace_on = words("fileSystemId posixUser rootDirectory")
    delete_call = deleted_by("efs:DeleteAccessPoint", AccessPointId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = {"ClientToken": naming.suffix(request.stack, request.seed)}
        access_point = request.call_with_inputs("efs", "CreateAccessPoint", extra)
        outputs = {"arn": access_point["AccessPointArn"], "ownerId": request.account.id}
        return Attributes(access_point["AccessPointId"], outputs)


class BackupPolicy(ResourceType, token="aws:efs/backupPolicy:BackupPolicy"):
    """Whether AWS Backup's automatic backups include the file system."""

    replace_on = words("fileSystemId")
    creation_is_put = True

    def create(self, request: ResourceRequest) -> Attributes:
        file_system_id = request.inputs.peek("fileSystemId")
        request.call_with_inputs("efs", "PutBackupPolicy")
        return Attributes(file_system_id)

    def delete(self, request: ResourceRequest) -> None:
        """Switched off."""
        request.call("efs", "PutBackupPolicy", FileSystemId=request.id, BackupPolicy={"Status": "DISABLED"})


class FileSystemPolicy(ResourceType, token="aws:efs/fileSystemPolicy:FileSystemPolicy"):
    """Who may mount, and how."""

    replace_on = words("fileSystemId")
    creation_is_put = True
    delete_call = deleted_by("efs:DeleteFileSystemPolicy", FileSystemId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        file_system_id = request.inputs.peek("fileSystemId")
        request.call_with_inputs("efs", "PutFileSystemPolicy")
        return Attributes(file_system_id)

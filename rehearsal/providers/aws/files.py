"""EFS: file system, mount targets, access points."""

from __future__ import annotations

from rehearsal.engine import naming
from rehearsal.providers.resource import Made, Make, handles


def dns_suffix(make: Make) -> str:
    """The region's DNS suffix, e.g. amazonaws.com.cn."""
    endpoint: str = make.client("efs").meta.endpoint_url
    return endpoint.partition(f"{make.region}.")[2]


def lifecycle(policies: list[dict[str, str]]) -> list[dict[str, str]]:
    """When files move to another storage class, as the API spells it."""
    members = {"transitionToIa": "TransitionToIA", "transitionToArchive": "TransitionToArchive"}
    members["transitionToPrimaryStorageClass"] = "TransitionToPrimaryStorageClass"
    return [{members[key]: value} for policy in policies for key, value in policy.items()]


@handles("aws:efs/fileSystem:FileSystem", tags=True)
def file_system(make: Make) -> Made:
    """A file system; lifecycle and protection are set by further calls."""
    policies = make.inputs.take("lifecyclePolicies") or []
    protection = make.inputs.take("protection")
    token = make.inputs.take("creationToken") or naming.suffix(make.stack, make.seed)
    made = make.call("efs", "CreateFileSystem", {"CreationToken": token})
    system_id = made["FileSystemId"]
    if policies:
        wanted = lifecycle(policies)
        make.ask("efs", "PutLifecycleConfiguration", FileSystemId=system_id, LifecyclePolicies=wanted)
    if protection:
        value = protection["replicationOverwrite"]
        make.ask("efs", "UpdateFileSystemProtection", FileSystemId=system_id, ReplicationOverwriteProtection=value)
    outputs = {
        "arn": made["FileSystemArn"],
        "creationToken": token,
        "dnsName": f"{system_id}.efs.{make.region}.{dns_suffix(make)}",
        "ownerId": make.account.id,
        "performanceMode": made["PerformanceMode"],
    }
    return Made(system_id, outputs)


@handles("aws:efs/mountTarget:MountTarget")
def mount_target(make: Make) -> Made:
    """Where one zone's tasks mount."""
    system_id = make.inputs.peek("fileSystemId")
    made = make.call("efs", "CreateMountTarget")
    dns_name = f"{system_id}.efs.{make.region}.{dns_suffix(make)}"
    outputs = {
        "ipAddress": made["IpAddress"],
        "networkInterfaceId": made["NetworkInterfaceId"],
        "availabilityZoneName": made["AvailabilityZoneName"],
        "availabilityZoneId": made["AvailabilityZoneId"],
        "dnsName": dns_name,
        "mountTargetDnsName": f"{made['AvailabilityZoneName']}.{dns_name}",
        "ownerId": make.account.id,
    }
    return Made(made["MountTargetId"], outputs)


@handles("aws:efs/accessPoint:AccessPoint", tags=True)
def access_point(make: Make) -> Made:
    """A folder seen as one user."""
    made = make.call("efs", "CreateAccessPoint", {"ClientToken": naming.suffix(make.stack, make.seed)})
    return Made(made["AccessPointId"], {"arn": made["AccessPointArn"], "ownerId": make.account.id})


@handles("aws:efs/backupPolicy:BackupPolicy")
def backup_policy(make: Make) -> Made:
    """Whether AWS Backup takes it along."""
    system_id = make.inputs.peek("fileSystemId")
    make.call("efs", "PutBackupPolicy")
    return Made(system_id)


@handles("aws:efs/fileSystemPolicy:FileSystemPolicy")
def file_system_policy(make: Make) -> Made:
    """Who may mount, and how."""
    system_id = make.inputs.peek("fileSystemId")
    make.call("efs", "PutFileSystemPolicy")
    return Made(system_id)

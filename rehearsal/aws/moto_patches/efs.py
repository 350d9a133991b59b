"""EFS."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any

import botocore.exceptions
from moto.efs.models import AccessPoint, EFSBackend
from moto.efs.responses import EFSResponse

from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, replace, subnet_ids

JSON = {"Content-Type": "application/json"}


def _file_system(client: Client) -> str:
    return str(client("efs").create_file_system(CreationToken="t")["FileSystemId"])


def _takes_a_backup_policy(client: Client) -> bool:
    efs, system = client("efs"), _file_system(client)
    described = []
    for status in ("ENABLED", "DISABLED"):
        efs.put_backup_policy(FileSystemId=system, BackupPolicy={"Status": status})
        described.append(efs.describe_backup_policy(FileSystemId=system)["BackupPolicy"]["Status"])
    return described == ["ENABLED", "DISABLED"]


@moto_patch(_takes_a_backup_policy)
def backup_policy_of_file_systems(stack: ExitStack) -> None:
    """moto's EFS describes a backup policy that is enabled but takes none. API reference: PutBackupPolicy."""
    original = EFSResponse.describe_backup_policy

    def put(self: Any) -> tuple[str, dict[str, str]]:
        system = self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")]
        policy = self._get_param("BackupPolicy")
        system._backup = policy["Status"] == "ENABLED"
        system.backup_policy_was_put = True
        return json.dumps({"BackupPolicy": policy}), JSON

    def describe(self: Any) -> Any:
        system = self.efs_backend.file_systems_by_id.get(self._get_param("FileSystemId"))
        if system is None or system._backup or not hasattr(system, "backup_policy_was_put"):
            return original(self)
        return json.dumps({"BackupPolicy": {"Status": "DISABLED"}}), JSON

    replace(stack, EFSResponse, "put_backup_policy", put)
    replace(stack, EFSResponse, "describe_backup_policy", describe)


_POINT_IN_A_STACK = """
Resources:
  Files: {Type: AWS::EFS::FileSystem}
  Point:
    Type: AWS::EFS::AccessPoint
    Properties: {FileSystemId: !Ref Files, PosixUser: {Uid: "1000", Gid: "1000"}}
"""


def _names_a_stacks_access_point(client: Client) -> bool:
    client("cloudformation").create_stack(StackName="s", TemplateBody=_POINT_IN_A_STACK)
    (resource,) = client("cloudformation").describe_stack_resources(StackName="s", LogicalResourceId="Point")[
        "StackResources"
    ]
    (point,) = client("efs").describe_access_points()["AccessPoints"]
    named = resource.get("PhysicalResourceId") == point["AccessPointId"]
    return named and isinstance(point["PosixUser"]["Uid"], int)


@moto_patch(_names_a_stacks_access_point)
def access_points_of_cloudformation(stack: ExitStack) -> None:
    """moto does not tell CloudFormation an access point's id, and keeps numbers as the template's texts.

    CloudFormation's reference, AWS::EFS::AccessPoint: Ref returns the id. EFS's API reference, PosixUser: numbers.
    """

    def point(_: None, self: Any, *__: Any, **___: Any) -> None:
        for numbers in filter(None, (self.posix_user, (self.root_directory or {}).get("CreationInfo"))):
            for key in {"Uid", "Gid", "OwnerUid", "OwnerGid"} & set(numbers):
                numbers[key] = int(numbers[key])

    after(stack, AccessPoint, "__init__", point)
    own_id = property(lambda self: self.access_point_id, lambda _, __: None)
    replace(stack, AccessPoint, "physical_resource_id", own_id)


def _changes_a_file_system(client: Client) -> bool:
    efs, name = client("efs"), {"FileSystemId": _file_system(client)}
    efs.put_file_system_policy(**name, Policy="{}")
    efs.delete_file_system_policy(**name)
    efs.update_file_system(**name, ThroughputMode="elastic")
    try:
        efs.describe_file_system_policy(**name)
    except botocore.exceptions.ClientError:
        return bool(efs.describe_file_systems(**name)["FileSystems"][0]["ThroughputMode"] == "elastic")
    return False


@moto_patch(_changes_a_file_system)
def changes_of_file_systems(stack: ExitStack) -> None:
    """moto's EFS neither changes a file system's throughput nor deletes its policy.

    API reference: UpdateFileSystem, DeleteFileSystemPolicy.
    """

    def update(self: Any) -> tuple[str, dict[str, str]]:
        system = self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")]
        if mode := self._get_param("ThroughputMode"):
            system.throughput_mode = mode
        if throughput := self._get_param("ProvisionedThroughputInMibps"):
            system.provisioned_throughput_in_mibps = throughput
        return json.dumps(system.info_json()), JSON

    def delete(self: Any) -> tuple[str, dict[str, str]]:
        self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")].file_system_policy = None
        return "{}", JSON

    replace(stack, EFSResponse, "update_file_system", update)
    replace(stack, EFSResponse, "delete_file_system_policy", delete)


def _describes_the_interface(client: Client) -> bool:
    """A mount target's network interface says which file system it belongs to, so that it can be found by that."""
    efs, ec2, system = client("efs"), client("ec2"), _file_system(client)
    efs.create_mount_target(FileSystemId=system, SubnetId=subnet_ids(client)[0])
    filters = [{"Name": "description", "Values": [f"*{system}*"]}]
    return len(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == 1


@moto_patch(_describes_the_interface)
def interfaces_of_mount_targets(stack: ExitStack) -> None:
    """moto's mount targets have network interfaces without a description. EFS API reference, CreateMountTarget."""

    def describe(target: Any, self: Any, *_: Any, **__: Any) -> Any:
        interface = self.ec2_backend.get_network_interface(target.network_interface_id)
        interface.description = f"EFS mount target for {target.file_system_id} ({target.mount_target_id})"
        return target

    after(stack, EFSBackend, "create_mount_target", describe)

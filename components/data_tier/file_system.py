"""FileSystem: EFS for CVAT's media, reached through access points, by TLS and IAM only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.adopted.file_system import AdoptedFileSystem
from components.context import StackContext
from components.network import security_groups

NFS_PORT = 2049
CVAT_USER = 1000
"""uid and gid of the user `django` in CVAT's image."""


@dataclass(frozen=True, kw_only=True)
class FileSystemArgs:
    context: StackContext
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets that get a mount target, one a zone."""
    adopted: AdoptedFileSystem | None = None
    """A file system to use; it is never deleted. Default: a new one."""


@dataclass(frozen=True)
class Folder:
    """A folder of the file system: an access point through which tasks act as CVAT's user."""

    file_system_id: pulumi.Output[str]
    file_system_arn: pulumi.Output[str]
    access_point_id: pulumi.Output[str]
    access_point_arn: pulumi.Output[str]


class FileSystem(pulumi.ComponentResource):
    """Depend on this component to mount the file system: its mount targets exist then."""

    data: Folder
    share: Folder
    root: Folder | None
    """Of an adopted file system that only this stack uses."""
    client: aws.ec2.SecurityGroup
    """The group whose members may mount the file system."""

    def __init__(self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:FileSystem", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._id, self._arn = self._file_system()
        shared_group = args.adopted.group_id if args.adopted else ""
        if not shared_group:
            self._policies()
        self.client = security_groups.group(f"{name}-client", "efs-client", args.vpc_id, self._child)
        server = shared_group or self._mount_targets()
        security_groups.allow(name, self.client, server, NFS_PORT, self._child)
        self.data = self._folder("data")
        self.share = self._folder("share")
        self.root = self._root() if args.adopted and not shared_group else None
        self.register_outputs({"id": self._id})

    def _file_system(self) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Id and ARN of the adopted one, or of a new one."""
        adopted = self._args.adopted
        if adopted:
            return pulumi.Output.from_input(adopted.file_system_id), pulumi.Output.from_input(adopted.arn)
        file_system = self._new_file_system()
        return file_system.id, file_system.arn

    def _new_file_system(self) -> aws.efs.FileSystem:
        args = self._args
        return aws.efs.FileSystem(
            self._name,
            encrypted=True,
            kms_key_id=args.context.key,
            throughput_mode="bursting",
            lifecycle_policies=[
                {"transition_to_ia": "AFTER_30_DAYS"},
                {"transition_to_primary_storage_class": "AFTER_1_ACCESS"},
            ],
            tags={"Name": self._name},
            # Another key would replace the file system.
            opts=pulumi.ResourceOptions(parent=self, protect=args.context.protect, ignore_changes=["kms_key_id"]),
        )

    def _policies(self) -> None:
        """Denies access without TLS; without an Allow, the policy leaves everything else to IAM."""
        statement = {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Resource": self._arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        aws.efs.FileSystemPolicy(
            self._name,
            file_system_id=self._id,
            policy=iam.document([statement]),
            opts=self._child,
        )
        aws.efs.BackupPolicy(
            self._name,
            file_system_id=self._id,
            # AWS Backup backs files up together with the database; EFS's own plan would do it a second time.
            backup_policy={"status": "DISABLED"},
            opts=self._child,
        )

    def _mount_targets(self) -> aws.ec2.SecurityGroup:
        name, args = self._name, self._args
        server = security_groups.group(name, "efs", args.vpc_id, self._child)
        for index, subnet_id in enumerate(args.subnet_ids):
            aws.efs.MountTarget(
                f"{name}-{index}",
                file_system_id=self._id,
                subnet_id=subnet_id,
                security_groups=[server.id],
                opts=self._child,
            )
        return server

    def _root(self) -> Folder:
        """An access point to the root as user root, which moving restored folders needs."""
        point = aws.efs.AccessPoint(
            f"{self._name}-root",
            file_system_id=self._id,
            posix_user={"uid": 0, "gid": 0},
            root_directory={"path": "/"},
            tags={"Name": f"{self._name}-root"},
            opts=self._child,
        )
        return Folder(self._id, self._arn, point.id, point.arn)

    def _folder(self, folder: str) -> Folder:
        point = aws.efs.AccessPoint(
            f"{self._name}-{folder}",
            file_system_id=self._id,
            posix_user={"uid": CVAT_USER, "gid": CVAT_USER},
            root_directory={
                "path": f"/{folder}",
                "creation_info": {"owner_uid": CVAT_USER, "owner_gid": CVAT_USER, "permissions": "0755"},
            },
            tags={"Name": f"{self._name}-{folder}"},
            opts=self._child,
        )
        return Folder(self._id, self._arn, point.id, point.arn)

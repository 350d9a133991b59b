"""FileSystem: EFS for CVAT's media, reached through access points, by TLS and IAM only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import iam
from components.adopted.file_system import Files
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
    existing: Files | None = None
    """A file system to use; it is never deleted. Default: a new one."""


@dataclass(frozen=True)
class Folder:
    """A folder of the file system, as tasks see it: an access point that acts as CVAT's user."""

    file_system_id: pulumi.Output[str]
    file_system_arn: pulumi.Output[str]
    access_point_id: pulumi.Output[str]
    access_point_arn: pulumi.Output[str]


class FileSystem(pulumi.ComponentResource):
    """Depend on this component to mount: its targets then exist."""

    data: Folder
    share: Folder
    root: Folder | None
    """Of an existing file system that nobody else uses only."""
    client: aws.ec2.SecurityGroup
    """Who carries it may mount."""

    def __init__(self, name: str, args: FileSystemArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:FileSystem", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._id, self._arn = self._file_system()
        theirs = args.existing.group_id if args.existing else ""
        if not theirs:
            self._guard()
        self.client = security_groups.group(f"{name}-client", "efs-client", args.vpc_id, args.context.tags, self._child)
        server = theirs or self._mount_targets()
        security_groups.allow(name, self.client, server, NFS_PORT, args.context.tags, self._child)
        self.data = self._folder("data")
        self.share = self._folder("share")
        self.root = self._whole() if args.existing and not theirs else None
        self.register_outputs({"id": self._id})

    def _file_system(self) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Id and ARN."""
        existing = self._args.existing
        if existing:
            return pulumi.Output.from_input(existing.file_system_id), pulumi.Output.from_input(existing.arn)
        made = self._new_file_system()
        return made.id, made.arn

    def _new_file_system(self) -> aws.efs.FileSystem:
        args = self._args
        policy = aws.efs.FileSystemLifecyclePolicyArgs
        return aws.efs.FileSystem(
            self._name,
            aws.efs.FileSystemArgs(
                encrypted=True,
                kms_key_id=args.context.key,
                throughput_mode="bursting",
                lifecycle_policies=[
                    policy(transition_to_ia="AFTER_30_DAYS"),
                    policy(transition_to_primary_storage_class="AFTER_1_ACCESS"),
                ],
                tags={**args.context.tags, "Name": self._name},
            ),
            # The key is chosen once: another one would replace the file system.
            opts=pulumi.ResourceOptions(parent=self, protect=args.context.protect, ignore_changes=["kms_key_id"]),
        )

    def _guard(self) -> None:
        """A policy without Allow leaves access to IAM; with its Deny, only over TLS."""
        statement = {
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "*",
            "Resource": self._arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        aws.efs.FileSystemPolicy(
            self._name,
            aws.efs.FileSystemPolicyArgs(file_system_id=self._id, policy=iam.document([statement])),
            opts=self._child,
        )
        aws.efs.BackupPolicy(
            self._name,
            aws.efs.BackupPolicyArgs(
                file_system_id=self._id,
                # Files are taken together with the database (backup.py); EFS's own plan would take them once more.
                backup_policy=aws.efs.BackupPolicyBackupPolicyArgs(status="DISABLED"),
            ),
            opts=self._child,
        )

    def _mount_targets(self) -> aws.ec2.SecurityGroup:
        name, args = self._name, self._args
        server = security_groups.group(name, "efs", args.vpc_id, args.context.tags, self._child)
        for index, subnet_id in enumerate(args.subnet_ids):
            aws.efs.MountTarget(
                f"{name}-{index}",
                aws.efs.MountTargetArgs(file_system_id=self._id, subnet_id=subnet_id, security_groups=[server.id]),
                opts=self._child,
            )
        return server

    def _whole(self) -> Folder:
        """The root of a file system, as root: only there can restored folders be put in place."""
        point = aws.efs.AccessPoint(
            f"{self._name}-root",
            aws.efs.AccessPointArgs(
                file_system_id=self._id,
                posix_user=aws.efs.AccessPointPosixUserArgs(uid=0, gid=0),
                root_directory=aws.efs.AccessPointRootDirectoryArgs(path="/"),
                tags={**self._args.context.tags, "Name": f"{self._name}-root"},
            ),
            opts=self._child,
        )
        return Folder(self._id, self._arn, point.id, point.arn)

    def _folder(self, folder: str) -> Folder:
        point = aws.efs.AccessPoint(
            f"{self._name}-{folder}",
            aws.efs.AccessPointArgs(
                file_system_id=self._id,
                posix_user=aws.efs.AccessPointPosixUserArgs(uid=CVAT_USER, gid=CVAT_USER),
                root_directory=aws.efs.AccessPointRootDirectoryArgs(
                    path=f"/{folder}",
                    creation_info=aws.efs.AccessPointRootDirectoryCreationInfoArgs(
                        owner_uid=CVAT_USER, owner_gid=CVAT_USER, permissions="0755"
                    ),
                ),
                tags={**self._args.context.tags, "Name": f"{self._name}-{folder}"},
            ),
            opts=self._child,
        )
        return Folder(self._id, self._arn, point.id, point.arn)

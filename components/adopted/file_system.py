"""A file system that exists already: restored by AWS Backup, created for CVAT, or used by others, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.problems import Problems
from components.context import StackContext
from settings.values import FilesReference


@dataclass(frozen=True)
class AdoptedFileSystem:
    """A file system that fits the stack."""

    file_system_id: str
    arn: str
    group_id: str = ""
    """Security group of its mount targets, where others use it, too: then the stack leaves its policy and its root
    alone. Empty: it has no mount targets, and the stack treats it as one of its own."""


@dataclass(frozen=True)
class MountTarget:
    """A mount target that exists already, described by its network interface."""

    vpc_id: str
    zone: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FileSystemDescription:
    """What decides whether a file system can be used."""

    encrypted: bool
    key_arn: str
    one_zone: str
    """The zone of a One Zone file system; empty: it is regional."""
    targets: tuple[MountTarget, ...]
    """Mount targets that this stack has not created."""


def file_system_problems(
    reference: FilesReference, description: FileSystemDescription, zones: Sequence[str], key_arn: str
) -> Iterator[str]:
    """Why the file system cannot be used, one sentence each; pure.

    `zones`: names of the zones in which tasks run. `key_arn`: the KMS key that stores must have; empty: any.
    """
    key = f"cvat:fileSystemId = {reference.file_system_id}"
    if not description.encrypted:
        yield (
            f"{key}: it is not encrypted, and this stack's stores are. Restore a backup of it with Encrypted=true "
            "(docs/operations.md#restore), and name the new one."
        )
    elif key_arn and description.key_arn != key_arn:
        yield (
            f"{key}: it is encrypted with {description.key_arn}, not with cvat:kmsKeyArn = {key_arn}. Name one that is."
        )
    if description.one_zone:
        yield (
            f"{key}: it exists in the zone {description.one_zone} only, and tasks run in several. Name a regional one."
        )
    if not reference.group_id:
        for target in description.targets[:1]:
            yield (
                f"{key}: it is mounted in {target.vpc_id} already, through {', '.join(target.group_ids)}. Name that "
                "group in cvat:fileSystemSecurityGroupId and the VPC in cvat:vpcId, or delete the mount targets."
            )
        return
    reached = {target.zone for target in description.targets if reference.group_id in target.group_ids}
    if lacking := [zone for zone in zones if zone not in reached]:
        yield (
            f"cvat:fileSystemSecurityGroupId = {reference.group_id}: no mount target that carries it is in "
            f"{', '.join(lacking)}, so tasks there could not mount. Make one in each zone, with that group."
        )


def adopted_file_system(
    context: StackContext, reference: FilesReference, zones: Sequence[str], problems: Problems
) -> AdoptedFileSystem | None:
    """The file system that the settings name, or None. Adds to `problems` what makes it unusable."""
    file_system_id = reference.file_system_id
    if not file_system_id:
        return None
    file_system = problems.ask(
        "fileSystemId", file_system_id, lambda: aws.efs.get_file_system(file_system_id=file_system_id)
    )
    if file_system is None:
        return None
    description = FileSystemDescription(
        encrypted=file_system.encrypted,
        key_arn=file_system.kms_key_id,
        one_zone=file_system.availability_zone_name,
        targets=_targets(context, file_system_id),
    )
    problems.add(file_system_problems(reference, description, zones, context.key_arn))
    return AdoptedFileSystem(file_system.file_system_id, file_system.arn, reference.group_id)


def _targets(context: StackContext, file_system_id: str) -> tuple[MountTarget, ...]:
    """Mount targets of others, found by their network interfaces: Pulumi has no function that lists mount targets."""
    filters: list[aws.ec2.GetNetworkInterfacesFilterArgsDict] = [
        {"name": "description", "values": [f"*{file_system_id}*"]}
    ]
    ids = aws.ec2.get_network_interfaces(filters=filters).ids
    if not ids:
        return ()
    own = set(aws.ec2.get_security_groups(tags=context.own_tags).ids)
    interfaces = [aws.ec2.get_network_interface(id=interface_id) for interface_id in ids]
    return tuple(
        MountTarget(interface.vpc_id, interface.availability_zone, tuple(interface.security_groups))
        for interface in interfaces
        if not own & set(interface.security_groups)
    )

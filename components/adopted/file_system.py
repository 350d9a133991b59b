"""A file system that exists already: restored by AWS Backup, made for CVAT, or mounted by others, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.context import StackContext
from components.problems import Problems
from settings.values import FilesReference


@dataclass(frozen=True)
class Files:
    """A file system that fits the stack."""

    file_system_id: str
    arn: str
    group_id: str = ""
    """Security group of the mount targets that it has: others use it as well, so that its policy and its root are none
    of the stack's business. Empty: it has none, and the stack does with it as with one of its own."""


@dataclass(frozen=True)
class MountTarget:
    """Where a file system is mounted already, by its network interface."""

    vpc_id: str
    zone: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FilesDescription:
    """What AWS says of a file system, as far as it matters."""

    encrypted: bool
    key_arn: str
    one_zone: str
    """The only zone that it lies in; empty: it lies in all."""
    targets: tuple[MountTarget, ...]
    """Mount targets that this stack has not made."""


def file_system_problems(
    named: FilesReference, facts: FilesDescription, zones: Sequence[str], key_arn: str
) -> Iterator[str]:
    """All that speaks against using the file system; pure.

    `zones`: names of those that tasks run in. `key_arn`: the key that stores must have, if any.
    """
    key = f"cvat:fileSystemId = {named.file_system_id}"
    if not facts.encrypted:
        yield (
            f"{key}: it is not encrypted, and this stack's stores are. Restore a backup of it with Encrypted=true "
            "(docs/operations.md#restore), and name the new one."
        )
    elif key_arn and facts.key_arn != key_arn:
        yield f"{key}: it is encrypted with {facts.key_arn}, not with cvat:kmsKeyArn = {key_arn}. Name one that is."
    if facts.one_zone:
        yield f"{key}: it lies in the zone {facts.one_zone} only, and tasks run in several. Name a regional one."
    if not named.group_id:
        for target in facts.targets[:1]:
            yield (
                f"{key}: it is mounted in {target.vpc_id} already, through {', '.join(target.group_ids)}. Name that "
                "group in cvat:fileSystemSecurityGroupId and the VPC in cvat:vpcId, or delete the mount targets."
            )
        return
    reached = {target.zone for target in facts.targets if named.group_id in target.group_ids}
    if lacking := [zone for zone in zones if zone not in reached]:
        yield (
            f"cvat:fileSystemSecurityGroupId = {named.group_id}: no mount target that carries it is in "
            f"{', '.join(lacking)}, so tasks there could not mount. Make one in each zone, with that group."
        )


def adopted_files(
    context: StackContext, named: FilesReference, zones: Sequence[str], problems: Problems
) -> Files | None:
    """The file system, if it is named and fits."""
    wanted = named.file_system_id
    if not wanted:
        return None
    found = problems.ask("fileSystemId", wanted, lambda: aws.efs.get_file_system(file_system_id=wanted))
    if found is None:
        return None
    facts = FilesDescription(
        encrypted=found.encrypted,
        key_arn=found.kms_key_id,
        one_zone=found.availability_zone_name,
        targets=_targets(context, wanted),
    )
    problems.add(file_system_problems(named, facts, zones, context.key_arn))
    return Files(found.file_system_id, found.arn, named.group_id)


def _targets(context: StackContext, file_system_id: str) -> tuple[MountTarget, ...]:
    """Mount targets of others. EFS itself lists none to Pulumi, but their network interfaces name the file system."""
    filters = [aws.ec2.GetNetworkInterfacesFilterArgs(name="description", values=[f"*{file_system_id}*"])]
    ids = aws.ec2.get_network_interfaces(filters=filters).ids
    if not ids:
        return ()
    own = set(aws.ec2.get_security_groups(tags={"project": context.tags["project"], "stack": context.stack}).ids)
    interfaces = [aws.ec2.get_network_interface(id=one) for one in ids]
    return tuple(
        MountTarget(one.vpc_id, one.availability_zone, tuple(one.security_groups))
        for one in interfaces
        if not own & set(one.security_groups)
    )

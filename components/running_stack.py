"""Asks the account what it has of the stack, by the stack's tags, before the program registers anything."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pulumi_aws as aws

from components.context import StackContext
from settings.running_stack import RunningDatabase, RunningStack

REGION_TAG = "cvat:region"
"""Of the initialisation's execution role: IAM is the same in all regions, so it shows where the stack runs."""
_ROLES = "^init-execution-"

Answer = TypeVar("Answer")


def running_stack(context: StackContext) -> RunningStack:
    """What exists of the stack; nothing at its first deployment."""
    tags = {"project": context.tags["project"], "stack": context.stack}
    region = _region(tags)
    if region not in ("", context.region.name):
        return RunningStack(region=region)
    stores = _tagged(tags, "rds:db", "elasticache:replicationgroup", "elasticfilesystem:file-system", "ecs:service")
    vpc_ids = aws.ec2.get_security_groups(tags=tags).vpc_ids
    own_vpcs = aws.ec2.get_vpcs(tags=tags).ids
    return RunningStack(
        region=region,
        vpc_id=next(iter([*vpc_ids, *own_vpcs]), ""),
        own_vpc_cidr=aws.ec2.get_vpc(id=own_vpcs[0]).cidr_block if own_vpcs else "",
        subnet_cidrs={kind: _subnet_cidrs({**tags, "SubnetType": kind.capitalize()}) for kind in ("public", "private")},
        database=_database(stores["rds:db"]),
        redis_version=_redis_version(stores["elasticache:replicationgroup"]),
        file_system_id=next(iter(stores["elasticfilesystem:file-system"]), ""),
        initialised=bool(stores["ecs:service"]),
    )


def _region(tags: Mapping[str, str]) -> str:
    """The region in which the stack runs, whichever one the settings name; empty if it does not exist."""
    for name in aws.iam.get_roles(name_regex=_ROLES).names:
        role = _ask(functools.partial(aws.iam.get_role, name=name))
        if role and tags.items() <= role.tags.items():
            return str(role.tags.get(REGION_TAG, ""))
    return ""


def _tagged(tags: Mapping[str, str], *kinds: str) -> dict[str, list[str]]:
    """Names of resources with these tags, by kind, such as rds:db. Some of them may have been deleted lately."""
    filters: list[aws.resourcegroupstaggingapi.GetResourcesTagFilterArgsDict] = [
        {"key": key, "values": [value]} for key, value in tags.items()
    ]
    tagged = aws.resourcegroupstaggingapi.get_resources(tag_filters=filters, resource_type_filters=list(kinds))
    names: dict[str, list[str]] = {kind: [] for kind in kinds}
    for mapping in tagged.resource_tag_mapping_lists:
        service, resource = mapping.resource_arn.split(":", 5)[2::3]
        kind, name = re.split("[:/]", resource, maxsplit=1)
        names.get(f"{service}:{kind}", []).append(name)
    return names


def _subnet_cidrs(tags: Mapping[str, str]) -> dict[int, str]:
    """Ranges of subnets by their place: awsx numbers their names from 1."""
    subnets = [aws.ec2.get_subnet(id=subnet_id) for subnet_id in aws.ec2.get_subnets(tags=tags).ids]
    return {int(subnet.tags["Name"].rpartition("-")[2]) - 1: subnet.cidr_block for subnet in subnets}


def _database(identifiers: Sequence[str]) -> RunningDatabase | None:
    for identifier in identifiers:
        instance = _ask(functools.partial(aws.rds.get_instance, db_instance_identifier=identifier))
        if instance:
            return RunningDatabase(
                identifier=identifier,
                version=instance.engine_version,
                storage_gb=instance.allocated_storage,
                grows=(instance.max_allocated_storage or 0) > instance.allocated_storage,
            )
    return None


def _redis_version(groups: Sequence[str]) -> str:
    """Full version of the replication group's nodes: the group itself does not show one."""
    for name in groups:
        group = _ask(functools.partial(aws.elasticache.get_replication_group, replication_group_id=name))
        node = _ask(functools.partial(aws.elasticache.get_cluster, cluster_id=group.member_clusters[0])) if group else None
        if node:
            return node.engine_version
    return ""


def _ask(question: Callable[[], Answer]) -> Answer | None:
    """AWS's answer; None for what has been deleted: the tagging API shows it for a while."""
    try:
        return question()
    except Exception:  # Pulumi raises nothing finer for a lookup that failed
        return None

"""Asks the account what it has of the stack, by the stack's tags, before the program registers anything."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from components.context import REGION_TAG, RELEASE_TAG, VERSION_TAG, StackContext
from settings.releases import DEFAULT
from settings.running_stack import RunningDatabase, RunningStack, RunningSubnet, version_numbers
from settings.zones import Zone

_ROLES = "^init-execution-"
_TYPES = ["rds:db", "elasticache", "elasticfilesystem:file-system", "ecs:service", "secretsmanager:secret"]
"""Filters of the Resource Groups Tagging API."""
_MOST_NODES = 6
"""Of a replication group with one shard: the primary and five replicas."""

_GONE = re.compile(
    r"(?i)not ?found|couldn't find|no matching|no results|empty result|no ?such(?! host)|does not exist|: inactive\b"
)
"""In the provider's words for what a lookup does not find (terraform-provider-aws 5.100, tfresource.NotFound,
SingularDataSourceFindError and findClusterByNameOrARN). "no such host" is Go's word for an unknown name."""

Answer = TypeVar("Answer")


def running_stack(context: StackContext) -> RunningStack:
    """What exists of the stack; nothing at its first deployment."""
    tags = context.own_tags
    role_tags = _role_tags(context.role_path, tags)
    region = role_tags.get(REGION_TAG, "")
    if region not in ("", context.region.name):
        return RunningStack(region=region)
    stores = _tagged(tags)
    vpc_ids = aws.ec2.get_security_groups(tags=tags).vpc_ids
    own_vpcs = aws.ec2.get_vpcs(tags=tags).ids
    isolated = _subnets({**tags, "SubnetType": "Isolated"})
    services = _services(stores["ecs:service"])
    redis = _redis(stores["elasticache:replicationgroup"])
    return RunningStack(
        region=region,
        release=role_tags.get(RELEASE_TAG, DEFAULT.name),
        version=_version(services.values()),
        vpc_id=next(iter([*vpc_ids, *own_vpcs]), ""),
        own_vpc_cidr=aws.ec2.get_vpc(id=own_vpcs[0]).cidr_block if own_vpcs else "",
        public_subnets=_subnets({**tags, "SubnetType": "Public"}),
        private_subnets=_subnets({**tags, "SubnetType": "Private"}) or isolated,
        isolated=bool(isolated),
        database=_database(stores["rds:db"]),
        redis_version=redis.engine_version if redis else "",
        file_system_ids=tuple(_file_systems(stores["elasticfilesystem:file-system"])),
        key_arn=_key_arn(context, stores["secretsmanager:secret"]),
        initialised=bool(services),
        store_subnet_ids=frozenset(aws.elasticache.get_subnet_group(name=redis.subnet_group_name).subnet_ids)
        if redis
        else frozenset(),
    )


def _role_tags(path: str, tags: Mapping[str, str]) -> Mapping[str, str]:
    """Tags of a role of the stack, in whichever region it runs; none if it does not exist.

    ListRoles throttles accounts with thousands of roles, and the tagging API knows no roles: only a path bounds it.
    """
    for name in aws.iam.get_roles(path_prefix=path, name_regex=_ROLES).names:
        role = None
        with suppress(Exception):  # another stack's, which these credentials may not read
            role = aws.iam.get_role(name=name)
        if role and tags.items() <= role.tags.items():
            return role.tags
    return {}


def _tagged(tags: Mapping[str, str]) -> dict[str, dict[str, Mapping[str, str]]]:
    """Tags of the stack's stores and services by kind, such as rds:db, and name.

    Some were deleted, perhaps with an earlier stack of the same name: the tagging API shows them for hours
    (https://github.com/boto/boto3/issues/3341, read 2026-11).
    """
    filters: list[aws.resourcegroupstaggingapi.GetResourcesTagFilterArgsDict] = [
        {"key": key, "values": [value]} for key, value in tags.items()
    ]
    tagged = aws.resourcegroupstaggingapi.get_resources(tag_filters=filters, resource_type_filters=_TYPES)
    tags_by_name: dict[str, dict[str, Mapping[str, str]]] = defaultdict(dict)
    for mapping in tagged.resource_tag_mapping_lists:
        service, resource = mapping.resource_arn.split(":", 5)[2::3]
        kind, name = re.split("[:/]", resource, maxsplit=1)
        tags_by_name[f"{service}:{kind}"][name] = mapping.tags
    return tags_by_name


def _services(tags_by_name: Mapping[str, Mapping[str, str]]) -> dict[str, Mapping[str, str]]:
    """Tags of the services, named <cluster>/<service>, whose cluster exists. ECS shows deleted services, too."""
    clusters = {name.partition("/")[0] for name in tags_by_name}
    existing = {name for name in clusters if _ask(functools.partial(aws.ecs.get_cluster, cluster_name=name))}
    return {name: tags for name, tags in tags_by_name.items() if name.partition("/")[0] in existing}


def _version(services: Iterable[Mapping[str, str]]) -> str:
    """The newest version of CVAT that a service has got; empty for the default release, which has one."""
    return max((tags.get(VERSION_TAG, "") for tags in services), key=version_numbers, default="")


def _subnets(tags: Mapping[str, str]) -> dict[int, RunningSubnet]:
    """Subnets by their place: awsx and isolated.py number their names from 1."""
    subnets = [aws.ec2.get_subnet(id=subnet_id) for subnet_id in aws.ec2.get_subnets(tags=tags).ids]
    return {
        int(subnet.tags["Name"].rpartition("-")[2]) - 1: RunningSubnet(
            subnet.cidr_block, Zone(subnet.availability_zone, subnet.availability_zone_id)
        )
        for subnet in subnets
    }


def _file_systems(ids: Iterable[str]) -> Iterator[str]:
    for file_system_id in ids:
        if _ask(functools.partial(aws.efs.get_file_system, file_system_id=file_system_id)):
            yield file_system_id


def _database(identifiers: Iterable[str]) -> RunningDatabase | None:
    for identifier in identifiers:
        instance = _ask(functools.partial(aws.rds.get_instance, db_instance_identifier=identifier))
        if instance:
            return RunningDatabase(
                identifier=identifier,
                version=instance.engine_version,
                storage_gb=instance.allocated_storage,
            )
    return None


def _redis(groups: Iterable[str]) -> aws.elasticache.GetClusterResult | None:
    """A node of the replication group, which itself shows neither version nor subnets.

    ElastiCache numbers the nodes of a group with one shard. The lookup of the group itself is not used: it ends the
    provider's process where a group has no endpoints yet (replication_group_data_source.go in 5.100).
    """
    for name in groups:
        for number in range(1, _MOST_NODES + 1):
            node = _ask(functools.partial(aws.elasticache.get_cluster, cluster_id=f"{name}-{number:03d}"))
            if node:
                return node
    return None


def _key_arn(context: StackContext, names: Iterable[str]) -> str:
    """The customer's key of the stack's secrets. After an update that has failed half-way, only some have it."""
    for name in names:
        arn = context.region.arn("secretsmanager", f"secret:{name}", account=context.account)
        secret = _ask(functools.partial(aws.secretsmanager.get_secret, arn=arn))
        if secret and secret.kms_key_id:
            return str(secret.kms_key_id)
    return ""


def _ask(question: Callable[[], Answer]) -> Answer | None:
    """AWS's answer; None for what has been deleted: the tagging API shows it for a while.

    Raises RunError where AWS refuses an answer: a store that cannot be seen would be taken for one that is not there.
    """
    try:
        return question()
    except Exception as error:  # Pulumi raises nothing finer for a lookup that failed
        if _GONE.search(str(error)):
            return None
        reason = " ".join(str(error).removesuffix("()").split())
        raise pulumi.RunError(
            f"AWS does not say what exists of the stack, so nothing has been changed: {reason}. Let the credentials "
            "that deploy read it, and run `pulumi up` again."
        ) from None

"""Redis in ElastiCache: TLS, AUTH, cluster mode off (CVAT uses several databases and pipelines over many keys)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.context import StackContext
from components.data_tier.secrets import SecretValue, StoredSecret
from settings.engine_versions import REDIS_FAMILIES
from settings.values import CacheSize

REDIS_PORT = 6379
NO_CACHE = "asleep.invalid"
"""Address of a cache that a stack asleep does not have; no task runs that would call it."""


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    context: StackContext
    describe: str
    """Shown in the console."""
    subnet_ids: pulumi.Input[Sequence[str]]
    size: CacheSize
    eviction: str
    """What happens when the memory is full: `noeviction` refuses, `allkeys-lru` forgets."""
    group: aws.ec2.SecurityGroup
    password: pulumi.Output[str]
    snapshot_days: int = 0
    """Days for which daily snapshots are kept. Default: none are taken."""
    final_snapshot: pulumi.Output[str] | None = None
    """Name of the snapshot before deletion. Default: none."""
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class MediaCache:
    """The Redis that keeps frames, by the variables that CVAT's processes read."""

    group: aws.elasticache.ReplicationGroup | None
    """None while the stack is asleep."""
    nodes: int
    secret: StoredSecret

    @property
    def environment(self) -> Mapping[str, pulumi.Input[str]]:
        return {
            "CVAT_MEDIA_REDIS_HOST": self.group.primary_endpoint_address if self.group else NO_CACHE,
            "CVAT_MEDIA_REDIS_PORT": str(REDIS_PORT),
        }

    @property
    def secrets(self) -> Mapping[str, SecretValue]:
        return {"CVAT_MEDIA_REDIS_PASSWORD": self.secret.value("password")}


def replication_group(
    name: str, args: RedisArgs, store: pulumi.ResourceOptions, child: pulumi.ResourceOptions
) -> aws.elasticache.ReplicationGroup:
    """`store`: options of what holds data; `child`: of what belongs to it."""
    size = args.size
    subnets = aws.elasticache.SubnetGroup(name, subnet_ids=args.subnet_ids, opts=child)
    parameters = aws.elasticache.ParameterGroup(
        name,
        family=REDIS_FAMILIES[size.engine_version],
        parameters=[{"name": "maxmemory-policy", "value": args.eviction}],
        opts=child,
    )
    return aws.elasticache.ReplicationGroup(
        name,
        description=args.describe,
        engine="redis",
        engine_version=size.engine_version,
        node_type=size.node_type,
        num_cache_clusters=1 + size.replicas,
        automatic_failover_enabled=size.replicas > 0,
        multi_az_enabled=size.replicas > 0,
        port=REDIS_PORT,
        subnet_group_name=subnets.name,
        parameter_group_name=parameters.name,
        security_group_ids=[args.group.id],
        at_rest_encryption_enabled=True,
        kms_key_id=args.context.key,
        transit_encryption_enabled=True,
        auth_token=args.password,
        snapshot_retention_limit=args.snapshot_days,
        final_snapshot_identifier=args.final_snapshot,
        apply_immediately=True,
        tags=args.tags,
        opts=pulumi.ResourceOptions.merge(store, pulumi.ResourceOptions(ignore_changes=["kms_key_id"])),
    )

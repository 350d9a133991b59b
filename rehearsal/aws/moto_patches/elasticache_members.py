"""ElastiCache: the nodes of replication groups, which are cache clusters, too."""

from __future__ import annotations

import inspect
from contextlib import ExitStack
from typing import Any

from moto.core.utils import camelcase_to_underscores
from moto.elasticache.models import CacheCluster, ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from rehearsal.aws.moto_patches.elasticache import REDIS_FAMILIES, replication_group
from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, replace, with_partition


def _lists_the_members(client: Client) -> bool:
    cache, name = client("elasticache"), {"ReplicationGroupId": "group"}

    def members() -> list[str]:
        clusters = cache.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
        return sorted(cluster["CacheClusterId"] for cluster in clusters if cluster["ReplicationGroupId"] == "group")

    replication_group(client)
    before = members()
    cache.decrease_replica_count(**name, NewReplicaCount=0, ApplyImmediately=True)
    after_decrease = members()
    cache.delete_replication_group(**name)
    counted = (before, after_decrease, members()) == (["group-001", "group-002"], ["group-001"], [])
    other = {"ReplicationGroupId": "g", "ReplicationGroupDescription": "d", "CacheNodeType": "cache.m6g.large"}
    cache.create_replication_group(**other, Engine="redis", EngineVersion="7.0")
    (node,) = cache.describe_cache_clusters(CacheClusterId="g-001")["CacheClusters"]
    cache.modify_replication_group(ReplicationGroupId="g", EngineVersion="7.1", ApplyImmediately=True)
    (upgraded,) = cache.describe_cache_clusters()["CacheClusters"]
    return counted and (node["EngineVersion"], upgraded["EngineVersion"]) == ("7.0.0", "7.1.0")


@moto_patch(_lists_the_members)
def members_of_replication_groups(stack: ExitStack) -> None:
    """moto's replication groups name members that DescribeCacheClusters does not know, and keep their first version.

    API reference, ReplicationGroup: MemberClusters are the identifiers of cache clusters. CacheCluster: a member shows
    the full version, for which ReplicationGroup has no member.
    """
    create_group, delete_group = (
        ElastiCacheBackend.create_replication_group,
        ElastiCacheBackend.delete_replication_group,
    )

    def create(self: Any, **kwargs: Any) -> Any:
        group: Any = create_group(self, **kwargs)
        group.member_settings = kwargs
        _put_members(self, group)
        return group

    def delete(self: Any, *args: Any, **kwargs: Any) -> Any:
        group = delete_group(self, *args, **kwargs)
        _remove_members(self, group)
        return group

    def count(answer: Any, self: Any) -> Any:
        group = self.elasticache_backend.replication_groups[self._get_param("ReplicationGroupId")]
        _remove_members(self.elasticache_backend, group)
        _put_members(self.elasticache_backend, group)
        return answer

    def modify(answer: Any, self: Any) -> Any:
        group = self.elasticache_backend.replication_groups[self._get_param("ReplicationGroupId")]
        given = {camelcase_to_underscores(name): value for name, value in self._get_params().items()}
        group.member_settings = {**group.member_settings, **given}
        group.engine_version = given.get("engine_version") or group.engine_version
        return count(answer, self)

    replace(stack, ElastiCacheBackend, "create_replication_group", create)
    replace(stack, ElastiCacheBackend, "delete_replication_group", delete)
    after(stack, ElastiCacheResponse, "modify_replication_group", modify)
    after(stack, ElastiCacheResponse, "increase_replica_count", count)
    after(stack, ElastiCacheResponse, "decrease_replica_count", count)


def _remove_members(backend: Any, group: Any) -> None:
    clusters = backend.cache_clusters
    for name in [
        name for name, cluster in clusters.items() if cluster.replication_group_id == group.replication_group_id
    ]:
        del clusters[name]


def _put_members(backend: Any, group: Any) -> None:
    """A cluster of one node for each member, with the settings that the group was created with."""
    settings = group.member_settings
    for name in group.member_clusters:
        arguments = {parameter: settings.get(parameter) for parameter in inspect.signature(CacheCluster).parameters}
        cluster: Any = CacheCluster(
            **arguments
            | {
                "account_id": backend.account_id,
                "region_name": backend.region_name,
                "cache_cluster_id": name,
                "replication_group_id": group.replication_group_id,
                "num_cache_nodes": 1,
                "engine_version": _full_version(settings.get("engine_version") or ""),
                "tags": [],
            }
        )
        family = REDIS_FAMILIES.get(settings.get("engine_version") or "", "redis7")
        parameter_group = settings.get("cache_parameter_group_name") or f"default.{family}"
        cluster.cache_parameter_group = {"cache_parameter_group_name": parameter_group}
        cluster.at_rest_encryption_enabled = bool(settings.get("at_rest_encryption_enabled"))
        cluster.security_groups = [
            {"security_group_id": group_id, "status": "active"} for group_id in settings.get("security_group_ids") or []
        ]
        cluster.arn = with_partition(cluster.arn, backend.region_name)
        backend.cache_clusters[name] = cluster


def _full_version(version: str) -> str:
    return version if version.count(".") != 1 else f"{version}.0"


def _names_the_reader_endpoint(client: Client) -> bool:
    (node_group,) = replication_group(client)["NodeGroups"]
    reader = node_group.get("ReaderEndpoint", {})
    return str(reader.get("Address", "")).endswith(".cache.amazonaws.com.cn") and bool(reader["Port"])


@moto_patch(_names_the_reader_endpoint)
def reader_endpoints_of_node_groups(stack: ExitStack) -> None:
    """moto's node groups have a primary endpoint only, and the AWS provider's lookup of a replication group crashes.

    API reference, NodeGroup: ReaderEndpoint.
    """

    def name(_: None, self: Any, *__: Any, **___: Any) -> None:
        for node_group in self.node_groups:
            if address := node_group.get("reader_endpoint_address"):
                node_group["reader_endpoint"] = {"address": address, "port": self.port}

    after(stack, ReplicationGroup, "__init__", name)

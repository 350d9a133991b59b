"""Bridges: ElastiCache."""

from __future__ import annotations

import hashlib
import re
from contextlib import ExitStack
from typing import Any
from unittest import mock

from rehearsal.aws import partitions
from rehearsal.aws.moto_patches.table import after, bridge


@bridge
def caches_outside_the_first_region(stack: ExitStack) -> None:
    """moto's ElastiCache writes ARNs of the commercial partition, host names and zones of us-east-1."""
    from moto.elasticache import models  # noqa: PLC0415

    def partition_of(arn: str, region: str) -> str:
        return ":".join(["arn", partitions.of(region).name, *arn.split(":")[2:]])

    def subnet_group(_: None, self: Any, account_id: str, region_name: str, *args: Any, **kwargs: Any) -> None:
        self.arn = partition_of(self.arn, region_name)

    def group(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        region = kwargs.get("region_name") or args[1]
        self.arn = partition_of(self.arn, region)
        _move(self.node_groups, self.replication_group_id, region)

    def backend(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        self.arn_regex = _any_partition(self.arn_regex.pattern)

    after(stack, models.CacheSubnetGroup, "__init__", subnet_group)
    after(stack, models.ReplicationGroup, "__init__", group)
    after(stack, models.ElastiCacheBackend, "__init__", backend)


def _any_partition(pattern: str) -> Any:
    pattern = pattern.replace("^arn:aws:", "^arn:[a-z-]+:")
    return re.compile(pattern.replace("|replicationgroup|", "|replicationgroup|parametergroup|"))


def _move(node_groups: list[dict[str, Any]], group_id: str, region: str) -> None:
    """Put a replication group's nodes into its own region, with a host name that repeats."""
    mark = hashlib.sha256(group_id.encode()).hexdigest()[:6]
    short = "".join(part[:1] if part.isalpha() else part for part in region.split("-"))
    domain = f"{group_id}.{mark}.{short}.cache.{partitions.of(region).dns_suffix}"

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(item) for key, item in value.items()}
        if isinstance(value, list):
            return [moved(item) for item in value]
        if isinstance(value, str) and value.endswith(".amazonaws.com"):
            return f"{value.partition('.')[0]}.{domain}"
        return value.replace("us-east-1", region) if isinstance(value, str) else value

    node_groups[:] = moved(node_groups)


@bridge
def replicas_counted_as_clusters(stack: ExitStack) -> None:
    """moto makes one node whatever NumCacheClusters says."""
    from moto.elasticache.models import ElastiCacheBackend  # noqa: PLC0415

    original = ElastiCacheBackend.create_replication_group

    def create(self: Any, **kwargs: Any) -> Any:
        clusters = kwargs.get("num_cache_clusters")
        if clusters and not kwargs.get("replicas_per_node_group"):
            kwargs["replicas_per_node_group"] = clusters - 1
        group = original(self, **kwargs)
        if tags := kwargs.get("tags"):
            self.tagging_service.tag_resource(group.arn, tags)
        return group

    stack.enter_context(mock.patch.object(ElastiCacheBackend, "create_replication_group", create))


@bridge
def cache_parameter_groups(stack: ExitStack) -> None:
    """moto's ElastiCache has no parameter groups."""
    from moto.core.responses import ActionResult  # noqa: PLC0415
    from moto.elasticache.responses import ElastiCacheResponse  # noqa: PLC0415

    def groups(self: Any) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.elasticache_backend.__dict__.setdefault("parameter_groups", {})
        return found

    def create(self: Any) -> Any:
        name, region = self._get_param("CacheParameterGroupName"), self.region
        arn = f"arn:{partitions.of(region).name}:elasticache:{region}:{self.current_account}:parametergroup:{name}"
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": self._get_param("CacheParameterGroupFamily"),
            "Description": self._get_param("Description"),
            "ARN": arn,
            "parameters": [],
        }
        groups(self)[name] = group
        backend = self.elasticache_backend
        backend.tagging_service.tag_resource(arn, self._get_param("Tags", []))
        return ActionResult({"CacheParameterGroup": group})

    def modify(self: Any) -> Any:
        name = self._get_param("CacheParameterGroupName")
        groups(self)[name]["parameters"] += self._get_param("ParameterNameValues", [])
        return ActionResult({"CacheParameterGroupName": name})

    def describe(self: Any) -> Any:
        wanted = self._get_param("CacheParameterGroupName")
        return ActionResult(
            {"CacheParameterGroups": [group for name, group in groups(self).items() if wanted in (None, name)]}
        )

    for action, method in (("create", create), ("modify", modify)):
        name = f"{action}_cache_parameter_group"
        stack.enter_context(mock.patch.object(ElastiCacheResponse, name, method, create=True))
    stack.enter_context(
        mock.patch.object(ElastiCacheResponse, "describe_cache_parameter_groups", describe, create=True)
    )

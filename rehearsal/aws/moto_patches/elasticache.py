"""ElastiCache."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import zip_longest
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.elasticache.exceptions import InvalidParameterCombinationException, InvalidParameterValueException
from moto.elasticache.models import CacheSubnetGroup, ElastiCacheBackend, ReplicationGroup
from moto.elasticache.responses import ElastiCacheResponse

from region import Region
from rehearsal.aws.moto_patches.patch import (
    Client,
    after,
    before,
    moto_patch,
    refusal,
    replace,
    subnet_ids,
    with_partition,
)

_TAGS = [{"Key": "a", "Value": "b"}]


def replication_group(client: Client) -> dict[str, Any]:
    answer = client("elasticache").create_replication_group(
        ReplicationGroupId="group",
        ReplicationGroupDescription="d",
        Engine="redis",
        CacheNodeType="cache.m6g.large",
        NumCacheClusters=2,
        AutomaticFailoverEnabled=True,
        Tags=_TAGS,
    )
    return dict(answer["ReplicationGroup"])


def _is_in_its_region(client: Client) -> bool:
    text = json.dumps(replication_group(client), default=str)
    group = client("elasticache").create_cache_subnet_group(
        CacheSubnetGroupName="group", CacheSubnetGroupDescription="d", SubnetIds=subnet_ids(client)
    )["CacheSubnetGroup"]
    return "arn:aws:" not in text and "us-east-1" not in text and group["ARN"].startswith("arn:aws-cn:")


@moto_patch(_is_in_its_region)
def caches_in_every_region(stack: ExitStack) -> None:
    """moto's ElastiCache writes ARNs of the commercial partition, host names and zones of us-east-1.

    ElastiCache user guide, "Finding replication group endpoints".
    """

    def subnet_group(_: None, self: Any, account_id: str, region_name: str, *__: Any, **___: Any) -> None:
        self.arn = with_partition(self.arn, region_name)

    def group(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        region = kwargs.get("region_name") or args[1]
        self.arn = with_partition(self.arn, region)
        self.node_groups[:] = _in_region(self.node_groups, self.replication_group_id, region)

    def backend(_: None, self: Any, *__: Any, **___: Any) -> None:
        pattern = self.arn_regex.pattern.replace("^arn:aws:", "^arn:[a-z-]+:")
        self.arn_regex = re.compile(pattern.replace("|replicationgroup|", "|replicationgroup|parametergroup|"))

    after(stack, CacheSubnetGroup, "__init__", subnet_group)
    after(stack, ReplicationGroup, "__init__", group)
    after(stack, ElastiCacheBackend, "__init__", backend)


def _in_region(value: Any, group_id: str, region: str) -> Any:
    """A replication group's nodes in its own region, with a host name that repeats."""
    if isinstance(value, dict):
        return {key: _in_region(item, group_id, region) for key, item in value.items()}
    if isinstance(value, list):
        return [_in_region(item, group_id, region) for item in value]
    if isinstance(value, str) and value.endswith(".amazonaws.com"):
        digest = hashlib.sha256(group_id.encode()).hexdigest()[:6]
        short = "".join(part[:1] if part.isalpha() else part for part in region.split("-"))
        domain = f"{group_id}.{digest}.{short}.cache.{Region(region).dns_suffix}"
        return f"{value.partition('.')[0]}.{domain}"
    return value.replace("us-east-1", region) if isinstance(value, str) else value


def _counts_clusters(client: Client) -> bool:
    return len(replication_group(client)["MemberClusters"]) == 2  # noqa: PLR2004


@moto_patch(_counts_clusters)
def replicas_counted_as_clusters(stack: ExitStack) -> None:
    """moto makes one node whatever NumCacheClusters says. API reference: CreateReplicationGroup."""
    original = ElastiCacheBackend.create_replication_group

    def create(self: Any, **kwargs: Any) -> Any:
        clusters = kwargs.get("num_cache_clusters")
        if clusters and not kwargs.get("replicas_per_node_group"):
            kwargs["replicas_per_node_group"] = clusters - 1
        group = original(self, **kwargs)
        if tags := kwargs.get("tags"):
            self.tagging_service.tag_resource(group.arn, tags)
        return group

    replace(stack, ElastiCacheBackend, "create_replication_group", create)


def _has_parameter_groups(client: Client) -> bool:
    name, cache = {"CacheParameterGroupName": "p"}, client("elasticache")
    cache.create_cache_parameter_group(**name, CacheParameterGroupFamily="redis7", Description="d", Tags=_TAGS)
    values = [{"ParameterName": "maxmemory-policy", "ParameterValue": "noeviction"}]
    cache.modify_cache_parameter_group(**name, ParameterNameValues=values)
    (group,) = cache.describe_cache_parameter_groups(**name)["CacheParameterGroups"]
    own = cache.describe_cache_parameters(**name, Source="user")["Parameters"]
    cache.reset_cache_parameter_group(**name, ParameterNameValues=[{"ParameterName": "maxmemory-policy"}])
    left = cache.describe_cache_parameters(**name)["Parameters"]
    tags = cache.list_tags_for_resource(ResourceName=group["ARN"])["TagList"]
    cache.delete_cache_parameter_group(**name)
    pairs = [(parameter["ParameterName"], parameter["ParameterValue"]) for parameter in own]
    gone = cache.describe_cache_parameter_groups()["CacheParameterGroups"] == left == []
    return gone and (pairs, tags) == ([("maxmemory-policy", "noeviction")], _TAGS)


@moto_patch(_has_parameter_groups)
def cache_parameter_groups(stack: ExitStack) -> None:
    """moto's ElastiCache has no parameter groups. API reference: CreateCacheParameterGroup and its like.

    DescribeCacheParameters answers the values that were set, not the family's defaults.
    """

    def groups(self: Any) -> dict[str, dict[str, Any]]:
        by_name: dict[str, dict[str, Any]] = self.elasticache_backend.__dict__.setdefault("parameter_groups", {})
        return by_name

    def create(self: Any) -> Any:
        name = self._get_param("CacheParameterGroupName")
        arn = Region(self.region).arn("elasticache", f"parametergroup:{name}", account=self.current_account)
        group = {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": self._get_param("CacheParameterGroupFamily"),
            "Description": self._get_param("Description"),
            "ARN": arn,
            "parameters": [],
        }
        groups(self)[name] = group
        self.elasticache_backend.tagging_service.tag_resource(arn, self._get_param("Tags", []))
        return ActionResult({"CacheParameterGroup": group})

    def modify(self: Any) -> Any:
        name = self._get_param("CacheParameterGroupName")
        values = {entry["ParameterName"]: entry for entry in groups(self)[name]["parameters"]}
        values |= {entry["ParameterName"]: entry for entry in self._get_param("ParameterNameValues", [])}
        groups(self)[name]["parameters"] = list(values.values())
        return ActionResult({"CacheParameterGroupName": name})

    def describe(self: Any) -> Any:
        name = self._get_param("CacheParameterGroupName")
        members = [group for group in groups(self).values() if name in (None, group["CacheParameterGroupName"])]
        return ActionResult({"CacheParameterGroups": members})

    def delete(self: Any) -> Any:
        del groups(self)[self._get_param("CacheParameterGroupName")]
        return EmptyResult()

    def parameters(self: Any) -> Any:
        entries = groups(self)[self._get_param("CacheParameterGroupName")]["parameters"]
        listed = entries if self._get_param("Source") in (None, "user") else []
        return ActionResult({"Parameters": [{**entry, "Source": "user"} for entry in listed]})

    def reset(self: Any) -> Any:
        name = self._get_param("CacheParameterGroupName")
        names = {entry["ParameterName"] for entry in self._get_param("ParameterNameValues", [])}
        kept = [entry for entry in groups(self)[name]["parameters"] if entry["ParameterName"] not in names]
        groups(self)[name]["parameters"] = [] if self._get_bool_param("ResetAllParameters") else kept
        return ActionResult({"CacheParameterGroupName": name})

    replace(stack, ElastiCacheResponse, "create_cache_parameter_group", create)
    replace(stack, ElastiCacheResponse, "describe_cache_parameters", parameters)
    replace(stack, ElastiCacheResponse, "reset_cache_parameter_group", reset)
    replace(stack, ElastiCacheResponse, "modify_cache_parameter_group", modify)
    replace(stack, ElastiCacheResponse, "describe_cache_parameter_groups", describe)
    replace(stack, ElastiCacheResponse, "delete_cache_parameter_group", delete)


def _changes_subnet_groups(client: Client) -> bool:
    cache, name, subnets = client("elasticache"), {"CacheSubnetGroupName": "g"}, subnet_ids(client)
    cache.create_cache_subnet_group(**name, CacheSubnetGroupDescription="d", SubnetIds=subnets[:2])
    cache.modify_cache_subnet_group(**name, SubnetIds=subnets)
    (group,) = cache.describe_cache_subnet_groups(**name)["CacheSubnetGroups"]
    cache.delete_cache_subnet_group(**name)
    return len(group["Subnets"]) == len(subnets) and cache.describe_cache_subnet_groups()["CacheSubnetGroups"] == []


@moto_patch(_changes_subnet_groups)
def changes_of_cache_subnet_groups(stack: ExitStack) -> None:
    """moto's ElastiCache neither modifies nor deletes subnet groups.

    API reference: ModifyCacheSubnetGroup, DeleteCacheSubnetGroup.
    """

    def modify(self: Any) -> Any:
        name, backend = self._get_param("CacheSubnetGroupName"), self.elasticache_backend
        old = backend.cache_subnet_groups[name]
        text = self._get_param("CacheSubnetGroupDescription") or old.cache_subnet_group_description
        subnets = self._get_param("SubnetIds") or old.subnet_ids
        new = CacheSubnetGroup(backend.account_id, backend.region_name, name, text, subnets, old.tags)
        backend.cache_subnet_groups[name] = new
        return ActionResult({"CacheSubnetGroup": new})

    def delete(self: Any) -> Any:
        del self.elasticache_backend.cache_subnet_groups[self._get_param("CacheSubnetGroupName")]
        return EmptyResult()

    replace(stack, ElastiCacheResponse, "modify_cache_subnet_group", modify)
    replace(stack, ElastiCacheResponse, "delete_cache_subnet_group", delete)


def _changes_the_replica_count(client: Client) -> bool:
    cache, name = client("elasticache"), {"ReplicationGroupId": "group"}
    replication_group(client)
    cache.increase_replica_count(**name, NewReplicaCount=2, ApplyImmediately=True)
    more = len(cache.describe_replication_groups()["ReplicationGroups"][0]["MemberClusters"])
    cache.decrease_replica_count(**name, NewReplicaCount=0, ApplyImmediately=True)
    fewer = len(cache.describe_replication_groups()["ReplicationGroups"][0]["MemberClusters"])
    nodes = cache.describe_replication_groups()["ReplicationGroups"][0]["NodeGroups"][0]["NodeGroupMembers"]
    cache.increase_replica_count(**name, NewReplicaCount=1, ApplyImmediately=True)
    pair = cache.describe_replication_groups()["ReplicationGroups"][0]["NodeGroups"][0]["NodeGroupMembers"]
    zones = [node["PreferredAvailabilityZone"] for node in pair]
    return (more, fewer, len(nodes), zones) == (3, 1, 1, ["cn-northwest-1a", "cn-northwest-1b"])


@moto_patch(_changes_the_replica_count)
def changes_of_replica_counts(stack: ExitStack) -> None:
    """moto's replication groups keep the number of nodes that they were made with.

    API reference: IncreaseReplicaCount, DecreaseReplicaCount. ElastiCache user guide, "Minimizing downtime by using
    Multi-AZ": a replica is in another zone than its primary.
    """

    def count(self: Any) -> Any:
        identifier, replicas = self._get_param("ReplicationGroupId"), int(self._get_param("NewReplicaCount"))
        group = self.elasticache_backend.replication_groups[identifier]
        group.member_clusters = [f"{identifier}-{number:03d}" for number in range(1, replicas + 2)]
        for node_group in group.node_groups:
            node_group["node_group_members"] = list(_members(node_group, group.member_clusters))
        return ActionResult({"ReplicationGroup": group})

    replace(stack, ElastiCacheResponse, "increase_replica_count", count)
    replace(stack, ElastiCacheResponse, "decrease_replica_count", count)


def _members(node_group: dict[str, Any], names: list[str]) -> Iterator[dict[str, Any]]:
    """The nodes that there are already, and for each further one a replica like the last, where moto has replicas."""
    present = node_group["node_group_members"]
    for name, member in zip_longest(names, present[: len(names)]):
        last = json.dumps(present[-1])
        zone = present[-1]["preferred_availability_zone"][:-1] + "b"
        yield member or json.loads(last.replace(present[-1]["cache_cluster_id"], name)) | {
            "current_role": "replica",
            "preferred_availability_zone": zone,
        }


def _deletes_a_replication_group(client: Client) -> bool:
    cache = client("elasticache")
    replication_group(client)
    cache.delete_replication_group(ReplicationGroupId="group")
    return bool(cache.describe_replication_groups()["ReplicationGroups"] == [])


@moto_patch(_deletes_a_replication_group)
def deletion_of_replication_groups(stack: ExitStack) -> None:
    """moto's replication groups stay in the status "deleting" for ever. API reference: DeleteReplicationGroup."""

    def forget(group: Any, self: Any, *_: Any, **__: Any) -> Any:
        self.replication_groups.pop(group.replication_group_id, None)
        return group

    after(stack, ElastiCacheBackend, "delete_replication_group", forget)


REDIS_FAMILIES = {"5.0.6": "redis5.0", "6.0": "redis6.x", "6.2": "redis6.x", "7.0": "redis7", "7.1": "redis7"}
"""Family of parameter groups by version (ElastiCache user guide, "Supported engines and versions", and API reference,
CacheParameterGroup, read 2026-11). What comes after 7.1 is Valkey."""


def _knows_its_versions(client: Client) -> bool:
    cache, group = client("elasticache"), {"CacheParameterGroupName": "p", "Description": "d"}
    replication = {"ReplicationGroupId": "g", "ReplicationGroupDescription": "d", "CacheNodeType": "cache.m6g.large"}
    replication |= {"Engine": "redis", "CacheParameterGroupName": "p"}
    refusals = (
        refusal(cache.create_cache_parameter_group, **group, CacheParameterGroupFamily="redis6.2"),
        refusal(cache.create_cache_parameter_group, **group, CacheParameterGroupFamily="redis6.x"),
        refusal(cache.create_replication_group, **replication, EngineVersion="latest"),
        refusal(cache.create_replication_group, **replication, EngineVersion="7.1"),
        refusal(cache.create_replication_group, **replication, EngineVersion="6.2"),
    )
    value, combination = "InvalidParameterValue", "InvalidParameterCombination"
    return refusals == (value, "", combination, combination, "")


@moto_patch(_knows_its_versions)
def versions_of_caches(stack: ExitStack) -> None:
    """moto's ElastiCache takes any engine version, any family, and groups of another family than the version's.

    API reference, CreateReplicationGroup and CreateCacheParameterGroup: InvalidParameterCombination,
    InvalidParameterValue.
    """

    def check(self: Any) -> None:
        version = self._get_param("EngineVersion")
        if (self._get_param("Engine") or "redis") != "redis" or not version:
            return
        if version not in REDIS_FAMILIES:
            raise InvalidParameterCombinationException(f"Cannot find version {version} for redis")
        groups = self.elasticache_backend.__dict__.get("parameter_groups", {})
        group = groups.get(self._get_param("CacheParameterGroupName"))
        if group and group["CacheParameterGroupFamily"] != REDIS_FAMILIES[version]:
            text = f"Expected a parameter group of family {REDIS_FAMILIES[version]} but found one of family"
            raise InvalidParameterCombinationException(f"{text} {group['CacheParameterGroupFamily']}")

    def check_family(self: Any) -> None:
        family = self._get_param("CacheParameterGroupFamily")
        if family.startswith("redis") and family not in REDIS_FAMILIES.values():
            raise InvalidParameterValueException(
                f"CacheParameterGroupFamily {family} is not a valid parameter group family."
            )

    before(stack, ElastiCacheResponse, "create_replication_group", check)
    before(stack, ElastiCacheResponse, "create_cache_parameter_group", check_family)

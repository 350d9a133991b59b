"""Nodes of replication groups that exist, and their subnets."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.functions import FunctionCall, function


@function("aws:elasticache/getCluster:getCluster")
def cluster(call: FunctionCall) -> dict[str, Any]:
    """A node of a replication group."""
    name = call.arguments.take("clusterId")
    (node,) = call.client("elasticache").describe_cache_clusters(CacheClusterId=name)["CacheClusters"]
    return {
        "id": name,
        "clusterId": name,
        "engine": node["Engine"],
        "engineVersion": node["EngineVersion"],
        "nodeType": node["CacheNodeType"],
        "replicationGroupId": node.get("ReplicationGroupId", ""),
        "subnetGroupName": node.get("CacheSubnetGroupName", ""),
        "region": call.region,
    }


@function("aws:elasticache/getSubnetGroup:getSubnetGroup")
def cache_subnets(call: FunctionCall) -> dict[str, Any]:
    """The subnets in which nodes may be placed."""
    name = call.arguments.take("name")
    (group,) = call.client("elasticache").describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"]
    subnet_ids = [subnet["SubnetIdentifier"] for subnet in group["Subnets"]]
    return {"id": name, "name": name, "vpcId": group["VpcId"], "subnetIds": subnet_ids, "region": call.region}

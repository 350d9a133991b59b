"""Clusters that exist."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import FunctionError
from rehearsal.providers.functions import FunctionCall, function


@function("aws:ecs/getCluster:getCluster")
def cluster(call: FunctionCall) -> dict[str, Any]:
    """A cluster. ECS shows deleted ones as INACTIVE, which the provider does not find (findClusterByNameOrARN)."""
    name = call.arguments.take("clusterName")
    clusters = call.client("ecs").describe_clusters(clusters=[name])["clusters"]
    if not clusters:
        raise FunctionError(f"reading ECS Cluster ({name}): couldn't find resource")
    (described,) = clusters
    if described["status"] == "INACTIVE":
        raise FunctionError(f"reading ECS Cluster ({name}): INACTIVE")
    return {
        "id": described["clusterArn"],
        "clusterName": name,
        "arn": described["clusterArn"],
        "status": described["status"],
        "region": call.region,
    }

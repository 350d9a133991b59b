"""ElastiCache for Redis."""

from __future__ import annotations

from rehearsal.providers.resource import Made, Make, handles


@handles("aws:elasticache/subnetGroup:SubnetGroup", tags=True)
def subnet_group(make: Make) -> Made:
    """The subnets in which nodes may stand."""
    name = make.named(lower=True)
    description = make.inputs.take("description", "Managed by Pulumi")
    extra = {"CacheSubnetGroupName": name, "CacheSubnetGroupDescription": description}
    made = make.call("elasticache", "CreateCacheSubnetGroup", extra)["CacheSubnetGroup"]
    return Made(name, {"name": name, "arn": made["ARN"], "vpcId": made["VpcId"], "description": description})


def parameters(given: list[dict[str, str]]) -> list[dict[str, str]]:
    """Parameters as the API spells them."""
    return [{"ParameterName": one["name"], "ParameterValue": one["value"]} for one in given]


@handles("aws:elasticache/parameterGroup:ParameterGroup", tags=True)
def parameter_group(make: Make) -> Made:
    """A parameter group; its parameters are set by a second call."""
    name = make.named(lower=True)
    description = make.inputs.take("description", "Managed by Pulumi")
    values = parameters(make.inputs.take("parameters") or [])
    extra = {"CacheParameterGroupName": name, "Description": description}
    made = make.call("elasticache", "CreateCacheParameterGroup", extra, renames={"family": "CacheParameterGroupFamily"})
    if values:
        make.ask("elasticache", "ModifyCacheParameterGroup", CacheParameterGroupName=name, ParameterNameValues=values)
    arn = made["CacheParameterGroup"]["ARN"]
    return Made(name, {"name": name, "arn": arn, "description": description})


GROUP = {
    "description": "ReplicationGroupDescription",
    "nodeType": "CacheNodeType",
    "parameterGroupName": "CacheParameterGroupName",
    "subnetGroupName": "CacheSubnetGroupName",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "preferredCacheClusterAzs": "PreferredCacheClusterAZs",
}
"""The provider's names of CreateReplicationGroup's members, where they are not the same."""


@handles(
    "aws:elasticache/replicationGroup:ReplicationGroup",
    tags=True,
    provider_only={
        "finalSnapshotIdentifier": "used on deletion",
        "applyImmediately": "used on changes",
        "authTokenUpdateStrategy": "used on changes",
    },
)
def replication_group(make: Make) -> Made:
    """A replication group: one shard with its replicas."""
    identifier = make.named("replicationGroupId", limit=40, lower=True)
    make.call("elasticache", "CreateReplicationGroup", {"ReplicationGroupId": identifier}, renames=GROUP)
    (found,) = make.ask("elasticache", "DescribeReplicationGroups", ReplicationGroupId=identifier)["ReplicationGroups"]
    node = found["NodeGroups"][0]
    primary = node["PrimaryEndpoint"]
    return Made(
        identifier,
        {
            "replicationGroupId": identifier,
            "arn": found["ARN"],
            "primaryEndpointAddress": primary["Address"],
            "readerEndpointAddress": node.get("ReaderEndpoint", primary)["Address"],
            "port": primary["Port"],
            "memberClusters": found["MemberClusters"],
            "clusterEnabled": found.get("ClusterEnabled", False),
            "engineVersionActual": make.inputs.peek("engineVersion", ""),
        },
    )

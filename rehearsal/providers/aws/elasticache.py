"""ElastiCache for Redis: subnet group, parameter group, replication group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class SubnetGroup(ResourceType, token="aws:elasticache/subnetGroup:SubnetGroup"):
    """The subnets in which nodes may be placed."""

    tags = True
    replace_on = words("name")
    delete_call = deleted_by("elasticache:DeleteCacheSubnetGroup", CacheSubnetGroupName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(lower=True)
        description = request.inputs.take("description", "Managed by Pulumi")
        extra = {"CacheSubnetGroupName": name, "CacheSubnetGroupDescription": description}
        group = request.call_with_inputs("elasticache", "CreateCacheSubnetGroup", extra)["CacheSubnetGroup"]
        return Attributes(
            name, {"name": name, "arn": group["ARN"], "vpcId": group["VpcId"], "description": description}
        )

    def update(self, request: ResourceRequest) -> None:
        """Other subnets of the same VPC."""
        renames = {"description": "CacheSubnetGroupDescription"}
        extra = {"CacheSubnetGroupName": request.id}
        request.call_with_inputs("elasticache", "ModifyCacheSubnetGroup", extra, renames=renames)


class ParameterGroup(ResourceType, token="aws:elasticache/parameterGroup:ParameterGroup"):
    """A parameter group; its parameters are set by a second call."""

    tags = True
    replace_on = words("description family name")
    delete_call = deleted_by("elasticache:DeleteCacheParameterGroup", CacheParameterGroupName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(lower=True)
        description = request.inputs.take("description", "Managed by Pulumi")
        parameters = _parameters(request.inputs.take("parameters") or [])
        extra = {"CacheParameterGroupName": name, "Description": description}
        renames = {"family": "CacheParameterGroupFamily"}
        answer = request.call_with_inputs("elasticache", "CreateCacheParameterGroup", extra, renames=renames)
        if parameters:
            self._modify(request, name, parameters)
        arn = answer["CacheParameterGroup"]["ARN"]
        return Attributes(name, {"name": name, "arn": arn, "description": description})

    def update(self, request: ResourceRequest) -> None:
        """Other values; none can be removed here."""
        self._modify(request, request.id, _parameters(request.inputs.take("parameters") or []))

    def _modify(self, request: ResourceRequest, name: str, parameters: list[dict[str, str]]) -> None:
        call = {"CacheParameterGroupName": name, "ParameterNameValues": parameters}
        request.call("elasticache", "ModifyCacheParameterGroup", **call)


def _parameters(parameters: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{"ParameterName": parameter["name"], "ParameterValue": parameter["value"]} for parameter in parameters]


MEMBERS = {
    "description": "ReplicationGroupDescription",
    "nodeType": "CacheNodeType",
    "parameterGroupName": "CacheParameterGroupName",
    "subnetGroupName": "CacheSubnetGroupName",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "preferredCacheClusterAzs": "PreferredCacheClusterAZs",
}
"""Members of CreateReplicationGroup and ModifyReplicationGroup whose names differ from the provider's."""


class ReplicationGroup(ResourceType, token="aws:elasticache/replicationGroup:ReplicationGroup"):
    """A replication group: one shard with its replicas."""

    tags = True
    replace_on = words(
        "atRestEncryptionEnabled dataTieringEnabled globalReplicationGroupId kmsKeyId networkType port "
        "replicationGroupId securityGroupNames snapshotArns snapshotName subnetGroupName"
    )
    holds = "the job queues"
    subnet_group_input = "subnetGroupName"
    provider_only: ClassVar = {
        "finalSnapshotIdentifier": "used on deletion",
        "applyImmediately": "used on changes",
        "authTokenUpdateStrategy": "used on changes",
    }

    def create(self, request: ResourceRequest) -> Attributes:
        identifier = request.physical_name("replicationGroupId", limit=40, lower=True)
        extra = {"ReplicationGroupId": identifier}
        request.call_with_inputs("elasticache", "CreateReplicationGroup", extra, renames=MEMBERS)
        group = self._describe(request, identifier)
        node_group = group["NodeGroups"][0]
        primary = node_group["PrimaryEndpoint"]
        outputs = {
            "replicationGroupId": identifier,
            "arn": group["ARN"],
            "primaryEndpointAddress": primary["Address"],
            "readerEndpointAddress": node_group.get("ReaderEndpoint", primary)["Address"],
            "port": primary["Port"],
            "memberClusters": group["MemberClusters"],
            "clusterEnabled": group.get("ClusterEnabled", False),
            "engineVersionActual": request.inputs.peek("engineVersion", ""),
        }
        return Attributes(identifier, outputs)

    def update(self, request: ResourceRequest) -> Attributes:
        """At once. Replicas are added before failover is switched on, and removed after it is switched off."""
        name = {"ReplicationGroupId": request.id}
        before = int(request.attribute("numCacheClusters") or 1)
        clusters = int(request.inputs.take("numCacheClusters") or 0)
        replicas = {**name, "NewReplicaCount": clusters - 1, "ApplyImmediately": True}
        if clusters > before:
            request.call("elasticache", "IncreaseReplicaCount", **replicas)
        if "authToken" in request.inputs.unused():
            strategy = request.inputs.peek("authTokenUpdateStrategy") or "ROTATE"
            request.inputs.put("authTokenUpdateStrategy", strategy)
        if set(request.inputs.unused()) - {"applyImmediately"}:
            extra = {**name, "ApplyImmediately": True}
            request.call_with_inputs("elasticache", "ModifyReplicationGroup", extra, renames=MEMBERS)
        if 0 < clusters < before:
            request.call("elasticache", "DecreaseReplicaCount", **replicas)
        return Attributes(request.id, {"memberClusters": self._describe(request, request.id)["MemberClusters"]})

    def delete(self, request: ResourceRequest) -> None:
        """With a final snapshot where it has a name for one."""
        snapshot = request.attribute("finalSnapshotIdentifier")
        extra = {"FinalSnapshotIdentifier": snapshot} if snapshot else {}
        request.call("elasticache", "DeleteReplicationGroup", ReplicationGroupId=request.id, **extra)

    def replaces(self, path: str, old: Any, new: Any) -> bool:
        """Also for an older version, and for Redis after Valkey (replication_group.go, CustomizeDiff)."""
        if path == "engine" and (old, new) == ("valkey", "redis"):
            return True
        if path == "engineVersion" and _version(new) < _version(old):
            return True
        return super().replaces(path, old, new)

    def _describe(self, request: ResourceRequest, identifier: str) -> Any:
        answer = request.call("elasticache", "DescribeReplicationGroups", ReplicationGroupId=identifier)
        (group,) = answer["ReplicationGroups"]
        return group


def _version(text: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(text).split(".") if part.isdigit())

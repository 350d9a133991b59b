"""Bridges: changing and deleting what exists."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from unittest import mock

from rehearsal.aws.moto_patches.table import after, bridge


@bridge
def other_subnets_for_databases(stack: ExitStack) -> None:
    """moto loses a subnet group of RDS when it is modified, and lets it move to another VPC."""
    from moto.rds.exceptions import RDSClientError  # noqa: PLC0415
    from moto.rds.models import RDSBackend  # noqa: PLC0415

    def modify(self: Any, subnet_name: str, description: str, subnets: Any) -> Any:
        group = self.describe_db_subnet_groups(subnet_name)[0]
        if {one.vpc_id for one in subnets} != {group.vpc_id}:
            text = "The new Subnets are not in the same Vpc as the existing subnet group"
            raise RDSClientError("InvalidParameterValue", text)
        group._subnets = subnets
        group.description = description or group.description
        return group

    stack.enter_context(mock.patch.object(RDSBackend, "modify_db_subnet_group", modify))


@bridge
def other_subnets_for_caches(stack: ExitStack) -> None:
    """moto's ElastiCache can neither modify nor delete subnet groups."""
    from moto.core.responses import ActionResult, EmptyResult  # noqa: PLC0415
    from moto.elasticache.models import CacheSubnetGroup  # noqa: PLC0415
    from moto.elasticache.responses import ElastiCacheResponse  # noqa: PLC0415

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

    for action, method in (("modify", modify), ("delete", delete)):
        name = f"{action}_cache_subnet_group"
        stack.enter_context(mock.patch.object(ElastiCacheResponse, name, method, create=True))


@bridge
def end_of_cache_parameter_groups(stack: ExitStack) -> None:
    """moto's ElastiCache has no parameter groups, so it deletes none."""
    from moto.core.responses import EmptyResult  # noqa: PLC0415
    from moto.elasticache.responses import ElastiCacheResponse  # noqa: PLC0415

    def delete(self: Any) -> Any:
        del self.elasticache_backend.__dict__["parameter_groups"][self._get_param("CacheParameterGroupName")]
        return EmptyResult()

    stack.enter_context(mock.patch.object(ElastiCacheResponse, "delete_cache_parameter_group", delete, create=True))


@bridge
def more_and_fewer_replicas(stack: ExitStack) -> None:
    """moto's replication groups keep the number of nodes that they were made with."""
    from moto.core.responses import ActionResult  # noqa: PLC0415
    from moto.elasticache.responses import ElastiCacheResponse  # noqa: PLC0415

    def count(self: Any) -> Any:
        identifier, replicas = self._get_param("ReplicationGroupId"), int(self._get_param("NewReplicaCount"))
        group = self.elasticache_backend.replication_groups[identifier]
        group.member_clusters = [f"{identifier}-{number:03d}" for number in range(1, replicas + 2)]
        return ActionResult({"ReplicationGroup": group})

    for name in ("increase_replica_count", "decrease_replica_count"):
        stack.enter_context(mock.patch.object(ElastiCacheResponse, name, count, create=True))


@bridge
def other_configurations_of_endpoints(stack: ExitStack) -> None:
    """moto's SageMaker cannot update an endpoint."""
    from moto.core.responses import ActionResult  # noqa: PLC0415
    from moto.sagemaker.responses import SageMakerResponse  # noqa: PLC0415

    def update(self: Any) -> Any:
        name, wanted = self._get_param("EndpointName"), self._get_param("EndpointConfigName")
        backend = self.sagemaker_backend
        backend.describe_endpoint(name)
        endpoint = backend.endpoints[name]
        variants = backend.describe_endpoint_config(wanted)["ProductionVariants"]
        endpoint.endpoint_config_name = wanted
        endpoint.production_variants = endpoint._process_production_variants(variants)
        return ActionResult({"EndpointArn": endpoint.arn})

    stack.enter_context(mock.patch.object(SageMakerResponse, "update_endpoint", update, create=True))


@bridge
def changes_of_file_systems(stack: ExitStack) -> None:
    """moto's EFS can neither change a file system's throughput nor delete its policy."""
    from moto.efs.responses import EFSResponse  # noqa: PLC0415

    def update(self: Any) -> tuple[str, dict[str, str]]:
        system = self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")]
        if mode := self._get_param("ThroughputMode"):
            system.throughput_mode = mode
        if figure := self._get_param("ProvisionedThroughputInMibps"):
            system.provisioned_throughput_in_mibps = figure
        return json.dumps(system.info_json()), {"Content-Type": "application/json"}

    def delete(self: Any) -> tuple[str, dict[str, str]]:
        self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")].file_system_policy = None
        return "{}", {"Content-Type": "application/json"}

    stack.enter_context(mock.patch.object(EFSResponse, "update_file_system", update, create=True))
    stack.enter_context(mock.patch.object(EFSResponse, "delete_file_system_policy", delete, create=True))


@bridge
def changes_of_backup_plans(stack: ExitStack) -> None:
    """moto's backup plans cannot be changed, and have no selections to be deleted."""
    from moto.backup.responses import BackupResponse  # noqa: PLC0415

    def plan(self: Any) -> Any:
        return self.backup_backend.plans[self.path.split("/plans/")[1].split("/")[0]]

    def update(self: Any) -> str:
        one = plan(self)
        one.backup_plan = json.loads(self.body)["BackupPlan"]
        return json.dumps(one.to_dict())

    def delete(self: Any) -> str:
        del plan(self).__dict__["selections"][self.path.rstrip("/").rpartition("/")[2]]
        return "{}"

    stack.enter_context(mock.patch.object(BackupResponse, "update_backup_plan", update, create=True))
    stack.enter_context(mock.patch.object(BackupResponse, "delete_backup_selection", delete, create=True))


@bridge
def other_tags_of_scalable_targets(stack: ExitStack) -> None:
    """moto's Application Auto Scaling has no tags, so it changes none."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as Response  # noqa: PLC0415

    def tags(self: Any) -> dict[str, str]:
        everything = self.applicationautoscaling_backend.__dict__.setdefault("tags_by_arn", {})
        found: dict[str, str] = everything.setdefault(self._get_param("ResourceARN"), {})
        return found

    def tag(self: Any) -> str:
        tags(self).update(self._get_param("Tags"))
        return "{}"

    def untag(self: Any) -> str:
        for key in self._get_param("TagKeys"):
            tags(self).pop(key, None)
        return "{}"

    stack.enter_context(mock.patch.object(Response, "tag_resource", tag, create=True))
    stack.enter_context(mock.patch.object(Response, "untag_resource", untag, create=True))


@bridge
def end_of_nat_gateways(stack: ExitStack) -> None:
    """moto leaves the network interface of a NAT gateway that is deleted."""
    from moto.ec2.models.nat_gateways import NatGatewayBackend  # noqa: PLC0415

    def released(gateway: Any, self: Any, *_: Any, **__: Any) -> Any:
        self.enis.pop(gateway._eni.id, None)
        return gateway

    after(stack, NatGatewayBackend, "delete_nat_gateway", released)


@bridge
def end_of_replication_groups(stack: ExitStack) -> None:
    """moto's replication groups stay in deletion for ever."""
    from moto.elasticache.models import ElastiCacheBackend  # noqa: PLC0415

    def forget(group: Any, self: Any, *_: Any, **__: Any) -> Any:
        self.replication_groups.pop(group.replication_group_id, None)
        return group

    after(stack, ElastiCacheBackend, "delete_replication_group", forget)

"""Where moto falls short of AWS, and what is done about it: one function for each gap, its docstring the reason.

tests/rehearsal/test_bridges.py shows for each that moto alone still lacks it, so that a bridge can be taken down on the
day moto has it. The tasks of ECS have a module of their own: see `tasks`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from rehearsal.emulator import conditions, partitions

BRIDGES: dict[str, Callable[[ExitStack], None]] = {}
"""By name. Each enters its patches into the stack that it is given."""


def bridge(function: Callable[[ExitStack], None]) -> Callable[[ExitStack], None]:
    """Put a function into the table."""
    BRIDGES[function.__name__] = function
    return function


@contextmanager
def installed() -> Iterator[None]:
    """All bridges, until the block ends."""
    with ExitStack() as stack:
        for one in BRIDGES.values():
            one(stack)
        yield


def _after(stack: ExitStack, owner: Any, name: str, then: Callable[..., Any]) -> None:
    """Let `then(result, self, *arguments)` change what a method of moto returns."""
    original = getattr(owner, name)

    def replaced(self: Any, *args: Any, **kwargs: Any) -> Any:
        return then(original(self, *args, **kwargs), self, *args, **kwargs)

    stack.enter_context(mock.patch.object(owner, name, replaced))


@bridge
def third_zone_in_beijing(stack: ExitStack) -> None:
    """Beijing shows three zones, the third being cn-north-1d with the id cnn1-az4; moto has two."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone  # noqa: PLC0415

    zones = RegionsAndZonesBackend.zones
    third = Zone(region_name="cn-north-1", name="cn-north-1d", zone_id="cnn1-az4")
    stack.enter_context(mock.patch.dict(zones, {"cn-north-1": [*zones["cn-north-1"], third]}))


@bridge
def host_names_in_china(stack: ExitStack) -> None:
    """moto's databases, balancers and registries stand below amazonaws.com in every partition."""
    from moto.ecr.models import Repository  # noqa: PLC0415
    from moto.ecr.responses import ECRResponse  # noqa: PLC0415
    from moto.elbv2.models import FakeLoadBalancer  # noqa: PLC0415
    from moto.rds.models import DBInstance  # noqa: PLC0415

    address = DBInstance.address.fget

    def own_address(self: Any) -> str:
        return partitions.localised(address(self), self.region)

    stack.enter_context(mock.patch.object(DBInstance, "address", property(own_address)))

    def balancer(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        self.dns_name = partitions.localised(self.dns_name, self.arn.split(":")[3])

    _after(stack, FakeLoadBalancer, "__init__", balancer)

    def repository(_: None, self: Any, *args: Any, **kwargs: Any) -> None:
        self.uri = partitions.localised(self.uri, self.region_name)

    _after(stack, Repository, "__init__", repository)

    def token(answer: Any, self: Any) -> Any:
        for one in answer.result["authorizationData"]:
            one["proxyEndpoint"] = partitions.localised(one["proxyEndpoint"], self.region)
        return answer

    _after(stack, ECRResponse, "get_authorization_token", token)


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

    _after(stack, models.CacheSubnetGroup, "__init__", subnet_group)
    _after(stack, models.ReplicationGroup, "__init__", group)
    _after(stack, models.ElastiCacheBackend, "__init__", backend)


def _any_partition(pattern: str) -> Any:
    return re.compile(pattern.replace("^arn:aws:", "^arn:[a-z-]+:"))


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
    stack.enter_context(mock.patch.object(ElastiCacheResponse, "describe_cache_parameter_groups", describe, create=True))


@bridge
def backup_policy_of_file_systems(stack: ExitStack) -> None:
    """moto's EFS can tell its backup policy but not take one."""
    from moto.efs.responses import EFSResponse  # noqa: PLC0415

    def put(self: Any) -> tuple[str, dict[str, str]]:
        system = self.efs_backend.file_systems_by_id[self._get_param("FileSystemId")]
        policy = self._get_param("BackupPolicy")
        system._backup = policy["Status"] == "ENABLED"
        return json.dumps({"BackupPolicy": policy}), {"Content-Type": "application/json"}

    stack.enter_context(mock.patch.object(EFSResponse, "put_backup_policy", put, create=True))


@bridge
def how_models_are_invoked(stack: ExitStack) -> None:
    """moto's SageMaker forgets whether containers are called directly, and network isolation."""
    from moto.sagemaker.responses import SageMakerResponse  # noqa: PLC0415

    def keep(answer: Any, self: Any) -> Any:
        model = self.sagemaker_backend._models[self._get_param("ModelName")]
        model.inference_execution_config = self._get_param("InferenceExecutionConfig")
        model.enable_network_isolation = bool(self._get_param("EnableNetworkIsolation"))
        return answer

    def show(answer: Any, self: Any) -> Any:
        model = self.sagemaker_backend._models[self._get_param("ModelName")]
        mode = getattr(model, "inference_execution_config", None)
        if mode:
            answer.result["InferenceExecutionConfig"] = mode
        return answer

    _after(stack, SageMakerResponse, "create_model", keep)
    _after(stack, SageMakerResponse, "describe_model", show)


@bridge
def tags_of_scalable_targets(stack: ExitStack) -> None:
    """moto's Application Auto Scaling has no tags."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse as Response  # noqa: PLC0415

    def tags(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.applicationautoscaling_backend.__dict__.setdefault("tags_by_arn", {})
        return found

    def register(answer: str, self: Any) -> str:
        tags(self)[json.loads(answer)["ScalableTargetARN"]] = self._get_param("Tags") or {}
        return answer

    def listed(self: Any) -> str:
        return json.dumps({"Tags": tags(self).get(self._get_param("ResourceARN"), {})})

    _after(stack, Response, "register_scalable_target", register)
    stack.enter_context(mock.patch.object(Response, "list_tags_for_resource", listed, create=True))


@bridge
def conditions_of_bucket_policies(stack: ExitStack) -> None:
    """moto denies everything that a conditional Deny of a bucket policy mentions, whether the condition holds or not."""
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    original = FakeBucket.get_permission

    def permission(self: Any, action: str, resource: str) -> Any:
        if self.policy is None:
            return original(self, action, resource)
        document = json.loads(self.policy)
        context = {"aws:securetransport": "true"}  # boto3 always calls by TLS
        document["Statement"] = [
            {key: value for key, value in one.items() if key != "Condition"}
            for one in document["Statement"]
            if conditions.applies(one.get("Condition"), context)
        ]
        kept, self.policy = self.policy, json.dumps(document).encode()
        try:
            return original(self, action, resource)
        finally:
            self.policy = kept

    stack.enter_context(mock.patch.object(FakeBucket, "get_permission", permission))


@bridge
def memory_of_the_whole_task(stack: ExitStack) -> None:
    """On Fargate a task's memory may be given as a whole; moto adds up that of the containers and stumbles."""
    from moto.ecs.models import EC2ContainerServiceBackend as Backend  # noqa: PLC0415

    def nothing(_: Any) -> dict[str, Any]:
        """What the task takes away from an EC2 instance; on Fargate there is none."""
        return {"CPU": 0, "MEMORY": 0, "PORTS": [], "PORTS_UDP": []}

    name = "_calculate_task_resource_requirements"
    stack.enter_context(mock.patch.object(Backend, name, staticmethod(nothing)))

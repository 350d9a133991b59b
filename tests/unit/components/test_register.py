"""What single components register, under Pulumi's mocks: one claim for each decision that a component takes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.adopted.network import AdoptedNetwork, AdoptedSubnet
from components.context import StackContext
from components.data_tier import DataTier, DataTierArgs
from components.data_tier.file_system import FileSystem, FileSystemArgs
from components.ecs.container_definitions import ContainerSpec, LogTarget, definition
from components.images import Image, Images, ImagesArgs
from components.images.build_context import builds
from components.inference_endpoints import InferenceEndpoints, InferenceEndpointsArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs
from components.network import Network, NetworkArgs
from components.s3_bucket import PrivateBucket, PrivateBucketArgs
from settings.functions import Deployable, Function, LocalArchive, StoredArchive
from settings.ingress_options import IngressOptions
from settings.releases import RELEASES, Release
from settings.values import AddressPlan, BatchEndpointSize, CacheSize, DatabaseSize, EndpointSize, Mirrors
from settings.zones import Zone
from tests.support.paths import ROOT

ZONES = [Zone(f"cn-north-1{letter}", f"cnn1-az{n}") for letter, n in (("a", 1), ("b", 2), ("d", 4))]
VPC = {"vpcId": "vpc-1", "publicSubnetIds": [], "natGateways": []}
PLAN = AddressPlan(vpc_cidr="10.0.0.0/16", public_cidrs=("10.0.0.0/24",) * 3, private_cidrs=("10.0.1.0/24",) * 3)
DATABASE = DatabaseSize(
    instance_class="db.m6g.large",
    storage_gb=20,
    max_storage_gb=20,
    multi_az=False,
    backup_days=7,
    engine_version="15.19",
)
CACHE = CacheSize(node_type="cache.t4g.small", replicas=0, engine_version="7.1")


def image() -> Image:
    return Image(pulumi.Output.from_input("registry/models@sha256:0"), pulumi.Output.from_input("arn:models"))


def test_a_network_asks_for_one_nat_gateway_where_one_will_do(engine: Any, context: StackContext) -> None:
    engine.outputs["awsx:ec2:Vpc"] = VPC | {"privateSubnetIds": ["a", "b", "c"]}
    engine.run(lambda: Network("n", NetworkArgs(context=context, zones=ZONES, addresses=PLAN, single_nat=True)))
    vpc = engine.only("awsx:ec2:Vpc")
    assert vpc["natGateways"]["strategy"] == "Single"
    assert vpc["vpcEndpointSpecs"][0]["serviceName"] == "com.amazonaws.cn-northwest-1.s3"


def test_a_new_network_closes_its_default_group_and_logs_nothing_unless_asked(
    engine: Any, context: StackContext
) -> None:
    engine.outputs["awsx:ec2:Vpc"] = VPC | {"privateSubnetIds": ["a", "b", "c"]}
    engine.run(lambda: Network("n", NetworkArgs(context=context, zones=ZONES, addresses=PLAN)))
    group = engine.only("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert (group["vpcId"], group["ingress"], group["egress"]) == ("vpc-1", [], [])
    assert not engine.of_type("aws:ec2/flowLog:FlowLog")


def test_flow_logs_are_delivered_by_a_role_that_ec2_takes_for_this_account_only(
    engine: Any, context: StackContext
) -> None:
    engine.outputs["awsx:ec2:Vpc"] = VPC | {"privateSubnetIds": ["a", "b", "c"]}
    args = NetworkArgs(context=context, zones=ZONES, addresses=PLAN, flow_logs="ALL", log_retention_days=90)
    engine.run(lambda: Network("n", args))
    assert engine.only("aws:ec2/flowLog:FlowLog")["trafficType"] == "ALL"
    assert engine.only("aws:cloudwatch/logGroup:LogGroup")["retentionInDays"] == 90
    (statement,) = json.loads(engine.only("aws:iam/role:Role")["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}, "the same name in every partition"
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": context.account}}


def test_an_existing_network_keeps_its_default_group_and_its_flow_logs(engine: Any, context: StackContext) -> None:
    private = [AdoptedSubnet(subnet_id=zone.name, vpc_id="vpc-9", zone=zone, public=False) for zone in ZONES]
    theirs = AdoptedNetwork(vpc_id="vpc-9", public_subnet_ids=["p", "q", "r"], private_subnets=private)
    engine.run(
        lambda: Network("n", NetworkArgs(context=context, zones=(), addresses=PLAN, adopted=theirs, flow_logs="ALL"))
    )
    assert not engine.of_type("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"), "others may rely on it"
    assert not engine.of_type("aws:ec2/flowLog:FlowLog"), "their owner decides"


def test_a_network_of_zones_without_fargate_is_refused(engine: Any, context: StackContext) -> None:
    beijing = dataclasses.replace(context, region=dataclasses.replace(context.region, name="cn-north-1"))
    engine.outputs["awsx:ec2:Vpc"] = VPC | {"privateSubnetIds": ["a"]}
    with pytest.raises(pulumi.RunError, match="Fargate runs in none of the zones cn-north-1d"):
        engine.run(lambda: Network("n", NetworkArgs(context=beijing, zones=ZONES[2:], addresses=PLAN)))


@pytest.mark.parametrize("protect", [True, False])
def test_stores_follow_the_protection_of_the_stack(engine: Any, context: StackContext, protect: bool) -> None:
    here = dataclasses.replace(context, protect=protect)
    engine.run(
        lambda: DataTier(
            "data",
            DataTierArgs(
                context=here,
                vpc_id="vpc-1",
                subnet_ids=["a", "b"],
                mount_subnet_ids=["a", "b"],
                database=DATABASE,
                cache=CACHE,
                admin_user="admin",
            ),
        )
    )
    database = engine.only("aws:rds/instance:Instance")
    assert database["deletionProtection"] is protect
    assert database["skipFinalSnapshot"] is not protect
    assert ("finalSnapshotIdentifier" in database) is protect
    assert "maxAllocatedStorage" not in database, "storage that must not grow has no ceiling"
    assert engine.only("aws:rds/parameterGroup:ParameterGroup")["family"] == "postgres15"
    cache = engine.only("aws:elasticache/replicationGroup:ReplicationGroup")
    assert cache["automaticFailoverEnabled"] is False, "a single node has nobody to fail over to"
    windows = {secret["recoveryWindowInDays"] for secret in engine.of_type("aws:secretsmanager/secret:Secret").values()}
    assert windows == {7 if protect else 0}


def data_tier(engine: Any, context: StackContext, *, postgresql: str = "15", redis: str = "7.1") -> None:
    args = DataTierArgs(
        context=context,
        vpc_id="vpc-1",
        subnet_ids=["a", "b"],
        mount_subnet_ids=["a", "b"],
        database=dataclasses.replace(DATABASE, engine_version=postgresql),
        cache=dataclasses.replace(CACHE, engine_version=redis),
        admin_user="admin",
    )
    engine.run(lambda: DataTier("data", args))


def test_a_change_of_the_database_is_made_at_once_and_a_major_version_is_not_refused(
    engine: Any, context: StackContext
) -> None:
    data_tier(engine, context)
    database = engine.only("aws:rds/instance:Instance")
    assert database["applyImmediately"] is True, "else it waits for the maintenance window, and shows until then"
    assert database["allowMajorVersionUpgrade"] is True, "RDS asks for this flag"


@pytest.mark.parametrize(("version", "upgrades"), [("15", True), ("15.12", False)])
def test_a_pinned_minor_version_is_not_upgraded_by_rds(
    engine: Any, context: StackContext, version: str, upgrades: bool
) -> None:
    data_tier(engine, context, postgresql=version)
    assert engine.only("aws:rds/instance:Instance")["autoMinorVersionUpgrade"] is upgrades, "a downgrade would follow"


@pytest.mark.parametrize(("version", "family"), [("5.0.6", "redis5.0"), ("6.2", "redis6.x"), ("7.0", "redis7")])
def test_redis_gets_parameters_of_its_versions_family(
    engine: Any, context: StackContext, version: str, family: str
) -> None:
    data_tier(engine, context, redis=version)
    assert engine.only("aws:elasticache/parameterGroup:ParameterGroup")["family"] == family


def test_a_file_system_has_a_mount_target_in_each_subnet_and_folders_of_cvats_user(
    engine: Any, context: StackContext
) -> None:
    engine.run(lambda: FileSystem("f", FileSystemArgs(context=context, vpc_id="vpc-1", subnet_ids=["a", "b", "c"])))
    assert len(engine.of_type("aws:efs/mountTarget:MountTarget")) == 3
    points = engine.of_type("aws:efs/accessPoint:AccessPoint")
    assert {point["rootDirectory"]["path"] for point in points.values()} == {"/data", "/share"}
    assert {point["posixUser"]["uid"] for point in points.values()} == {1000}


def test_an_image_that_is_in_ecr_is_neither_built_nor_stored(engine: Any, context: StackContext) -> None:
    reference = "123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/cvat/ui@sha256:0"
    mirrors = Mirrors(base_registry="r", apt="a", pypi="p", npm="n", cvat_repository="c")
    made: list[Image] = []

    def build() -> None:
        images = Images("i", ImagesArgs(context=context, names=("ui",), mirrors=mirrors, references={"ui": reference}))
        made.append(images.by_name["ui"])

    engine.run(build)
    assert not engine.of_type("docker:index/image:Image")
    assert not engine.of_type("aws:ecr/repository:Repository")
    assert made


def inference(
    context: StackContext, functions: list[Deployable], *, shared: bool, max_count: int = 1
) -> InferenceEndpointsArgs:
    return InferenceEndpointsArgs(
        context=context,
        functions=functions,
        shared=shared,
        size=EndpointSize(instance_type="ml.m5.large", count=1, max_count=max_count),
        batch_size=BatchEndpointSize(instance_type="ml.m5.large", least=0, max_count=1, recreated=False),
        image=image(),
        vpc_id="vpc-1",
        subnet_ids=["a"],
    )


def archived(tmp_path: Path, *names: str) -> list[Deployable]:
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
    return [Deployable(Function(name=name), LocalArchive(tmp_path / name)) for name in names]


def test_a_shared_endpoint_calls_its_containers_directly(engine: Any, context: StackContext, tmp_path: Path) -> None:
    functions = archived(tmp_path, "one.a", "two")
    engine.run(lambda: InferenceEndpoints("inference", inference(context, functions, shared=True)))
    model = engine.only("aws:sagemaker/model:Model")
    assert model["inferenceExecutionConfig"] == {"mode": "Direct"}
    assert [container["containerHostname"] for container in model["containers"]] == ["one-a", "two"]
    assert {container["environment"]["MODEL_CONTAINERS"] for container in model["containers"]} == {"2"}


def test_a_single_function_is_no_multi_container_model(engine: Any, context: StackContext, tmp_path: Path) -> None:
    engine.run(lambda: InferenceEndpoints("inference", inference(context, archived(tmp_path, "one"), shared=True)))
    model = engine.only("aws:sagemaker/model:Model")
    assert "containers" not in model, "SageMaker asks for two containers at least in Direct mode"
    assert model["primaryContainer"]["environment"]["FUNCTION"] == "one"


def test_batch_functions_share_one_container_unless_theirs_is_another(
    engine: Any, context: StackContext, tmp_path: Path
) -> None:
    alike, other = archived(tmp_path, "one", "two"), archived(tmp_path, "three", "four")
    image = "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/mine@sha256:0"
    own: list[dict[str, Any]] = [{"image": image}, {"environment": {"A": "b"}}]
    functions = [
        Deployable(dataclasses.replace(deployable.function, batch=True, **settings), deployable.archive)
        for deployable, settings in zip([*alike, *other], [{}, {}, *own], strict=True)
    ]
    together = LocalArchive(tmp_path / "together")
    together.path.write_bytes(b"both")
    args = dataclasses.replace(inference(context, functions, shared=True), batch_archive=together)
    made: list[InferenceEndpoints] = []
    engine.run(lambda: made.append(InferenceEndpoints("inference", args)))
    models = engine.of_type("aws:sagemaker/model:Model")
    assert sorted(models) == ["inference-batch-shared", "inference-four", "inference-three"]
    container = models["inference-batch-shared"]["primaryContainer"]
    assert f"batch-shared/{together.digest}" in container["modelDataUrl"]
    assert "FUNCTION" not in container.get("environment", {}), "it serves all that its archive holds"
    assert made[0].targets["one"].endpoint is made[0].targets["two"].endpoint
    assert made[0].targets["one"].container is None, "an asynchronous call names no container"
    assert len(engine.of_type("aws:s3/bucketObjectv2:BucketObjectv2")) == 3, "each archive is uploaded once"


def test_an_archive_is_uploaded_under_its_content_and_one_in_s3_is_left_there(
    engine: Any, context: StackContext, tmp_path: Path
) -> None:
    functions = [
        *archived(tmp_path, "one"),
        Deployable(Function(name="two"), StoredArchive("theirs", "models/two.tar.gz")),
    ]
    engine.run(lambda: InferenceEndpoints("inference", inference(context, functions, shared=False)))
    uploaded = engine.only("aws:s3/bucketObjectv2:BucketObjectv2")
    digest = LocalArchive(tmp_path / "one").digest
    assert uploaded["key"] == f"one/{digest}.tar.gz", (
        "another content is another object, so the old one can still serve"
    )
    models = engine.of_type("aws:sagemaker/model:Model")
    urls = {model["primaryContainer"]["modelDataUrl"] for model in models.values()}
    assert "s3://theirs/models/two.tar.gz" in urls
    policy = engine.of_type("aws:iam/rolePolicy:RolePolicy")["inference-models"]["policy"]
    assert "arn:aws-cn:s3:::theirs/models/two.tar.gz" in policy


def test_endpoints_scale_only_where_there_is_room(engine: Any, context: StackContext, tmp_path: Path) -> None:
    functions = archived(tmp_path, "one")
    engine.run(lambda: InferenceEndpoints("inference", inference(context, functions, shared=False, max_count=4)))
    target = engine.only("aws:appautoscaling/target:Target")
    assert (target["minCapacity"], target["maxCapacity"]) == (1, 4)
    assert target["resourceId"].endswith("/variant/all")


def balancer(context: StackContext, **more: Any) -> LoadBalancerArgs:
    ingress = IngressOptions(allowed_cidrs=["10.0.0.0/8"], tls_policy="a-policy", **more)
    return LoadBalancerArgs(
        context=context, vpc_id="vpc-1", public_subnet_ids=["a"], private_subnet_ids=["b"], ingress=ingress
    )


@pytest.mark.parametrize("admin_cidrs", [[], ["10.0.0.0/24"], [f"10.0.{n}.0/24" for n in range(7)]])
def test_no_rule_of_the_load_balancer_has_more_than_five_values(
    engine: Any, context: StackContext, admin_cidrs: list[str]
) -> None:
    engine.run(lambda: LoadBalancer("cvat", balancer(context, admin_cidrs=admin_cidrs)))
    rules = engine.of_type("aws:lb/listenerRule:ListenerRule")
    values = [rule["conditions"][0]["pathPattern"]["values"] for rule in rules.values()]
    sources = [rule["conditions"][-1].get("sourceIp", {"values": []})["values"] for rule in rules.values()]
    assert all(len(paths) + len(more) <= 5 for paths, more in zip(values, sources, strict=True)), "AWS takes no more"
    assert {path for value in values for path in value} >= {"/api/*", "/static/*", "/admin*", "/django-rq*"}


def test_https_alone_opens_one_port(engine: Any, context: StackContext) -> None:
    engine.run(lambda: LoadBalancer("cvat", balancer(context, http_port=0, https_port=8443, certificate_arn="arn:x")))
    assert [listener["port"] for listener in engine.of_type("aws:lb/listener:Listener").values()] == [8443]
    opened = engine.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert {rule["fromPort"] for rule in opened.values()} == {8443}


def test_a_bucket_refuses_whatever_comes_without_tls(engine: Any, context: StackContext) -> None:
    engine.run(lambda: PrivateBucket("b", PrivateBucketArgs(context=context)))
    policy = json.loads(engine.only("aws:s3/bucketPolicy:BucketPolicy")["policy"])
    assert policy["Statement"][0]["Effect"] == "Deny"
    assert policy["Statement"][0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    block = engine.only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert {value for value in block.values() if isinstance(value, bool)} == {True}


def test_a_container_that_follows_another_waits_for_its_success() -> None:
    made = definition(
        ContainerSpec(
            name="copy",
            image="i@sha256:0",
            logs=LogTarget(group="g", region="r"),
            after="init",
            environment={"B": "2", "A": "1"},
            secrets={"S": "arn:s"},
            mounts={"share": "/share"},
            read_only=frozenset({"share"}),
        )
    )
    assert made["dependsOn"] == [{"containerName": "init", "condition": "SUCCESS"}]
    assert [variable["name"] for variable in made["environment"]] == ["A", "B"], (
        "an order that never changes: no new revision"
    )
    assert made["secrets"] == [{"name": "S", "valueFrom": "arn:s"}]
    assert made["mountPoints"][0]["readOnly"] is True


def test_a_container_writes_to_its_mounts_and_where_it_needs_scratch_space_and_nowhere_else() -> None:
    spec = ContainerSpec(name="web", image="i@sha256:0", logs=LogTarget(group="g", region="r"), scratch=True)
    made = definition(spec)
    assert made["readonlyRootFilesystem"] is True
    assert made["mountPoints"] == [{"sourceVolume": "web-tmp", "containerPath": "/tmp", "readOnly": False}]
    assert definition(dataclasses.replace(spec, scratch=False))["mountPoints"] == [], "no volume that nothing needs"


def test_ecs_exec_gets_a_root_that_its_agent_can_write_to() -> None:
    spec = ContainerSpec(name="web", image="i@sha256:0", logs=LogTarget(group="g", region="r"))
    assert definition(spec, writable_root=True)["readonlyRootFilesystem"] is False, "it would not start"


IMAGES = [
    (
        release,
        image,
        [part.scratch for process in release.services for part in process.containers if part.image == image],
    )
    for release in RELEASES.values()
    for image in (*release.images, "gateway")
]


@pytest.mark.parametrize(("release", "image", "scratches"), IMAGES)
def test_an_image_declares_the_scratch_space_of_its_containers(
    release: Release, image: str, scratches: list[bool]
) -> None:
    """Without VOLUME, Fargate's empty volume belongs to root, and our processes are no root."""
    scratch = any(scratches)
    lines = (ROOT / builds(release)[image].dockerfile).read_text(encoding="utf-8").splitlines()
    assert ('VOLUME ["/tmp"]' in lines) is scratch
    if scratch:
        last_step = max(number for number, line in enumerate(lines) if line.startswith(("RUN", "COPY")))
        assert lines.index('VOLUME ["/tmp"]') > last_step, "a build step's files below it would be lost"
        assert any("/tmp" in line and "chown" in line for line in lines), "its owner is who writes"

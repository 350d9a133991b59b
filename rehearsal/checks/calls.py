"""Which calls each role must be able to make: derived from what runs with it, never from its own policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from policy.rules.partition import IMAGE
from region import Region
from rehearsal.aws.iam_evaluator import Request
from rehearsal.checks import cached_query, managed, scheduled_calls, sleep
from rehearsal.checks.cached_query import Thing
from rehearsal.checks.iam_resources import access_point_request, request
from rehearsal.checks.tasks import SECRET
from rehearsal.engine.state import Record
from rehearsal.result import Rehearsal

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
TELL_METRICS = "cloudwatch:PutMetricData"
METRICS_NAMESPACE = "CVAT"
"""The namespace that `cvat-aws queue-metrics` writes to (patches/overlay/cvat_aws/queue_metrics.py)."""
PROTECT = ("ecs:GetTaskProtection", "ecs:UpdateTaskProtection")
"""What the agent of ECS asks with a task's role when the task protects itself (ECS developer guide, "Task scale-in
protection endpoint", read 2026-11)."""
EXEC = tuple(
    f"ssmmessages:{name}"
    for name in ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
)
"""What the agent of ECS Exec calls (ECS developer guide, "Using ECS Exec", read 2026-11)."""

JOIN_NETWORK = tuple(
    f"ec2:{name}"
    for name in """
    CreateNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterface DeleteNetworkInterfacePermission
    DescribeNetworkInterfaces DescribeVpcs DescribeDhcpOptions DescribeSubnets DescribeSecurityGroups
    DescribeVpcEndpoints
    """.split()
)
"""With which SageMaker puts containers into a VPC (SageMaker developer guide, roles, CreateModel, read 2026-11)."""

USERS = {
    "aws:ecs/taskDefinition:": "ecs-tasks",
    "aws:sagemaker/model:": "sagemaker",
    "aws:rds/": "monitoring.rds",
    "aws:scheduler/": "scheduler",
    "aws:cloudwatch/event": "events",
    "aws:lambda/": "lambda",
    "aws:backup/": "backup",
    "aws:ec2/flowLog:": "vpc-flow-logs",
}
"""Service that takes the role which a resource names, by the beginning of the resource's type."""


@dataclass(frozen=True)
class Call:
    """One call that a role's task makes."""

    request: Request
    unit: str
    """What it is on: ARN of secret, repository, log group, bucket, endpoint or access point; "*" for nothing."""
    needed: bool = True
    """Whether it must be allowed; one that is not needed may be."""


@dataclass(frozen=True)
class Use:
    """A role and what it is for."""

    record: Record
    services: frozenset[str]
    """Who takes it, such as ecs-tasks."""
    calls: tuple[Call, ...]
    known: bool
    """Whether this module knows what is called with it."""

    @property
    def arn(self) -> str:
        return str(self.record.outputs["arn"])


@cached_query.question
def uses(rehearsal: Rehearsal) -> list[Use]:
    """Every role of the stack."""
    calls: dict[str, list[Call]] = {}
    for arn, found in _all_calls(rehearsal):
        calls.setdefault(arn, []).extend(found)
    users = _users(rehearsal)
    return [
        Use(
            record,
            frozenset(users.get(record.outputs["arn"], ())),
            tuple(dict.fromkeys(calls.get(record.outputs["arn"], ()))),
            record.outputs["arn"] in calls,
        )
        for record in rehearsal.of_type("aws:iam/role:Role")
    ]


def _all_calls(rehearsal: Rehearsal) -> Iterator[tuple[str, list[Call]]]:
    shells = _with_shell(rehearsal)
    for _, definition in cached_query.task_definitions(rehearsal):
        containers = definition["containerDefinitions"]
        if arn := definition.get("executionRoleArn"):
            yield arn, [call for one in containers for call in _starts(rehearsal, one)]
        if arn := definition.get("taskRoleArn"):
            own = [call for one in containers for call in _runs(rehearsal, one)]
            shell = [_on("*", action) for action in EXEC] if definition["taskDefinitionArn"] in shells else []
            yield arn, [*own, *_mounts(rehearsal, definition), *shell]
    for record in rehearsal.of_type("aws:sagemaker/model:Model"):
        model = rehearsal.client("sagemaker").describe_model(ModelName=record.id)
        yield model["ExecutionRoleArn"], list(_serves(rehearsal, model))
    for role, asked in scheduled_calls.asked(rehearsal):
        yield role, [_on(one.resource, one.action) for one in asked]


def _on(unit: str, action: str, *, needed: bool = True, **context: str) -> Call:
    return Call(request(action, unit, context), unit, needed)


def _arn(rehearsal: Rehearsal, service: str, rest: str, *, place: str | None = None) -> str:
    where = f"{rehearsal.region}:{rehearsal.account.id}" if place is None else place
    return f"arn:{Region(rehearsal.region).partition}:{service}:{where}:{rest}"


def _pulls(rehearsal: Rehearsal, image: str) -> list[Call]:
    found = IMAGE.match(image)
    if not found:
        return []
    place = f"{found['region']}:{found['account']}"
    repository = _arn(rehearsal, "ecr", f"repository/{found['name']}", place=place)
    return [_on("*", "ecr:GetAuthorizationToken"), *(_on(repository, action) for action in PULL)]


def _starts(rehearsal: Rehearsal, container: Thing) -> list[Call]:
    """What ECS calls to start a container."""
    calls = _pulls(rehearsal, container["image"])
    if group := container.get("logConfiguration", {}).get("options", {}).get("awslogs-group"):
        calls += [_on(_arn(rehearsal, "logs", f"log-group:{group}"), action) for action in WRITE_LOGS]
    for secret in container.get("secrets", []):
        if found := SECRET.match(secret["valueFrom"]):
            calls += [_on(found["arn"], "secretsmanager:GetSecretValue"), *_decrypts(rehearsal, found["arn"])]
    return calls


def _decrypts(rehearsal: Rehearsal, secret: str) -> list[Call]:
    """A secret under a key of the customer's is decrypted with the role that reads it."""
    client = rehearsal.client("secretsmanager")
    try:
        key = client.describe_secret(SecretId=secret).get("KmsKeyId", "")
    except client.exceptions.ClientError:
        return []  # that it is missing is told by another check
    return [_on(key, "kms:Decrypt")] if key.startswith("arn:") else []


def _runs(rehearsal: Rehearsal, container: Thing) -> Iterator[Call]:
    """What a container itself calls, by the variables that tell it to."""
    told = {one["name"]: one["value"] for one in container.get("environment", [])}
    for target in json.loads(told.get("SERVERLESS_ENDPOINTS", "{}")).values():
        endpoint = _arn(rehearsal, "sagemaker", f"endpoint/{target['endpoint']}")
        yield _on(endpoint, "sagemaker:InvokeEndpoint")
    if source := told.get("DEMO_SOURCE"):
        bucket, _, prefix = source.removeprefix("s3://").partition("/")
        yield from _reads(rehearsal, bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else "")
    yield from _commanded(rehearsal, container.get("command", ()))
    for bucket in told.get("CVAT_S3_ROLE_BUCKETS", "").replace(",", " ").split():
        own = _arn(rehearsal, "s3", bucket, place=":") in _buckets(rehearsal)
        yield from _reads(rehearsal, bucket, "", needed=own)  # another account's bucket may have a policy of its own


def _commanded(rehearsal: Rehearsal, command: Sequence[str]) -> Iterator[Call]:
    """What the commands of CVAT's image call, whatever they are told."""
    if command[:1] == ["queue-metrics"]:
        yield Call(Request(TELL_METRICS, "*", {"cloudwatch:namespace": METRICS_NAMESPACE}), METRICS_NAMESPACE)
    if command[:1] == ["worker"]:
        for record in rehearsal.of_type("aws:ecs/cluster:Cluster"):
            tasks = _arn(rehearsal, "ecs", f"task/{record.outputs['name']}/0123456789abcdef")
            yield from (_on(tasks, action) for action in PROTECT)


@cached_query.question
def _buckets(rehearsal: Rehearsal) -> list[str]:
    listed = rehearsal.client("s3").list_buckets()["Buckets"]
    return [_arn(rehearsal, "s3", one["Name"], place=":") for one in listed]


def _reads(rehearsal: Rehearsal, bucket: str, prefix: str, *, needed: bool = True) -> list[Call]:
    unit = _arn(rehearsal, "s3", bucket, place=":")
    read = Call(Request("s3:GetObject", f"{unit}/{prefix}any/object"), unit, needed)
    listing = Call(Request("s3:ListBucket", unit, {"s3:prefix": prefix}), unit, needed)
    return [listing, read, *_decrypts_objects(rehearsal, bucket)]


@cached_query.question
def _decrypts_objects(rehearsal: Rehearsal, bucket: str) -> list[Call]:
    """Objects under a key of the customer's are decrypted with the role that reads them."""
    client = rehearsal.client("s3")
    try:
        rules = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except client.exceptions.ClientError:
        return []  # somebody else's bucket, or one without a rule
    defaults = [rule["ApplyServerSideEncryptionByDefault"] for rule in rules]
    return [_on(one["KMSMasterKeyID"], "kms:Decrypt") for one in defaults if "KMSMasterKeyID" in one]


def _mounts(rehearsal: Rehearsal, definition: Thing) -> Iterator[Call]:
    """ECS mounts with the task's role; whether a container writes is told by its mount points."""
    for volume in definition.get("volumes", []):
        system = volume.get("efsVolumeConfiguration", {})
        point = system.get("authorizationConfig", {}).get("accessPointId")
        if not point:
            continue
        unit = _arn(rehearsal, "elasticfilesystem", f"access-point/{point}")
        target = _arn(rehearsal, "elasticfilesystem", f"file-system/{system['fileSystemId']}")
        writes = any(
            mount["sourceVolume"] == volume["name"] and not mount.get("readOnly")
            for container in definition["containerDefinitions"]
            for mount in container.get("mountPoints", [])
        )
        for action in ("ClientMount", *(("ClientWrite",) if writes else ())):
            yield Call(access_point_request(f"elasticfilesystem:{action}", target, unit), unit)
        if _acts_as_root(rehearsal, point):
            yield Call(access_point_request("elasticfilesystem:ClientRootAccess", target, unit), unit)


def _acts_as_root(rehearsal: Rehearsal, point: str) -> bool:
    found = rehearsal.client("efs").describe_access_points(AccessPointId=point)["AccessPoints"]
    return any(one.get("PosixUser", {}).get("Uid") == 0 for one in found)


def _serves(rehearsal: Rehearsal, model: Thing) -> Iterator[Call]:
    """What SageMaker calls with a model's role."""
    for container in model.get("Containers") or [model["PrimaryContainer"]]:
        yield from _pulls(rehearsal, container["Image"])
        if address := container.get("ModelDataUrl"):
            bucket, _, key = address.removeprefix("s3://").partition("/")
            unit = _arn(rehearsal, "s3", bucket, place=":")
            yield Call(Request("s3:GetObject", f"{unit}/{key}"), unit)
            # SageMaker asks for it only where the object is missing: to say "not found" instead of "denied".
            yield Call(Request("s3:ListBucket", unit, {"s3:prefix": key}), unit, needed=False)
            yield from _decrypts_objects(rehearsal, bucket)
    for endpoint in endpoints_of(rehearsal).get(model["ModelName"], []):
        group = _arn(rehearsal, "logs", f"log-group:/aws/sagemaker/Endpoints/{endpoint}")
        yield from (_on(group, action) for action in WRITE_LOGS)
    if model.get("VpcConfig"):
        yield from (_on("*", action) for action in JOIN_NETWORK)


@cached_query.question
def endpoints_of(rehearsal: Rehearsal) -> dict[str, list[str]]:
    """Names of the stack's endpoints, by the model that they serve."""
    client, found = rehearsal.client("sagemaker"), dict[str, list[str]]()
    names = [record.id for record in rehearsal.of_type("aws:sagemaker/endpoint:Endpoint")]
    for name in (*names, *sleep.endpoints(rehearsal)):
        endpoint = client.describe_endpoint(EndpointName=name)
        config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        for variant in config["ProductionVariants"]:
            found.setdefault(variant["ModelName"], []).append(name)
    return found


def _with_shell(rehearsal: Rehearsal) -> set[str]:
    """Task definitions of services with ECS Exec; moto's services do not tell, so it is asked of the program."""
    return {
        record.inputs["taskDefinition"]
        for record in rehearsal.of_type("aws:ecs/service:Service")
        if record.inputs.get("enableExecuteCommand")
    }


def _users(rehearsal: Rehearsal) -> dict[str, set[str]]:
    """Services by the role that a resource of theirs names."""
    found: dict[str, set[str]] = {}
    for record in rehearsal.resources:
        service = next((name for prefix, name in USERS.items() if record.type.startswith(prefix)), None)
        for text in _texts(record.inputs) if service else ():
            if ":role/" in text:
                found.setdefault(text, set()).add(str(service))
    for record in rehearsal.of_type("aws:iam/role:Role"):
        for policy in managed.attached(rehearsal, record.id).values():
            found.setdefault(record.outputs["arn"], set()).add(managed.TAKEN_BY[policy])
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)

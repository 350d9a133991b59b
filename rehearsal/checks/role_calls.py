"""Which calls each role must be able to make: derived from what runs with it, never from its own policies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policy.rules.partition import IMAGE
from region import Region
from rehearsal.aws.iam_evaluator import Request
from rehearsal.checks import batch_functions, managed_policies, scheduled_calls, sleeping_endpoints, stack_queries
from rehearsal.checks.cached_query import Described, cached_query
from rehearsal.checks.containers import SECRET, variables_of
from rehearsal.checks.iam_resources import access_point_request, request
from rehearsal.engine.deployment import texts
from rehearsal.engine.state import Record
from rehearsal.result import Rehearsal

PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
PUT_METRICS = "cloudwatch:PutMetricData"
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
    """One call that what runs with a role makes."""

    request: Request
    subject: str
    """What it is on: ARN of secret, repository, log group, bucket, endpoint or access point; "*" for nothing."""
    needed: bool = True
    """Whether it must be allowed; one that is not needed may be."""


@dataclass(frozen=True)
class Use:
    """A role and what it is for."""

    record: Record
    services: frozenset[str]
    """Services that take it, such as ecs-tasks."""
    calls: tuple[Call, ...]
    known: bool
    """Whether this module knows what is called with it."""

    @property
    def arn(self) -> str:
        """The role's."""
        return str(self.record.outputs["arn"])


@cached_query
def uses(rehearsal: Rehearsal) -> list[Use]:
    """Every role of the stack."""
    calls: dict[str, list[Call]] = {}
    for arn, needed in _all_calls(rehearsal):
        calls.setdefault(arn, []).extend(needed)
    services = _services_by_role(rehearsal)
    return [
        Use(
            record,
            frozenset(services.get(record.outputs["arn"], ())),
            tuple(dict.fromkeys(calls.get(record.outputs["arn"], ()))),
            record.outputs["arn"] in calls,
        )
        for record in rehearsal.of_type("aws:iam/role:Role")
    ]


def _all_calls(rehearsal: Rehearsal) -> Iterator[tuple[str, list[Call]]]:
    with_shell = _with_shell(rehearsal)
    for _, definition in stack_queries.task_definitions(rehearsal):
        containers = definition["containerDefinitions"]
        if arn := definition.get("executionRoleArn"):
            yield arn, [call for container in containers for call in _starts(rehearsal, container)]
        if arn := definition.get("taskRoleArn"):
            own = [call for container in containers for call in _runs(rehearsal, container)]
            has_shell = definition["taskDefinitionArn"] in with_shell
            shell = [_call("*", action) for action in EXEC] if has_shell else []
            yield arn, [*own, *_mounts(rehearsal, definition), *shell]
    for _, model in stack_queries.sagemaker_models(rehearsal):
        yield model["ExecutionRoleArn"], list(_serves(rehearsal, model))
    for record in rehearsal.of_type("aws:ec2/flowLog:FlowLog"):
        yield str(record.inputs["iamRoleArn"]), list(_delivers_flow_logs(str(record.inputs["logDestination"])))
    for role, permissions in scheduled_calls.needed_permissions(rehearsal):
        yield role, [_call(permission.resource, permission.action) for permission in permissions]


def _delivers_flow_logs(group: str) -> Iterator[Call]:
    """What EC2 calls to write a VPC's flow logs (VPC user guide, "IAM role for publishing flow logs", read 2026-11)."""
    yield _call("*", "logs:DescribeLogGroups")
    yield from (_call(group, action) for action in ("logs:DescribeLogStreams", *WRITE_LOGS))


def _call(subject: str, action: str, *, needed: bool = True, **context: str) -> Call:
    return Call(request(action, subject, context), subject, needed)


def _pulls(rehearsal: Rehearsal, image: str) -> list[Call]:
    match = IMAGE.match(image)
    if not match:
        return []
    region = Region(rehearsal.region)
    repository = region.arn("ecr", f"repository/{match['name']}", account=match["account"], region=match["region"])
    return [_call("*", "ecr:GetAuthorizationToken"), *(_call(repository, action) for action in PULL)]


def _starts(rehearsal: Rehearsal, container: Described) -> list[Call]:
    """What ECS calls to start a container."""
    calls = _pulls(rehearsal, container["image"])
    if group := container.get("logConfiguration", {}).get("options", {}).get("awslogs-group"):
        calls += [_call(stack_queries.arn(rehearsal, "logs", f"log-group:{group}"), action) for action in WRITE_LOGS]
    for secret in container.get("secrets", []):
        if match := SECRET.match(secret["valueFrom"]):
            calls += [_call(match["arn"], "secretsmanager:GetSecretValue"), *_decrypts(rehearsal, match["arn"])]
    return calls


def _decrypts(rehearsal: Rehearsal, secret: str) -> list[Call]:
    """A secret under a key of the customer's is decrypted with the role that reads it."""
    client = rehearsal.client("secretsmanager")
    try:
        key = client.describe_secret(SecretId=secret).get("KmsKeyId", "")
    except client.exceptions.ClientError:
        return []  # that it is missing is the finding of another check
    return [_call(key, "kms:Decrypt")] if key.startswith("arn:") else []


def _runs(rehearsal: Rehearsal, container: Described) -> Iterator[Call]:
    """What a container itself calls, by its variables and its command."""
    variables = variables_of(container)
    for target in json.loads(variables.get("SERVERLESS_ENDPOINTS", "{}")).values():
        yield from (Call(*needed) for needed in batch_functions.gateway_requests(rehearsal, target))
    if source := variables.get("DEMO_SOURCE"):
        bucket, _, prefix = source.removeprefix("s3://").partition("/")
        yield from _reads(rehearsal, bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else "")
    yield from _commanded(rehearsal, container.get("command", ()))
    for bucket in variables.get("CVAT_S3_ROLE_BUCKETS", "").replace(",", " ").split():
        own = bucket in _bucket_names(rehearsal)
        yield from _reads(rehearsal, bucket, "", needed=own)  # another account's bucket may have a policy of its own


def _commanded(rehearsal: Rehearsal, command: Sequence[str]) -> Iterator[Call]:
    """What the commands of CVAT's image call, whatever their variables are."""
    if command[:1] == ["queue-metrics"]:
        yield Call(Request(PUT_METRICS, "*", {"cloudwatch:namespace": METRICS_NAMESPACE}), METRICS_NAMESPACE)
    if command[:1] == ["worker"]:
        for record in rehearsal.of_type("aws:ecs/cluster:Cluster"):
            tasks = stack_queries.arn(rehearsal, "ecs", f"task/{record.outputs['name']}/0123456789abcdef")
            yield from (_call(tasks, action) for action in PROTECT)


@cached_query
def _bucket_names(rehearsal: Rehearsal) -> list[str]:
    return [bucket["Name"] for bucket in rehearsal.client("s3").list_buckets()["Buckets"]]


def _reads(rehearsal: Rehearsal, bucket: str, prefix: str, *, needed: bool = True) -> list[Call]:
    arn = stack_queries.bucket_arn(rehearsal, bucket)
    read = Call(Request("s3:GetObject", f"{arn}/{prefix}any/object"), arn, needed)
    listing = Call(Request("s3:ListBucket", arn, {"s3:prefix": prefix}), arn, needed)
    return [listing, read, *_decrypts_objects(rehearsal, bucket)]


def _decrypts_objects(rehearsal: Rehearsal, bucket: str) -> list[Call]:
    """Objects under a key of the customer's are decrypted with the role that reads them."""
    return [_call(key, "kms:Decrypt") for key in stack_queries.bucket_keys(rehearsal, bucket)]


def _mounts(rehearsal: Rehearsal, definition: Described) -> Iterator[Call]:
    """ECS mounts with the task's role; mount points say whether a container writes."""
    for volume in definition.get("volumes", []):
        config = volume.get("efsVolumeConfiguration", {})
        point_id = config.get("authorizationConfig", {}).get("accessPointId")
        if not point_id:
            continue
        point = stack_queries.arn(rehearsal, "elasticfilesystem", f"access-point/{point_id}")
        system = stack_queries.arn(rehearsal, "elasticfilesystem", f"file-system/{config['fileSystemId']}")
        writes = any(
            mount["sourceVolume"] == volume["name"] and not mount.get("readOnly")
            for container in definition["containerDefinitions"]
            for mount in container.get("mountPoints", [])
        )
        for action in ("ClientMount", *(("ClientWrite",) if writes else ())):
            yield Call(access_point_request(f"elasticfilesystem:{action}", system, point), point)
        if _acts_as_root(rehearsal, point_id):
            yield Call(access_point_request("elasticfilesystem:ClientRootAccess", system, point), point)


def _acts_as_root(rehearsal: Rehearsal, point_id: str) -> bool:
    points = rehearsal.client("efs").describe_access_points(AccessPointId=point_id)["AccessPoints"]
    return any(point.get("PosixUser", {}).get("Uid") == 0 for point in points)


def _serves(rehearsal: Rehearsal, model: Described) -> Iterator[Call]:
    """What SageMaker calls with a model's role."""
    for container in stack_queries.model_containers(model):
        yield from _pulls(rehearsal, container["Image"])
        if address := container.get("ModelDataUrl"):
            bucket, _, key = address.removeprefix("s3://").partition("/")
            arn = stack_queries.bucket_arn(rehearsal, bucket)
            yield Call(Request("s3:GetObject", f"{arn}/{key}"), arn)
            # SageMaker asks for it only where the object is missing: to say "not found" instead of "denied".
            yield Call(Request("s3:ListBucket", arn, {"s3:prefix": key}), arn, needed=False)
            yield from _decrypts_objects(rehearsal, bucket)
    for endpoint in endpoints_by_model(rehearsal).get(model["ModelName"], []):
        yield from (Call(*needed) for needed in batch_functions.model_requests(rehearsal, endpoint))
        group = stack_queries.arn(rehearsal, "logs", f"log-group:/aws/sagemaker/Endpoints/{endpoint}")
        yield from (_call(group, action) for action in WRITE_LOGS)
    if model.get("VpcConfig"):
        yield from (_call("*", action) for action in JOIN_NETWORK)


@cached_query
def endpoints_by_model(rehearsal: Rehearsal) -> dict[str, list[str]]:
    """Names of the stack's endpoints, by the model that they serve."""
    endpoints: dict[str, list[str]] = {}
    names = [record.id for record in rehearsal.of_type("aws:sagemaker/endpoint:Endpoint")]
    for name in (*names, *sleeping_endpoints.configurations(rehearsal)):
        for variant in stack_queries.endpoint_config(rehearsal, name)["ProductionVariants"]:
            endpoints.setdefault(variant["ModelName"], []).append(name)
    return endpoints


def _with_shell(rehearsal: Rehearsal) -> set[str]:
    """Task definitions of services with ECS Exec; moto's services do not tell, so the program's inputs are asked."""
    return {
        record.inputs["taskDefinition"]
        for record in rehearsal.of_type("aws:ecs/service:Service")
        if record.inputs.get("enableExecuteCommand")
    }


def _services_by_role(rehearsal: Rehearsal) -> dict[str, set[str]]:
    """Services by the role that a resource of theirs names."""
    services: dict[str, set[str]] = {}
    for record in rehearsal.resources:
        service = next((name for prefix, name in USERS.items() if record.type.startswith(prefix)), None)
        for text in texts(record.inputs) if service else ():
            if ":role/" in text:
                services.setdefault(text, set()).add(str(service))
    for record in rehearsal.of_type("aws:iam/role:Role"):
        for policy in managed_policies.attached(rehearsal, record.id).values():
            services.setdefault(record.outputs["arn"], set()).add(managed_policies.TAKEN_BY[policy])
    return services

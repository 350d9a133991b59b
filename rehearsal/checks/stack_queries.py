"""What the stack has in the account: its services, task definitions, load balancers, stores and subnets."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from region import Region
from rehearsal.checks.cached_query import Described, cached_query, paged
from rehearsal.engine.state import Record
from rehearsal.result import Rehearsal
from settings.releases import DEFAULT, RELEASES, Release

_PORTS = {"http": 80, "https": 443, "ldap": 389, "ldaps": 636}


def setting(rehearsal: Rehearsal, key: str) -> str:
    """A setting of the program, without its namespace; empty where it is not set."""
    return rehearsal.config.values.get(f"cvat:{key}") or ""


def release(rehearsal: Rehearsal) -> Release:
    """The release of CVAT that the stack runs."""
    return RELEASES.get(setting(rehearsal, "release"), DEFAULT)


def _with_adopted(rehearsal: Rehearsal, created: list[str], key: str) -> list[str]:
    """What the stack has created, and what a setting says that it uses beside that."""
    adopted = setting(rehearsal, key)
    return [*created, adopted] if adopted else created


@cached_query
def in_network(rehearsal: Rehearsal, operation: str, member: str) -> list[Described]:
    """All items of one of EC2's operations that are in the stack's VPC; for a program without one, in the account."""
    created = [record.id for record in rehearsal.of_type("aws:ec2/vpc:Vpc") if record.id]
    vpcs = _with_adopted(rehearsal, created, "vpcId")
    filters = {"Filters": [{"Name": "vpc-id", "Values": vpcs}]} if vpcs else {}
    return paged(rehearsal.client("ec2"), operation, member, **filters)


@cached_query
def services(rehearsal: Rehearsal) -> list[Described]:
    """The stack's ECS services."""
    ecs = rehearsal.client("ecs")
    return [
        service
        for record in rehearsal.of_type("aws:ecs/service:Service")
        for service in ecs.describe_services(cluster=record.id.split("/")[-2], services=[record.id])["services"]
    ]


@cached_query
def task_definition(rehearsal: Rehearsal, arn: str) -> Described | None:
    """A task definition by ARN, or None."""
    client = rehearsal.client("ecs")
    try:
        definition: Described = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    except client.exceptions.ClientError:
        return None
    return definition


@cached_query
def task_definitions(rehearsal: Rehearsal) -> list[tuple[Record, Described]]:
    """The stack's task definitions, each with its record."""
    definitions = []
    for record in rehearsal.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        definition = task_definition(rehearsal, record.outputs["arn"])
        if definition is not None:
            definitions.append((record, definition))
    return definitions


@cached_query
def tasks_that_ran(rehearsal: Rehearsal) -> list[Described]:
    """Tasks that were run once in the stack's clusters; moto starts none for services."""
    ecs, tasks = rehearsal.client("ecs"), list[Described]()
    for record in rehearsal.of_type("aws:ecs/cluster:Cluster"):
        for status in ("RUNNING", "STOPPED"):
            if arns := paged(ecs, "list_tasks", "taskArns", cluster=record.id, desiredStatus=status):
                tasks += ecs.describe_tasks(cluster=record.id, tasks=arns)["tasks"]
    return tasks


@cached_query
def private_subnets(rehearsal: Rehearsal) -> list[str]:
    """Ids of the subnets of tasks, stores and models, sorted."""
    ids: set[str] = set()
    for service in services(rehearsal):
        ids.update(service["networkConfiguration"]["awsvpcConfiguration"]["subnets"])
    for record in rehearsal.of_type("aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup"):
        ids.update(record.outputs["subnetIds"])
    ids.update(record.outputs["subnetId"] for record in rehearsal.of_type("aws:efs/mountTarget:MountTarget"))
    for record in rehearsal.of_type("aws:sagemaker/model:Model"):
        ids.update((record.outputs.get("vpcConfig") or {}).get("subnets", []))
    return sorted(ids)


@cached_query
def load_balancers(rehearsal: Rehearsal) -> list[Described]:
    """The load balancers that the stack uses: its own, or the one that it adopted."""
    client = rehearsal.client("elbv2")
    created = [record.id for record in rehearsal.of_type("aws:lb/loadBalancer:LoadBalancer")]
    arns = _with_adopted(rehearsal, created, "loadBalancerArn")
    return [client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0] for arn in arns]


@cached_query
def listeners(rehearsal: Rehearsal) -> list[Described]:
    """The listeners of these load balancers."""
    client = rehearsal.client("elbv2")
    return [
        listener
        for balancer in load_balancers(rehearsal)
        for listener in paged(client, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"])
    ]


@cached_query
def listener_rules(rehearsal: Rehearsal) -> list[tuple[Described, Described]]:
    """Each of their rules, after its listener; a listener's default is its last rule."""
    client = rehearsal.client("elbv2")
    return [
        (listener, rule)
        for listener in listeners(rehearsal)
        for rule in paged(client, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    ]


def proxy_port(rehearsal: Rehearsal) -> int:
    """Port of the HTTP proxy by which containers call; 0: there is none."""
    proxy = setting(rehearsal, "proxy")
    return port_of(urlsplit(proxy)) if proxy else 0


def called_ports(rehearsal: Rehearsal) -> set[int]:
    """Ports of a mail server and a directory, by the variables of the containers that run CVAT's server."""
    variables = [
        {variable["name"]: variable["value"] for variable in container.get("environment", [])}
        for _, definition in task_definitions(rehearsal)
        for container in definition["containerDefinitions"]
        if container.get("command") == ["web"]
    ]
    mail = {
        int(named.get("CVAT_SMTP_PORT") or (465 if named.get("CVAT_SMTP_ENCRYPTION") == "tls" else 587))
        for named in variables
        if "CVAT_SMTP_HOST" in named
    }
    return mail | {port_of(urlsplit(url)) for named in variables for url in named.get("CVAT_LDAP_URL", "").split()}


def listener_ports(rehearsal: Rehearsal) -> list[str]:
    """Ports on which the stack's load balancer listens."""
    return [str(listener["Port"]) for listener in listeners(rehearsal)]


def logs_people_in(rehearsal: Rehearsal) -> bool:
    """Whether the load balancer logs people in, for which it calls an identity provider itself."""
    return any(
        action["Type"] == "authenticate-oidc" for _, rule in listener_rules(rehearsal) for action in rule["Actions"]
    )


def allowed_cidrs(rehearsal: Rehearsal) -> list[str]:
    """The setting allowedCidrs."""
    return [str(cidr) for cidr in json.loads(setting(rehearsal, "allowedCidrs") or "[]")]


def database_identifiers(rehearsal: Rehearsal) -> list[str]:
    """Of the instances that the stack uses, its own and the one that it adopted."""
    created = [record.outputs["identifier"] for record in rehearsal.of_type("aws:rds/instance:Instance")]
    return _with_adopted(rehearsal, created, "dbInstanceId")


def mount_targets(rehearsal: Rehearsal) -> list[Described]:
    """Mount targets that the stack uses, its own and those of the file system that it adopted."""
    client = rehearsal.client("efs")
    created = [record.id for record in rehearsal.of_type("aws:efs/fileSystem:FileSystem")]
    return [
        target
        for system in sorted(set(_with_adopted(rehearsal, created, "fileSystemId")))
        for target in paged(client, "describe_mount_targets", "MountTargets", FileSystemId=system)
    ]


@cached_query
def sagemaker_models(rehearsal: Rehearsal) -> list[tuple[Record, Described]]:
    """The stack's SageMaker models, each with its record."""
    client = rehearsal.client("sagemaker")
    return [
        (record, client.describe_model(ModelName=record.id))
        for record in rehearsal.of_type("aws:sagemaker/model:Model")
    ]


def arn(rehearsal: Rehearsal, service: str, rest: str) -> str:
    """An ARN of the account in the stack's region."""
    return Region(rehearsal.region).arn(service, rest, account=rehearsal.account.id)


def bucket_arn(rehearsal: Rehearsal, name: str) -> str:
    """Of a bucket, or of what is in it."""
    return Region(rehearsal.region).arn("s3", name, region="")


@cached_query
def bucket_keys(rehearsal: Rehearsal, bucket: str) -> list[str]:
    """Keys of the customer's that encrypt a bucket's objects."""
    client = rehearsal.client("s3")
    try:
        rules = client.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    except client.exceptions.ClientError:
        return []  # another account's bucket, or one without a rule
    defaults = [rule["ApplyServerSideEncryptionByDefault"] for rule in rules]
    return [default["KMSMasterKeyID"] for default in defaults if "KMSMasterKeyID" in default]


@cached_query
def endpoint_config(rehearsal: Rehearsal, endpoint: str) -> Described:
    """The configuration that a SageMaker endpoint has."""
    client = rehearsal.client("sagemaker")
    name = client.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    described: Described = client.describe_endpoint_config(EndpointConfigName=name)
    return described


@cached_query
def gateway_targets(rehearsal: Rehearsal) -> dict[str, Described]:
    """By function, where the gateway calls it (SERVERLESS_ENDPOINTS)."""
    variables = [
        variable
        for _, definition in task_definitions(rehearsal)
        for container in definition["containerDefinitions"]
        for variable in container.get("environment", [])
    ]
    texts = [variable["value"] for variable in variables if variable["name"] == "SERVERLESS_ENDPOINTS"]
    targets: dict[str, Described] = {}
    for text in texts:
        with suppress(ValueError):  # that it is no JSON is what the gateway says, which is started with it
            targets |= json.loads(text)
    return targets


def has_batch_functions(rehearsal: Rehearsal) -> bool:
    """Whether some function's endpoint may be asleep."""
    return any("batch" in target for target in gateway_targets(rehearsal).values())


def model_containers(model: Described) -> list[Described]:
    """The containers of a SageMaker model."""
    return list(model.get("Containers") or [model["PrimaryContainer"]])


def port_of(address: SplitResult) -> int:
    """An address's port, where it has none the scheme's own; 0: unknown."""
    return address.port or _PORTS.get(address.scheme, 0)

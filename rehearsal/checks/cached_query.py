"""Questions that several checks put to the account."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import SplitResult

from rehearsal.engine.state import Record
from rehearsal.result import Rehearsal, Verdict

Thing = dict[str, Any]
"""Something as a describe call shows it."""

P = ParamSpec("P")
T = TypeVar("T")

_PORTS = {"http": 80, "https": 443}

_answers: dict[tuple[Any, ...], Any] | None = None
"""While all checks are asked one after the other: what the account has answered. Between two checks nothing changes."""


@contextmanager
def remembering() -> Iterator[None]:
    """Ask each question once until the block ends."""
    global _answers  # noqa: PLW0603  (only one account can be open in a process)
    _answers = {}
    try:
        yield
    finally:
        _answers = None


def question(ask: Callable[Concatenate[Rehearsal, P], T], /) -> Callable[Concatenate[Rehearsal, P], T]:
    """A function of the rehearsal and plain arguments whose answer is remembered."""

    @functools.wraps(ask)
    def asked(rehearsal: Rehearsal, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if _answers is None:
            return ask(rehearsal, *args, **kwargs)
        key = (ask, rehearsal.stack, args, tuple(sorted(kwargs.items())))
        if key not in _answers:
            _answers[key] = ask(rehearsal, *args, **kwargs)
        answer: T = _answers[key]
        return answer

    return asked


def verdict(name: str, findings: list[str], seen: int) -> Verdict:
    """Holds if something was looked at and nothing was found."""
    if not seen:
        findings = [*findings, "There was nothing to look at, so nothing is proved."]
    return Verdict(name, not findings, tuple(findings), seen)


def tag(thing: Thing, key: str) -> str:
    """One tag of a thing, or empty."""
    return next((one["Value"] for one in thing.get("Tags", []) if one["Key"] == key), "")


def paged(client: Any, operation: str, member: str, **parameters: Any) -> list[Thing]:
    """All items of an operation, over all its pages where it has pages."""
    if not client.can_paginate(operation):
        return list(getattr(client, operation)(**parameters)[member])
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page[member]]


@question
def in_network(rehearsal: Rehearsal, operation: str, member: str) -> list[Thing]:
    """All items of one of EC2's operations that are in the stack's VPC; a program without one: in the account."""
    given = rehearsal.config.values.get("cvat:vpcId")
    vpcs = [record.id for record in rehearsal.of_type("aws:ec2/vpc:Vpc") if record.id] + ([given] if given else [])
    filters = {"Filters": [{"Name": "vpc-id", "Values": vpcs}]} if vpcs else {}
    return paged(rehearsal.client("ec2"), operation, member, **filters)


@question
def services(rehearsal: Rehearsal) -> list[Thing]:
    """The stack's ECS services."""
    ecs = rehearsal.client("ecs")
    found = []
    for record in rehearsal.of_type("aws:ecs/service:Service"):
        cluster = record.id.split("/")[-2]
        found += ecs.describe_services(cluster=cluster, services=[record.id])["services"]
    return found


@question
def task_definition(rehearsal: Rehearsal, arn: str) -> Thing | None:
    """A task definition by ARN, or None."""
    client = rehearsal.client("ecs")
    try:
        found: Thing = client.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    except client.exceptions.ClientError:
        return None
    return found


@question
def task_definitions(rehearsal: Rehearsal) -> list[tuple[Record, Thing]]:
    """The stack's task definitions, each with its record."""
    listed = []
    for record in rehearsal.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        found = task_definition(rehearsal, record.outputs["arn"])
        if found is not None:
            listed.append((record, found))
    return listed


@question
def tasks_that_ran(rehearsal: Rehearsal) -> list[Thing]:
    """Tasks that somebody ran once in the stack's clusters; moto starts none for services."""
    ecs, found = rehearsal.client("ecs"), []
    for record in rehearsal.of_type("aws:ecs/cluster:Cluster"):
        arns = paged(ecs, "list_tasks", "taskArns", cluster=record.id)
        if arns:
            found += ecs.describe_tasks(cluster=record.id, tasks=arns)["tasks"]
    return found


@question
def private_subnets(rehearsal: Rehearsal) -> dict[str, str]:
    """Ids of the subnets in which something private stands, each with one thing that does."""
    found: dict[str, str] = {}
    for service in services(rehearsal):
        for subnet in service["networkConfiguration"]["awsvpcConfiguration"]["subnets"]:
            found.setdefault(subnet, f"service {service['serviceName']}")
    for record in rehearsal.of_type("aws:rds/subnetGroup:SubnetGroup", "aws:elasticache/subnetGroup:SubnetGroup"):
        for subnet in record.outputs["subnetIds"]:
            found.setdefault(subnet, f"subnet group {record.name}")
    for record in rehearsal.of_type("aws:efs/mountTarget:MountTarget"):
        found.setdefault(record.outputs["subnetId"], f"mount target {record.name}")
    for record in rehearsal.of_type("aws:sagemaker/model:Model"):
        for subnet in (record.outputs.get("vpcConfig") or {}).get("subnets", []):
            found.setdefault(subnet, f"model {record.name}")
    return found


@question
def balancers(rehearsal: Rehearsal) -> list[str]:
    """ARNs of the load balancers that the stack uses: its own, or the one that it was given."""
    made = [record.id for record in rehearsal.of_type("aws:lb/loadBalancer:LoadBalancer")]
    given = rehearsal.config.values.get("cvat:loadBalancerArn")
    return [*made, given] if given else made


@question
def listeners(rehearsal: Rehearsal) -> list[Thing]:
    """The listeners of these load balancers."""
    client = rehearsal.client("elbv2")
    found = [paged(client, "describe_listeners", "Listeners", LoadBalancerArn=arn) for arn in balancers(rehearsal)]
    return [listener for some in found for listener in some]


@question
def listener_rules(rehearsal: Rehearsal) -> list[tuple[Thing, Thing]]:
    """Each of their rules, after its listener; a listener's default is its last rule."""
    client = rehearsal.client("elbv2")
    return [
        (listener, rule)
        for listener in listeners(rehearsal)
        for rule in paged(client, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
    ]


def port_of(address: SplitResult) -> int:
    """An address's port, where it has none the scheme's own; 0: unknown."""
    return address.port or _PORTS.get(address.scheme, 0)

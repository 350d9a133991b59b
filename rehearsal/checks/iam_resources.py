"""The resources that permissions are about, by service: all of the account's, and such as another stack would have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from region import Region
from rehearsal.aws.iam_evaluator import Request
from rehearsal.checks.cached_query import cached_query, paged
from rehearsal.result import Rehearsal

ACCESS_POINT = "elasticfilesystem:AccessPointArn"

MOST = 50
"""Neighbours of a kind that are tried; in an account of twenty stacks not all need to be."""

OTHER_ACCOUNT = "210987654321"
_ACCOUNT = 4
"""Which part of an ARN is the account; the part before is the region."""


def request(action: str, resource: str, context: Mapping[str, str] | None = None) -> Request:
    """A call as IAM is asked about it: a stream of a log group, an object of a bucket, else the resource itself."""
    if action.startswith("logs:"):
        return Request(action, f"{resource}:log-stream:any/any/any", dict(context or {}))
    if action == "s3:GetObject":
        return Request(action, f"{resource}/any/object", dict(context or {}))
    if action == "s3:ListBucket":
        return Request(action, resource, {"s3:prefix": "", **(context or {})})
    return Request(action, resource, dict(context or {}))


def access_point_request(action: str, file_system: str, point: str) -> Request:
    """A call of a file system through an access point; none without a point."""
    context = {"aws:SecureTransport": "true"} | ({ACCESS_POINT: point} if point else {})
    return Request(action, file_system, context)


def _listed(service: str, operation: str, member: str, key: str) -> Callable[[Rehearsal], list[str]]:
    """One attribute of all items of a list."""
    return lambda rehearsal: [item[key] for item in paged(rehearsal.client(service), operation, member)]


def _log_groups(rehearsal: Rehearsal) -> list[str]:
    groups = paged(rehearsal.client("logs"), "describe_log_groups", "logGroups")
    return [group["arn"].removesuffix(":*") for group in groups]


def _buckets(rehearsal: Rehearsal) -> list[str]:
    names = [bucket["Name"] for bucket in rehearsal.client("s3").list_buckets()["Buckets"]]
    return [Region(rehearsal.region).arn("s3", name, region="") for name in names]


def _task_definitions(rehearsal: Rehearsal) -> list[str]:
    return paged(rehearsal.client("ecs"), "list_task_definitions", "taskDefinitionArns")  # type: ignore[return-value]


KINDS: Mapping[str, Callable[[Rehearsal], list[str]]] = {
    "secretsmanager": _listed("secretsmanager", "list_secrets", "SecretList", "ARN"),
    "logs": _log_groups,
    "ecr": _listed("ecr", "describe_repositories", "repositories", "repositoryArn"),
    "sagemaker": _listed("sagemaker", "list_endpoints", "Endpoints", "EndpointArn"),
    "s3": _buckets,
    "kms": _listed("kms", "list_keys", "Keys", "KeyArn"),
    "iam": _listed("iam", "list_roles", "Roles", "Arn"),
    "ecs": _task_definitions,
}
"""By the service of an action: ARNs of all resources of that kind."""


@cached_query
def all_of_kind(rehearsal: Rehearsal, service: str) -> list[str]:
    """ARNs of all resources that the account has of a kind."""
    return KINDS[service](rehearsal)


@cached_query
def access_points(rehearsal: Rehearsal) -> dict[str, str]:
    """ARN of each access point -> ARN of its file system."""
    client = rehearsal.client("efs")
    systems = {
        system["FileSystemId"]: system["FileSystemArn"]
        for system in paged(client, "describe_file_systems", "FileSystems")
    }
    points = client.describe_access_points()["AccessPoints"]
    return {point["AccessPointArn"]: systems[point["FileSystemId"]] for point in points}


def neighbours(rehearsal: Rehearsal, action: str, own: Sequence[str]) -> Iterator[Request]:
    """The same call on what is not one's own: the account's other resources of that kind, and invented ones."""
    service = action.partition(":")[0]
    if service == "elasticfilesystem":
        yield from _other_points(rehearsal, action, set(own))
        return
    if service == "cloudwatch":
        namespaces = ("AWS/ECS", f"{own[0]}x")
        yield from (Request(action, "*", {"cloudwatch:namespace": namespace}) for namespace in namespaces)
        return
    if service == "ecs" and action != "ecs:RunTask":
        yield from (request(action, other) for task in own for other in _of_another_cluster(task))
        return
    if service not in KINDS:
        return
    others = [arn for arn in all_of_kind(rehearsal, service) if arn not in own]
    for arn in [*others[:MOST], *(other for resource in own[:MOST] for other in alike(resource))]:
        yield request(action, arn)


def alike(arn: str) -> list[str]:
    """ARNs that differ from this one in its end, its region or its account."""
    parts = arn.split(":")
    others = [f"{arn}x"]
    if parts[_ACCOUNT]:
        others.append(":".join([*parts[:_ACCOUNT], OTHER_ACCOUNT, *parts[_ACCOUNT + 1 :]]))
    if region := parts[_ACCOUNT - 1]:
        others.append(":".join([*parts[: _ACCOUNT - 1], other_region(region), *parts[_ACCOUNT:]]))
    return others


def other_region(region: str) -> str:
    """The name of another region of the same partition, whether AWS has it or not."""
    return re.sub(r"\d+$", lambda number: str(int(number[0]) + 1), region)


def _of_another_cluster(task: str) -> Iterator[str]:
    start, cluster, name = task.split("/")
    yield f"{start}/{cluster}x/{name}"
    yield from (other for other in alike(task) if not other.startswith(task))


def _other_points(rehearsal: Rehearsal, action: str, own: set[str]) -> Iterator[Request]:
    """Other access points, the file systems without one (their root), and points of another file system."""
    points = access_points(rehearsal)
    for point, system in list(points.items())[:MOST]:
        if point not in own:
            yield access_point_request(action, system, point)
        else:
            yield access_point_request(action, f"{system}x", point)
            yield access_point_request(action, system, "")

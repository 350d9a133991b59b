"""The things that permissions are about, by kind: all of the account's, and such as another stack would have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from region import Region
from rehearsal.aws.iam_evaluator import Request
from rehearsal.checks import cached_query
from rehearsal.result import Rehearsal

ACCESS_POINT = "elasticfilesystem:AccessPointArn"

MOST = 50
"""Neighbours of a kind that are tried; in an account of twenty stacks not all need to be."""

OTHER_ACCOUNT = "210987654321"
_ACCOUNT = 4
"""Which part of an ARN is the account; the part before is the region."""


def request(action: str, unit: str, context: Mapping[str, str] | None = None) -> Request:
    """A call as IAM is asked about it: a stream of a log group, an object of a bucket, else the thing itself."""
    if action.startswith("logs:"):
        return Request(action, f"{unit}:log-stream:any/any/any", dict(context or {}))
    if action == "s3:GetObject":
        return Request(action, f"{unit}/any/object", dict(context or {}))
    if action == "s3:ListBucket":
        return Request(action, unit, {"s3:prefix": "", **(context or {})})
    return Request(action, unit, dict(context or {}))


def access_point_request(action: str, system: str, point: str) -> Request:
    """A call of a file system through an access point; none without a point."""
    context = {"aws:SecureTransport": "true"} | ({ACCESS_POINT: point} if point else {})
    return Request(action, system, context)


def _secrets(rehearsal: Rehearsal) -> list[str]:
    return [one["ARN"] for one in cached_query.paged(rehearsal.client("secretsmanager"), "list_secrets", "SecretList")]


def _log_groups(rehearsal: Rehearsal) -> list[str]:
    found = cached_query.paged(rehearsal.client("logs"), "describe_log_groups", "logGroups")
    return [one["arn"].removesuffix(":*") for one in found]


def _repositories(rehearsal: Rehearsal) -> list[str]:
    found = cached_query.paged(rehearsal.client("ecr"), "describe_repositories", "repositories")
    return [one["repositoryArn"] for one in found]


def _endpoints(rehearsal: Rehearsal) -> list[str]:
    return [
        one["EndpointArn"] for one in cached_query.paged(rehearsal.client("sagemaker"), "list_endpoints", "Endpoints")
    ]


def _buckets(rehearsal: Rehearsal) -> list[str]:
    partition = Region(rehearsal.region).partition
    return [f"arn:{partition}:s3:::{one['Name']}" for one in rehearsal.client("s3").list_buckets()["Buckets"]]


def _keys(rehearsal: Rehearsal) -> list[str]:
    return [one["KeyArn"] for one in cached_query.paged(rehearsal.client("kms"), "list_keys", "Keys")]


def _roles(rehearsal: Rehearsal) -> list[str]:
    return [one["Arn"] for one in cached_query.paged(rehearsal.client("iam"), "list_roles", "Roles")]


def _definitions(rehearsal: Rehearsal) -> list[str]:
    return cached_query.paged(rehearsal.client("ecs"), "list_task_definitions", "taskDefinitionArns")  # type: ignore[return-value]


KINDS: Mapping[str, Callable[[Rehearsal], list[str]]] = {
    "secretsmanager": _secrets,
    "logs": _log_groups,
    "ecr": _repositories,
    "sagemaker": _endpoints,
    "s3": _buckets,
    "kms": _keys,
    "iam": _roles,
    "ecs": _definitions,
}
"""By the service of an action: ARNs of all that the account has."""


@cached_query.question
def everything(rehearsal: Rehearsal, service: str) -> list[str]:
    """ARNs of all that the account has of a kind."""
    return KINDS[service](rehearsal)


@cached_query.question
def access_points(rehearsal: Rehearsal) -> dict[str, str]:
    """ARN of each access point -> ARN of its file system."""
    client = rehearsal.client("efs")
    systems = {
        one["FileSystemId"]: one["FileSystemArn"]
        for one in cached_query.paged(client, "describe_file_systems", "FileSystems")
    }
    points = client.describe_access_points()["AccessPoints"]
    return {one["AccessPointArn"]: systems[one["FileSystemId"]] for one in points}


def neighbours(rehearsal: Rehearsal, action: str, own: Sequence[str]) -> Iterator[Request]:
    """The same call on what is not one's own: the account's other things of that kind, and invented ones."""
    service = action.partition(":")[0]
    if service == "elasticfilesystem":
        yield from _other_points(rehearsal, action, set(own))
        return
    if service == "cloudwatch":
        yield from (Request(action, "*", {"cloudwatch:namespace": other}) for other in ("AWS/ECS", f"{own[0]}x"))
        return
    if service == "ecs" and action != "ecs:RunTask":
        yield from (request(action, other) for one in own for other in _of_another_cluster(one))
        return
    if service not in KINDS:
        return
    others = [unit for unit in everything(rehearsal, service) if unit not in own]
    for unit in [*others[:MOST], *(other for one in own[:MOST] for other in alike(one))]:
        yield request(action, unit)


def alike(arn: str) -> list[str]:
    """ARNs that differ from one in its end, its region or its account."""
    parts = arn.split(":")
    found = [f"{arn}x"]
    if parts[_ACCOUNT]:
        found.append(":".join([*parts[:_ACCOUNT], OTHER_ACCOUNT, *parts[_ACCOUNT + 1 :]]))
    if parts[_ACCOUNT - 1]:
        found.append(":".join([*parts[: _ACCOUNT - 1], "eu-central-1", *parts[_ACCOUNT:]]))
    return found


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

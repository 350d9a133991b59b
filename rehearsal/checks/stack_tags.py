"""Everything that can carry tags carries the stack's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policy.rules.tags import missing_tags
from rehearsal.checks.cached_query import verdict
from rehearsal.engine.state import Record
from rehearsal.errors import MissingHandlerError
from rehearsal.result import Rehearsal, Verdict

NAME = "Every taggable thing has the stack's tags"

Client = Callable[[str], Any]
Reader = Callable[[Client, Record], Any]

READERS: dict[str, Reader] = {
    "aws:ec2/": lambda client, record: client("ec2").describe_tags(
        Filters=[{"Name": "resource-id", "Values": [record.id]}]
    )["Tags"],
    "aws:rds/": lambda client, record: client("rds").list_tags_for_resource(ResourceName=record.outputs["arn"])[
        "TagList"
    ],
    "aws:elasticache/": lambda client, record: client("elasticache").list_tags_for_resource(
        ResourceName=record.outputs["arn"]
    )["TagList"],
    "aws:efs/": lambda client, record: client("efs").list_tags_for_resource(ResourceId=record.id)["Tags"],
    "aws:secretsmanager/": lambda client, record: client("secretsmanager").describe_secret(SecretId=record.id)["Tags"],
    "aws:kms/": lambda client, record: client("kms").list_resource_tags(KeyId=record.id)["Tags"],
    "aws:ecr/": lambda client, record: client("ecr").list_tags_for_resource(resourceArn=record.outputs["arn"])["tags"],
    "aws:s3/bucket:": lambda client, record: client("s3").get_bucket_tagging(Bucket=record.id)["TagSet"],
    "aws:s3/bucketObjectv2:": lambda client, record: client("s3").get_object_tagging(
        Bucket=record.outputs["bucket"], Key=record.outputs["key"]
    )["TagSet"],
    "aws:iam/": lambda client, record: client("iam").list_role_tags(RoleName=record.id)["Tags"],
    "aws:cloudwatch/logGroup:": lambda client, record: client("logs").list_tags_for_resource(
        resourceArn=record.outputs["arn"]
    )["tags"],
    "aws:cloudwatch/metricAlarm:": lambda client, record: client("cloudwatch").list_tags_for_resource(
        ResourceARN=record.outputs["arn"]
    )["Tags"],
    "aws:cloudwatch/eventRule:": lambda client, record: client("events").list_tags_for_resource(
        ResourceARN=record.outputs["arn"]
    )["Tags"],
    "aws:backup/": lambda client, record: client("backup").list_tags(ResourceArn=record.outputs["arn"])["Tags"],
    "aws:scheduler/": lambda client, record: client("scheduler").list_tags_for_resource(
        ResourceArn=record.outputs["arn"]
    )["Tags"],
    "aws:sns/": lambda client, record: client("sns").list_tags_for_resource(ResourceArn=record.id)["Tags"],
    "aws:ecs/": lambda client, record: client("ecs").list_tags_for_resource(resourceArn=record.outputs["arn"])["tags"],
    "aws:servicediscovery/": lambda client, record: client("servicediscovery").list_tags_for_resource(
        ResourceARN=record.outputs["arn"]
    )["Tags"],
    "aws:lb/": lambda client, record: client("elbv2").describe_tags(ResourceArns=[record.id])["TagDescriptions"][0][
        "Tags"
    ],
    "aws:sagemaker/": lambda client, record: client("sagemaker").list_tags(ResourceArn=record.outputs["arn"])["Tags"],
    "aws:acm/": lambda client, record: client("acm").list_tags_for_certificate(CertificateArn=record.id)["Tags"],
    "aws:wafv2/": lambda client, record: client("wafv2").list_tags_for_resource(ResourceARN=record.outputs["arn"])[
        "TagInfoForResource"
    ]["TagList"],
    "aws:appautoscaling/": lambda client, record: client("application-autoscaling").list_tags_for_resource(
        ResourceARN=record.outputs["arn"]
    )["Tags"],
}
"""By the beginning of the type token: how a resource's tags are read from the account."""

READERS["aws:vpc/"] = READERS["aws:ec2/"]


def read(rehearsal: Rehearsal, record: Record) -> dict[str, str]:
    """The tags that the account shows for a resource."""
    reader = next((reader for prefix, reader in READERS.items() if record.type.startswith(prefix)), None)
    if reader is None:
        raise MissingHandlerError(
            f"{record.type}: how its tags are read is not known; add it to rehearsal/checks/stack_tags.py."
        )
    answer = reader(rehearsal.client, record)
    if isinstance(answer, dict):
        return answer
    keys, values = ("Key", "key", "TagKey"), ("Value", "value", "TagValue")
    return {_first(pair, keys): _first(pair, values) for pair in answer}


def _first(pair: dict[str, str], names: tuple[str, ...]) -> str:
    """A tag's key or value, by whichever name the service uses."""
    return next(pair[name] for name in names if name in pair)


def tags(rehearsal: Rehearsal) -> Verdict:
    """The check: project, stack, and the provider's default tags, over which a resource's own ones win."""
    own, defaults = {"project": rehearsal.project, "stack": rehearsal.stack}, rehearsal.config.default_tags
    findings, seen = [], 0
    for record in rehearsal.resources:
        if record.tags is None:
            continue
        seen += 1
        required = {name: record.tags.get(name, value) for name, value in defaults.items()} | own
        problems = missing_tags(read(rehearsal, record), required)
        findings += [f"{record.type} '{record.name}': {problem}" for problem in problems]
    return verdict(NAME, findings, seen)

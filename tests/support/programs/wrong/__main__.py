"""One mistake at a time, chosen by the setting `what`."""

from collections.abc import Callable

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker


def refuse() -> None:
    raise ValueError("cvat:size is 'huge': it must be small or large. Set it to one of them.")


def stumble() -> None:
    known: dict[str, int] = {}
    known["missing"]


def twice() -> None:
    for _ in range(2):
        aws.sns.Topic("topic")


def long_name() -> None:
    aws.lb.TargetGroup("a-name-that-is-far-too-long-for-it", port=80)


CASES: dict[str, Callable[[], object]] = {
    "a type without handler": lambda: aws.dynamodb.Table("table", hash_key="id", attributes=[]),
    "an unknown function": lambda: aws.get_ip_ranges(services=["ec2"]),
    "an input nobody carries": lambda: aws.sns.Topic("topic", fifo_topic=True),
    "a mistyped value": lambda: aws.sns.Topic("topic", display_name=5),  # type: ignore[call-overload]
    "a missing context": lambda: docker.Image(
        "image", image_name="x:1", build=docker.DockerBuildArgs(context="nowhere", dockerfile="nowhere/Dockerfile")
    ),
    "an output as text": lambda: pulumi.export("text", f"{aws.sns.Topic('topic').arn}!"),
    "a message": refuse,
    "a bug": stumble,
    "one name twice": twice,
    "a name too long": long_name,
    "a lookup by id": lambda: aws.sns.Topic.get("topic", "arn:aws:sns:ap-northeast-1:123456789012:topic"),
}
CASES[pulumi.Config().require("what")]()

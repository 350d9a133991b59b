"""Nothing belongs to another partition, and nothing runs that is not pinned in the account's own kind of registry."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rules.model import Context, Thing, containers, rule, texts

SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}
"""DNS suffixes by partition (botocore's partitions.json)."""

ARN = re.compile(r"\barn:(aws[a-z-]*):[a-z0-9-]*")
HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(amazonaws\.com(?:\.cn)?)(?![a-z0-9.-]*[a-z0-9])")
PRINCIPALS = re.compile(r"(?:\.|^)(?:Service|iam:PassedToService|iam:AWSServiceName)(?:\[\d+\])?$")
"""Paths of service principals: <service>.amazonaws.com in every partition."""

IMAGE = re.compile(
    r"^(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.(?P<suffix>amazonaws\.com(?:\.cn)?)"
    r"/(?P<name>[a-z0-9._/-]+)@(?P<digest>sha256:[0-9a-f]{64})$"
)
"""An image of ECR, by digest."""


@rule("own-partition", "No input carries an ARN or a host name of another partition.")
def own_partition(thing: Thing, context: Context) -> Iterator[str]:
    """The rule. A build may download from anywhere, so docker.Image is left out."""
    if thing.type.startswith("docker:"):
        return
    for key, value in thing.inputs.items():
        if key == "__provider":
            continue
        for path, text in texts(value, key):
            if not PRINCIPALS.search(path):
                yield from (f"{path}: {problem}" for problem in foreign(text, context.partition))


def foreign(text: str, partition: str) -> Iterator[str]:
    """What in a text belongs to another partition than this one."""
    for found in ARN.finditer(text):
        if found.group(1) != partition:
            yield f"'{found.group(0)}' is an ARN of the partition {found.group(1)}; this is {partition}."
    own = SUFFIXES.get(partition, "amazonaws.com")
    for found in HOST.finditer(text):
        if found.group(1) != own:
            yield f"'{found.group(0)}' is a host name of another partition; this one's end in {own}."


@rule("images-by-digest", "Every container runs an image of ECR in this partition, by digest.")
def images_by_digest(thing: Thing, context: Context) -> Iterator[str]:
    """The rule."""
    for container in containers(thing):
        for problem in unfit(str(container["image"]), context.partition):
            yield f"container {container['name']} runs {problem}"


def unfit(image: str, partition: str) -> Iterator[str]:
    """What is wrong with the name of an image that is to run in a partition."""
    found = IMAGE.match(image)
    if not found or found["suffix"] != SUFFIXES.get(partition):
        yield (
            f"'{image}', which is no ECR image of this partition by digest: push it to ECR and name it as "
            "<repository>@sha256:<digest>."
        )

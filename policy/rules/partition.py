"""Inputs stay within the stack's partition; containers run images of ECR in that partition, by digest."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policy.rules.resource import Context, Resource, containers, rule, strings
from region import Region

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
def own_partition(resource: Resource, context: Context) -> Iterator[str]:
    """The rule. docker.Image is exempt: a build may download from anywhere."""
    if resource.type.startswith("docker:"):
        return
    for key, value in resource.inputs.items():
        if key == "__provider":
            continue
        for path, text in strings(value, key):
            if not PRINCIPALS.search(path):
                yield from (f"{path}: {problem}" for problem in foreign(text, context.region))


def foreign(text: str, region: Region) -> Iterator[str]:
    """Each ARN and host name in a text that belongs to another partition than the region's."""
    for arn in ARN.finditer(text):
        if arn.group(1) != region.partition:
            yield f"'{arn.group(0)}' is an ARN of the partition {arn.group(1)}; this is {region.partition}."
    for host in HOST.finditer(text):
        if host.group(1) != region.dns_suffix:
            yield (
                f"'{host.group(0)}' is a host name of another partition; those of {region.partition} end in "
                f"{region.dns_suffix}."
            )


@rule("images-by-digest", "Every container runs an image of ECR in this partition, by digest.")
def images_by_digest(resource: Resource, context: Context) -> Iterator[str]:
    """The rule."""
    for container in containers(resource):
        for problem in image_problems(str(container["image"]), context.region):
            yield f"container {container['name']} runs {problem}"


def image_problems(image: str, region: Region) -> Iterator[str]:
    """Why a container in this region must not run the image."""
    reference = IMAGE.match(image)
    if not reference or reference["suffix"] != region.dns_suffix:
        yield (
            f"'{image}', which is no ECR image of this partition by digest: push it to ECR and name it as "
            "<repository>@sha256:<digest>."
        )

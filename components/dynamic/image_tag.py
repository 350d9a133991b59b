"""ImageTag: a resource that decides under which tag an image is pushed, and whether ECR holds it already.

Tags are immutable and name their content, but two builds of the same content differ. An image that ECR holds is
therefore used as it is: after a rollback, from a second machine, and when a mirror is set back. The decision is kept
in the state, so that a run without changes gives `docker.Image` the same inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from botocore.exceptions import BotoCoreError, ClientError
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider, UpdateResult

from components.dynamic.aws_clients import aws_clients

INPUTS = ("repository", "content")


class ImageTagProvider(ResourceProvider):
    """Asks ECR when the content or the repository is another, or when the image has been deleted there."""

    serialize_as_secret_always = False

    def diff(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> DiffResult:
        changed = any(olds.get(key) != news.get(key) for key in INPUTS)
        return DiffResult(changes=changed or _is_lost(olds, news))

    def create(self, props: Mapping[str, Any]) -> CreateResult:
        return CreateResult(id_=str(props["repository"]), outs={**props, **_decision(props, str(props["content"]))})

    def update(self, _id: str, olds: Mapping[str, Any], news: Mapping[str, Any]) -> UpdateResult:
        content = str(news["content"])
        same = all(olds.get(key) == news.get(key) for key in INPUTS)
        return UpdateResult(outs={**news, **_decision(news, next_tag(content, str(olds["tag"])) if same else content)})


def next_tag(content: str, lost: str) -> str:
    """The tag after one whose image was deleted: the same tag would look to Pulumi as if it were still there."""
    number = lost.removeprefix(content).removeprefix("-")
    return f"{content}-{int(number or 1) + 1}"


def holds(ecr: Any, repository: str, tag: str) -> bool:
    """Whether the repository has an image with this tag."""
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True


def _decision(props: Mapping[str, Any], tag: str) -> dict[str, Any]:
    return {"tag": tag, "held": holds(aws_clients(props)("ecr"), str(props["repository"]), tag)}


def _is_lost(olds: Mapping[str, Any], props: Mapping[str, Any]) -> bool:
    try:
        return not holds(aws_clients(props)("ecr"), str(olds["repository"]), str(olds["tag"]))
    except (ClientError, BotoCoreError):
        return False  # a preview's credentials may not look, or the repository is gone with everything else


class ImageTag(Resource, module="cvat", name="ImageTag"):
    """The tag of an image, and whether ECR holds it already."""

    tag: pulumi.Output[str]
    held: pulumi.Output[bool]

    def __init__(
        self, name: str, props: Mapping[str, pulumi.Input[Any]], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """`props`: region, profile, repository (name), content (a digest of all that the build reads)."""
        super().__init__(ImageTagProvider(), name, {**props, "tag": props["content"], "held": False}, opts)

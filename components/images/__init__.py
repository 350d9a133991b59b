"""Images: built here, pushed to the account's own ECR, and referred to by digest.

What ECR holds already is not built again (components/dynamic/image_tag.py); docs/decisions/images.md says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker

from components import iam
from components.context import StackContext
from components.dynamic.image_tag import ImageTag
from components.images.build_context import PLACEHOLDER, Build, builds, content_tag
from region import Region
from settings import base_images
from settings.values import Mirrors

PLATFORM = "linux/amd64"
"""Fargate in China is not known to run ARM64."""
_IMAGES_KEPT = 20
_CHECKS_DATABASE = ("server", "upgrade")
"""Images that verify PostgreSQL's certificate."""


@dataclass(frozen=True)
class Image:
    """An image, and the repository to pull it from."""

    reference: pulumi.Output[str]
    """By digest."""
    repository_arn: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class ImagesArgs:
    context: StackContext
    names: Sequence[str]
    """The images that the stack needs, of `builds`."""
    mirrors: Mirrors
    """Where builds download from."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Of published images that a release's own are derived from, by name and tag."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Image -> reference by digest of one that is in ECR already. Default: all are built."""


class Images(pulumi.ComponentResource):
    """One ECR repository and one build for each image that is not in ECR already."""

    by_name: Mapping[str, Image]

    def __init__(self, name: str, args: ImagesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Images", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.by_name = {image: self._existing(image) or self._built(image) for image in args.names}
        self.register_outputs({name: image.reference for name, image in self.by_name.items()})

    def _existing(self, image: str) -> Image | None:
        reference = self._args.references.get(image)
        if not reference:
            return None
        return Image(pulumi.Output.from_input(reference), pulumi.Output.from_input(repository_arn(reference)))

    def _built(self, image: str) -> Image:
        args, build = self._args, builds(self._args.context.release)[image]
        repository = self._repository(image)
        build_args = args.mirrors.build_args() | self._base_image(image) | self._truststore(image)
        tag = ImageTag(
            f"{self._name}-{image}-tag",
            {
                **args.context.client_props,
                "repository": repository.name,
                "content": content_tag(build, build_args),
            },
            opts=self._child,
        )
        built = docker.Image(
            f"{self._name}-{image}",
            image_name=pulumi.Output.all(repository.repository_url, tag.tag, tag.held).apply(_image_name),
            build=tag.held.apply(lambda held: _build_args(PLACEHOLDER, {}) if held else _build_args(build, build_args)),
            skip_push=tag.held,
            build_on_preview=False,
            registry=self._login(repository),
            opts=self._child,
        )
        # The provider's own digest comes from the local image store: wrong where that store keeps another manifest.
        pushed = aws.ecr.get_image_output(
            repository_name=repository.name, image_tag=tag.tag, opts=pulumi.InvokeOutputOptions(depends_on=[built])
        )
        return Image(pulumi.Output.concat(repository.repository_url, "@", pushed.image_digest), repository.arn)

    def _base_image(self, image: str) -> dict[str, str]:
        """The published image that CVAT's own is derived from, where the release does not build it from source."""
        args = self._args
        return base_images.build_args(args.context.release, image, args.mirrors, args.digests)

    def _truststore(self, image: str) -> dict[str, str]:
        """CVAT's server verifies PostgreSQL's certificate, whose authorities differ between partitions."""
        return {"RDS_TRUSTSTORES": self._args.context.region.database_ca_bundle} if image in _CHECKS_DATABASE else {}

    def _repository(self, image: str) -> aws.ecr.Repository:
        name, args = f"{self._name}-{image}", self._args
        repository = aws.ecr.Repository(
            name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[
                {"encryption_type": "KMS" if args.context.key else "AES256", "kms_key": args.context.key}
            ],
            force_delete=not args.context.protect,
            # ECR cannot change the encryption of a repository; a replacement would not have the images in use. It
            # refuses to delete a repository that holds images: a switch to an existing image would end half-way.
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["encryption_configurations"],
                retain_on_delete=args.context.protect,
            ),
        )
        keep = {
            "rulePriority": 1,
            "description": f"keep the newest {_IMAGES_KEPT} images",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": _IMAGES_KEPT},
            "action": {"type": "expire"},
        }
        aws.ecr.LifecyclePolicy(
            name,
            repository=repository.name,
            policy=pulumi.Output.json_dumps({"rules": [keep]}),
            opts=self._child,
        )
        return repository

    def _login(self, repository: aws.ecr.Repository) -> docker.RegistryArgsDict:
        """A login for 12 hours. Its password is a secret, so neither state nor output shows it."""
        token = aws.ecr.get_authorization_token_output(registry_id=repository.registry_id)
        return {
            "server": repository.repository_url,
            "username": token.user_name,
            "password": pulumi.Output.secret(token.password),
        }


def _image_name(decision: Sequence[Any]) -> str:
    """Where the build is pushed to; a placeholder gets a name that no registry has."""
    url, tag, held = decision
    return f"cvat-in-ecr:{tag}" if held else f"{url}:{tag}"


def _build_args(build: Build, args: Mapping[str, str]) -> docker.DockerBuildArgs:
    return docker.DockerBuildArgs(context=build.context, dockerfile=build.dockerfile, platform=PLATFORM, args=args)


def repository_arn(reference: str) -> str:
    """The ARN of the repository of `<account>.dkr.ecr.<region>.<suffix>/<repository>@<digest>`."""
    registry, _, rest = reference.partition("/")
    account, _, _, region = registry.split(".")[:4]
    return Region(region).arn("ecr", f"repository/{rest.partition('@')[0]}", account=account)


def pull_statements(images: Sequence[Image]) -> list[iam.Statement]:
    """Permissions of an execution role to pull these, wherever in ECR they lie."""
    return iam.pull_images([image.repository_arn for image in images])

"""ECR."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from typing import Any

from moto.ecr.models import ECRBackend, Image, Repository
from moto.ecr.responses import ECRResponse

from rehearsal.aws.moto_patches.patch import (
    Client,
    RefusedError,
    after,
    before,
    moto_patch,
    refusal,
    replace,
    with_dns_suffix,
)

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def _manifest(number: int) -> str:
    return json.dumps({"mediaType": MANIFEST, "config": {"digest": f"sha256:{str(number) * 64}"}, "layers": []})


def _hashes_manifests(client: Client) -> bool:
    """The digest is that of the manifest's bytes, so that images with other configurations have others."""
    ecr = client("ecr")
    ecr.create_repository(repositoryName="images")
    manifests = {f"t{number}": _manifest(number) for number in (1, 2)}
    digests = [
        ecr.put_image(repositoryName="images", imageTag=tag, imageManifest=manifest)["image"]["imageId"]["imageDigest"]
        for tag, manifest in manifests.items()
    ]
    return digests == [f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}" for manifest in manifests.values()]


@moto_patch(_hashes_manifests)
def digests_of_images(stack: ExitStack) -> None:
    """An image's digest is its manifest's; moto hashes layers only, so that all images without layers are one.

    OCI distribution specification, "Digests".
    """

    def create_digest(self: Any) -> None:
        self._image_digest = f"sha256:{hashlib.sha256(self.image_manifest.encode()).hexdigest()}"

    replace(stack, Image, "_create_digest", create_digest)


def _names_its_registry(client: Client) -> bool:
    repository = client("ecr").create_repository(repositoryName="images")["repository"]
    (token,) = client("ecr").get_authorization_token()["authorizationData"]
    hosts = (repository["repositoryUri"].partition("/")[0], token["proxyEndpoint"])
    return all(host.endswith(".amazonaws.com.cn") for host in hosts)


@moto_patch(_names_its_registry)
def host_names_of_registries(stack: ExitStack) -> None:
    """moto's registries have names below amazonaws.com in every partition. botocore's partitions.json."""

    def repository(_: None, self: Any, *__: Any, **___: Any) -> None:
        self.uri = with_dns_suffix(self.uri, self.region_name)

    def token(answer: Any, self: Any) -> Any:
        for authorization in answer.result["authorizationData"]:
            authorization["proxyEndpoint"] = with_dns_suffix(authorization["proxyEndpoint"], self.region)
        return answer

    after(stack, Repository, "__init__", repository)
    after(stack, ECRResponse, "get_authorization_token", token)


def _refuses_to_move_a_tag(client: Client) -> bool:
    ecr, image = client("ecr"), {"repositoryName": "images", "imageTag": "t"}
    ecr.create_repository(repositoryName="images", imageTagMutability="IMMUTABLE")
    ecr.put_image(**image, imageManifest=_manifest(1))
    ecr.create_repository(repositoryName="mutable")
    other = {**image, "repositoryName": "mutable"}
    ecr.put_image(**other, imageManifest=_manifest(1))
    refusals = (
        refusal(ecr.put_image, **image, imageManifest=_manifest(2)),
        refusal(ecr.put_image, **image, imageManifest=_manifest(1)),
        refusal(ecr.put_image, **other, imageManifest=_manifest(2)),
    )
    return refusals == ("ImageTagAlreadyExistsException", "ImageAlreadyExistsException", "")


@moto_patch(_refuses_to_move_a_tag)
def immutable_tags(stack: ExitStack) -> None:
    """moto's error for a tag that exists in an immutable repository is another one, and depends on layers only.

    API reference, PutImage: ImageTagAlreadyExistsException.
    """

    def check(self: Any, repository_name: str, image_manifest: str, image_tag: str, *_: Any, **__: Any) -> None:
        repository = self.repositories.get(repository_name)
        if repository is None or not image_tag or not repository.image_tag_mutability.startswith("IMMUTABLE"):
            return
        digest = f"sha256:{hashlib.sha256(image_manifest.encode()).hexdigest()}"
        for image in repository.images:
            if image_tag in image.image_tags and image.get_image_digest() != digest:
                text = f"The image tag '{image_tag}' already exists in the '{repository_name}' repository"
                reason = "and cannot be overwritten because the repository is immutable."
                raise RefusedError("ImageTagAlreadyExistsException", f"{text} {reason}")

    before(stack, ECRBackend, "put_image", check)

"""docker.Image. Nothing is built: an image is known by a digest of all that a build would read, and of the builder."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from docker.utils.build import exclude_paths

from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType

BUILDER = "this machine"
"""Two machines that build the same files get two digests: times in layers and the builder's version differ."""
BUILD_INPUTS = {"args", "platform", "target", "builderVersion", "addHosts", "network", "cacheFrom"}


class Image(ResourceType, token="docker:index/image:Image"):
    """An image, as if built and pushed."""

    replace_on = frozenset()
    creation_is_put = True
    ignored = frozenset({"registry"})  # the login lasts twelve hours and is another each time
    provider_only: ClassVar = {
        "buildOnPreview": "says whether a preview builds",
        "registry": "credentials of the push; the address is checked through imageName",
    }

    def create(self, request: ResourceRequest) -> Attributes:
        build = request.inputs.take("build") or {}
        name = request.inputs.require("imageName")
        digest = build_digest(build if isinstance(build, dict) else {"context": build})
        if request.inputs.take("skipPush", False):
            reference = f"{name}@sha256:{digest}"
            return Attributes(name, {"imageName": name, "baseImageName": name, "repoDigest": reference})
        reference = _push(request, name, hashlib.sha256(f"{digest} {BUILDER}".encode()).hexdigest())
        return Attributes(reference, {"imageName": name, "baseImageName": name, "repoDigest": reference})

    def delete(self, request: ResourceRequest) -> None:
        """Nothing: the provider leaves what it has pushed."""

    def content(self, inputs: Mapping[str, Any]) -> dict[str, str]:
        """What the build context holds."""
        build = inputs.get("build")
        return {"build.context": build_digest(build)} if isinstance(build, Mapping) else {}


def build_files(context: Path, dockerfile: Path) -> Iterator[tuple[str, int, bytes]]:
    """Path, mode and content of every file that a build would read, in order; .dockerignore is respected."""
    specific = dockerfile.with_name(dockerfile.name + ".dockerignore")
    ignore = specific if specific.is_file() else context / ".dockerignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
    yield "Dockerfile", stat.S_IMODE(dockerfile.stat().st_mode), dockerfile.read_bytes()
    for relative in sorted(exclude_paths(str(context), patterns)):
        file = context / relative
        if file.is_file():
            yield Path(relative).as_posix(), stat.S_IMODE(file.stat().st_mode), file.read_bytes()


def build_digest(build: Mapping[str, Any]) -> str:
    """A digest, in hexadecimal, of everything that makes one image differ from another: files, arguments, platform."""
    rest = dict(build)
    context, dockerfile = Path(rest.pop("context", ".")), rest.pop("dockerfile", None)
    file = Path(dockerfile) if dockerfile else context / "Dockerfile"
    if not context.is_dir():
        raise RehearsalError(f"build.context: the folder '{context}' does not exist.")
    if not file.is_file():
        raise RehearsalError(f"build.dockerfile: the file '{file}' does not exist.")
    if extra := set(rest) - BUILD_INPUTS:
        raise RehearsalError(f"build: {', '.join(sorted(extra))} is not carried.")
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode())
    for name, mode, content in build_files(context, file):
        digest.update(f"\n{name}\n{mode:o}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def _push(request: ResourceRequest, name: str, digest: str) -> str:
    """Put a manifest that stands for the image into the account's repository; the reference by digest."""
    repository_url, _, tag = name.rpartition(":")
    host, _, repository = repository_url.partition("/")
    urls = [each["repositoryUri"] for each in request.call("ecr", "DescribeRepositories")["repositories"]]
    if repository_url not in urls:
        known = ", ".join(urls) or "none"
        raise RehearsalError(f"imageName: '{repository_url}' is no repository of this account. It has: {known}.")
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(digest),
                "digest": f"sha256:{digest}",
            },
            "layers": [],
        }
    )
    subject = {"repositoryName": repository}
    try:
        image = request.call("ecr", "PutImage", **subject, imageManifest=manifest, imageTag=tag)["image"]
        image_digest = image["imageId"]["imageDigest"]
    except request.client("ecr").exceptions.ImageAlreadyExistsException:  # the same manifest: a push goes through
        (details,) = request.call("ecr", "DescribeImages", **subject, imageIds=[{"imageTag": tag}])["imageDetails"]
        image_digest = details["imageDigest"]
    return f"{host}/{repository}@{image_digest}"

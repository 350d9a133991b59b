"""ECR and docker.Image. Nothing is built: an image is known by a digest of all that a build would read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docker.utils.build import exclude_paths

from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Made, Make, handles


@handles("aws:ecr/repository:Repository", tags=True, provider_only={"forceDelete": "used on deletion"})
def repository(make: Make) -> Made:
    """A repository for one image."""
    name = make.named(lower=True)
    renames = {"encryptionConfigurations": "encryptionConfiguration"}
    configurations = make.inputs.peek("encryptionConfigurations")
    if configurations:
        make.inputs.put("encryptionConfigurations", configurations[0])
    made = make.call("ecr", "CreateRepository", {"repositoryName": name}, renames=renames)["repository"]
    outputs = {
        "name": name,
        "arn": made["repositoryArn"],
        "repositoryUrl": made["repositoryUri"],
        "registryId": made["registryId"],
    }
    return Made(name, outputs)


@handles("aws:ecr/lifecyclePolicy:LifecyclePolicy")
def lifecycle_policy(make: Make) -> Made:
    """Which images are thrown away."""
    name = make.inputs.take("repository")
    renames = {"policy": "lifecyclePolicyText"}
    made = make.call("ecr", "PutLifecyclePolicy", {"repositoryName": name}, renames=renames)
    return Made(name, {"registryId": made.get("registryId", make.account.id)})


def build_files(context: Path, dockerfile: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that a build would read, by its path, in order; .dockerignore is respected as docker does."""
    ignore = context / ".dockerignore"
    own = dockerfile.with_name(dockerfile.name + ".dockerignore")
    ignore = own if own.is_file() else ignore
    patterns = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    patterns = [line.strip() for line in patterns if line.strip() and not line.strip().startswith("#")]
    yield "Dockerfile", dockerfile.read_bytes()
    for relative in sorted(exclude_paths(str(context), patterns)):
        file = context / relative
        if file.is_file():
            yield Path(relative).as_posix(), file.read_bytes()


def build_digest(build: dict[str, Any]) -> str:
    """A digest, in hexadecimal, of everything that makes one image differ from another: files, arguments, platform."""
    rest = dict(build)
    context, dockerfile = Path(rest.pop("context", ".")), rest.pop("dockerfile", None)
    file = Path(dockerfile) if dockerfile else context / "Dockerfile"
    if not context.is_dir():
        raise RehearsalError(f"build.context: the folder '{context}' does not exist.")
    if not file.is_file():
        raise RehearsalError(f"build.dockerfile: the file '{file}' does not exist.")
    known = {"args", "platform", "target", "builderVersion", "addHosts", "network", "cacheFrom"}
    if extra := set(rest) - known:
        raise RehearsalError(f"build: {', '.join(sorted(extra))} is not carried.")
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode())
    for name, content in build_files(context, file):
        digest.update(f"\n{name}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def _push(make: Make, name: str, source: str) -> str:
    """Put a manifest that stands for the image into the account's repository; its digest."""
    repository_url, _, tag = name.rpartition(":")
    host, _, repo = repository_url.partition("/")
    found = make.ask("ecr", "DescribeRepositories")["repositories"]
    if not any(one["repositoryUri"] == repository_url for one in found):
        known = ", ".join(one["repositoryUri"] for one in found) or "none"
        raise RehearsalError(f"imageName: '{repository_url}' is no repository of this account. It has: {known}.")
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(source),
                "digest": f"sha256:{source}",
            },
            "layers": [],
        }
    )
    try:
        image = make.ask("ecr", "PutImage", repositoryName=repo, imageManifest=manifest, imageTag=tag)["image"]
        digest: str = image["imageId"]["imageDigest"]
    except make.client("ecr").exceptions.ImageAlreadyExistsException:  # the same manifest: a push goes through
        (found,) = make.ask("ecr", "DescribeImages", repositoryName=repo, imageIds=[{"imageTag": tag}])["imageDetails"]
        digest = found["imageDigest"]
    return f"{host}/{repo}@{digest}"


@handles(
    "docker:index/image:Image",
    provider_only={
        "buildOnPreview": "says whether a preview builds",
        "registry": "credentials of the push; the address is checked through imageName",
    },
)
def image(make: Make) -> Made:
    """An image, as if built and pushed."""
    build = make.inputs.take("build") or {}
    name = make.inputs.require("imageName")
    source = build_digest(build if isinstance(build, dict) else {"context": build})
    if make.inputs.take("skipPush", False):
        return Made(name, {"imageName": name, "baseImageName": name, "repoDigest": f"{name}@sha256:{source}"})
    reference = _push(make, name, source)
    return Made(reference, {"imageName": name, "baseImageName": name, "repoDigest": reference})

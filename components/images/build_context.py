"""The input of an image build, and the tag that its content gives it. Reads files only."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
from docker.utils.build import exclude_paths

from settings.releases import Release

_TAG_LENGTH = 16


@dataclass(frozen=True)
class Build:
    """A build context and its Dockerfile, both relative to the program."""

    context: str
    dockerfile: str


_OURS = {
    "gateway": Build("serverless", "serverless/gateway/Dockerfile"),
    "canary": Build("cvatctl", "cvatctl/canary/Dockerfile"),
    "models": Build("serverless/models", "serverless/models/Dockerfile"),
}


def builds(release: Release) -> Mapping[str, Build]:
    """Of all images that a stack with this release may need."""
    return {**{image: Build("patches", dockerfile) for image, dockerfile in release.dockerfiles.items()}, **_OURS}


PLACEHOLDER = Build("components/images/placeholder", "components/images/placeholder/Dockerfile")
"""An empty image, built from nothing in place of one that ECR holds: `docker.Image` has no way not to build."""


def content_tag(build: Build, build_args: Mapping[str, str], root: Path = Path()) -> str:
    """A tag that changes exactly when the build's input does: Dockerfile, names, modes and content of files, arguments.

    Modes count, since COPY keeps them and pulumi-docker builds again where one differs: a checkout under another umask
    must not push other content under the same tag. Raises RunError where context or Dockerfile is missing.
    """
    folder, dockerfile = root / build.context, root / build.dockerfile
    for needed in (folder, dockerfile):
        if not needed.exists():
            raise pulumi.RunError(f"{needed} does not exist, but an image is built from it. Restore it from git.")
    digest = hashlib.sha256(repr(sorted(build_args.items())).encode() + dockerfile.read_bytes())
    for path in _files(folder, dockerfile):
        status = path.stat()
        name, mode = path.relative_to(folder).as_posix(), stat.S_IMODE(status.st_mode)
        digest.update(f"{name}\0{mode:o}\0{status.st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_TAG_LENGTH]


def _files(folder: Path, dockerfile: Path) -> Iterator[Path]:
    """The files that the builder sees: those that .dockerignore lets through, or that of the Dockerfile's own name.

    (Docker documentation, "Build context", "Filename and location", read 2026-11.)
    """
    own = dockerfile.with_name(f"{dockerfile.name}.dockerignore")
    ignore = own if own.exists() else folder / ".dockerignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.exists() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for relative in sorted(exclude_paths(str(folder), patterns)):
        if (folder / relative).is_file():
            yield folder / relative

"""The published images that a release's own are derived from: by digest, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from settings.errors import ConfigurationError
from settings.releases import Release
from settings.values import Mirrors

LOCK = Path("mirror/images.lock")
"""In the project's folder: lines of `name:tag digest`; `make lock-images` resolves a digest that is missing."""
_OFFICIAL = "/library"
"""Docker Hub's folder of the official images; those of others are beside it."""


def digests(folder: Path, own: Iterable[str] = ()) -> dict[str, str]:
    """Digests by name and tag: those that LOCK has in the folder, and `own`, name:tag@digest, which come first."""
    file = folder / LOCK
    lock = file.read_text(encoding="utf-8") if file.is_file() else ""
    return {**dict(_locked(lock)), **dict(_split(text) for text in own)}


def build_args(release: Release, image: str, mirrors: Mirrors, known: Mapping[str, str]) -> dict[str, str]:
    """Build arguments that name the published image which an image is derived from; none where it is built from source.

    A mirror in ECR is asked by tag: its tags cannot be moved, they were copied by digest, and a copy for one platform
    has another digest than the index that the lock names.
    """
    base = release.base_images.get(image)
    if base is None:
        return {}
    digest = "" if in_ecr(mirrors) else known.get(base.reference, "")
    registry = mirrors.base_registry.removesuffix(_OFFICIAL)
    return {"CVAT_REGISTRY": registry, base.argument: "@".join(filter(None, (base.reference, digest)))}


def check(release: Release, images: Iterable[str], mirrors: Mirrors, known: Mapping[str, str]) -> None:
    """Raise ConfigurationError where the registry could answer a build of these images with other content tomorrow."""
    references = [release.base_images[image].reference for image in images if image in release.base_images]
    missing = [reference for reference in references if reference not in known]
    if missing and not in_ecr(mirrors):
        raise ConfigurationError(
            [
                f"cvat:release = {release.name}: {LOCK} has no digest of {', '.join(missing)}, and what a tag means "
                "can change at any time. Run `make lock-images`, which asks the registry and writes the digests, and "
                "commit the file; or `make mirror-images REGION=...`, which also copies the images into your ECR. For "
                "this stack alone, name them in cvat:baseImageDigests."
            ]
        )


def in_ecr(mirrors: Mirrors) -> bool:
    """Whether base images come from a mirror in ECR, whose tags cannot be moved."""
    return ".dkr.ecr." in mirrors.base_registry


def _locked(lock: str) -> Iterator[tuple[str, str]]:
    for line in lock.splitlines():
        reference, _, digest = line.strip().partition(" ")
        if digest and not line.startswith("#"):
            yield reference, digest


def _split(text: str) -> tuple[str, str]:
    reference, _, digest = text.partition("@")
    return reference, digest

"""The published images that a release's own are derived from, as its Dockerfiles take them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from settings.releases import Release
from settings.values import Mirrors

LOCK = Path("mirror/images.lock")
"""Lines of `name:tag digest`; the digest is missing until `make mirror-images` has resolved it."""
_OFFICIAL = "/library"
"""Docker Hub's folder of the official images; those of others are beside it."""


def build_args(release: Release, image: str, mirrors: Mirrors, lock: str) -> dict[str, str]:
    """Build arguments that name the published image which an image is derived from; none where it is built from source.

    `lock`: the content of LOCK. A mirror in ECR is asked by tag: its tags cannot be moved, they were copied by digest,
    and a copy for one platform has another digest than the index that the lock names.
    """
    base = release.base_images.get(image)
    if base is None:
        return {}
    digest = "" if _in_ecr(mirrors) else dict(_digests(lock)).get(base.reference, "")
    registry = mirrors.base_registry.removesuffix(_OFFICIAL)
    return {"CVAT_REGISTRY": registry, base.argument: "@".join(filter(None, (base.reference, digest)))}


def moves(release: Release, image: str, mirrors: Mirrors, lock: str) -> bool:
    """Whether the registry could answer with other content tomorrow."""
    base = release.base_images.get(image)
    return base is not None and not _in_ecr(mirrors) and base.reference not in dict(_digests(lock))


def _in_ecr(mirrors: Mirrors) -> bool:
    return ".dkr.ecr." in mirrors.base_registry


def _digests(lock: str) -> Iterator[tuple[str, str]]:
    for line in lock.splitlines():
        reference, _, digest = line.strip().partition(" ")
        if digest and not line.startswith("#"):
            yield reference, digest

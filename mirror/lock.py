"""The lock file of the base images, and the base images of the repository's Dockerfiles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from mirror.errors import MirrorError

LOCK = Path(__file__).with_name("images.lock")
ROOT = LOCK.parent.parent
_LINE = re.compile(r"(?P<name>[a-z0-9/._-]+):(?P<tag>[\w.-]+)( (?P<digest>sha256:[0-9a-f]{64}))?")
_FROM = re.compile(r"^FROM\s+(?:--\S+\s+)*\$\{BASE_REGISTRY\}/(\S+)", re.MULTILINE)
_FROM_ARGUMENT = re.compile(r"^FROM\s+\$\{CVAT_REGISTRY\}/\$\{(\w+)\}", re.MULTILINE)
_DEFAULT = r"^ARG {}=(\S+)"
_NOT_SEARCHED = frozenset({".venv", ".git", "build", "node_modules"})


class Image(NamedTuple):
    """A base image by tag, and the digest that is copied; None: not resolved yet."""

    name: str
    tag: str
    digest: str | None

    @property
    def reference(self) -> str:
        """name:tag"""
        return f"{self.name}:{self.tag}"

    def address(self, source: str) -> str:
        """Registry and name at `source`. Docker Hub's own images are in `library`, those of others beside it."""
        return f"{source.removesuffix('/library') if '/' in self.name else source}/{self.name}"


def parse(text: str) -> list[Image]:
    """The images of a lock file, without comments and empty lines. Raises MirrorError."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    matches = [(line, _LINE.fullmatch(line.strip())) for line in lines]
    for line, match in matches:
        if match is None:
            raise MirrorError(f"{LOCK.name}: '{line}' is not 'name:tag sha256:digest' (or 'name:tag'). Correct it.")
    return [Image(match["name"], match["tag"], match["digest"]) for _, match in matches if match]


def with_digests(text: str, digests: Mapping[str, str]) -> str:
    """The lock file with these digests (by name:tag) at the end of their lines."""
    lines = [f"{line} {digests[line.strip()]}" if line.strip() in digests else line for line in text.splitlines()]
    return "\n".join(lines) + "\n"


def dockerfiles(root: Path = ROOT) -> list[Path]:
    """Every Dockerfile of the repository."""
    return sorted(
        path
        for path in root.rglob("*Dockerfile")
        if not _NOT_SEARCHED & set(path.relative_to(root).parts) and path.is_file()
    )


def base_images(files: Iterable[Path]) -> dict[str, list[Path]]:
    """Dockerfiles by the base image (name:tag) that they start from."""
    images: dict[str, list[Path]] = {}
    for file in files:
        for reference in _references(file.read_text(encoding="utf-8")):
            images.setdefault(reference, []).append(file)
    return images


def _references(dockerfile: str) -> list[str]:
    """name:tag after each FROM; an argument stands for its default."""
    named = [
        re.findall(_DEFAULT.format(name), dockerfile, re.MULTILINE)[0] for name in _FROM_ARGUMENT.findall(dockerfile)
    ]
    return [*_FROM.findall(dockerfile), *named]

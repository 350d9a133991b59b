"""The programs that can copy an image between registries, and what each wants to be told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

PLATFORM = "linux/amd64"  # what our Fargate tasks are
Commands = list[list[str]]


@dataclass(frozen=True)
class Tool:
    """`login` reads the password from standard input: an argument could be read by every process."""

    name: str
    login: Callable[[str], list[str]]
    copy: Callable[[str, str], Commands]


def _skopeo_copy(source: str, target: str) -> Commands:
    system, architecture = PLATFORM.split("/")
    override = ["--override-os", system, "--override-arch", architecture]
    return [["skopeo", *override, "copy", f"docker://{source}", f"docker://{target}"]]


def _docker_copy(source: str, target: str) -> Commands:
    return [
        ["docker", "pull", "--platform", PLATFORM, source],
        ["docker", "tag", source, target],
        ["docker", "push", target],
    ]


TOOLS = (
    Tool(
        "crane",
        lambda registry: ["crane", "auth", "login", registry, "--username", "AWS", "--password-stdin"],
        lambda source, target: [["crane", "copy", "--platform", PLATFORM, source, target]],
    ),
    Tool(
        "skopeo",
        lambda registry: ["skopeo", "login", registry, "--username", "AWS", "--password-stdin"],
        _skopeo_copy,
    ),
    Tool(
        "docker",
        lambda registry: ["docker", "login", registry, "--username", "AWS", "--password-stdin"],
        _docker_copy,
    ),
)


def find(which: Callable[[str], str | None] = shutil.which) -> Tool | None:
    """The first that is installed; crane and skopeo need no daemon and copy without unpacking."""
    return next((tool for tool in TOOLS if which(tool.name)), None)

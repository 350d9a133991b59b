"""The programs that copy an image between registries, and their command lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass

PLATFORM = "linux/amd64"
"""Platform of the stack's Fargate tasks."""
Commands = list[list[str]]


@dataclass(frozen=True)
class Tool:
    """One program."""

    name: str
    login: Callable[[str], list[str]]
    """Command that logs in to a registry. It reads the password from standard input, because every process can read the
    arguments of a command."""
    copy: Callable[[str, str], Commands]
    """Commands that copy a source to a target."""
    digest: Callable[[str], Commands]
    """Commands of which the last prints the digest of a tag."""


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
        lambda tag: [["crane", "digest", tag]],
    ),
    Tool(
        "skopeo",
        lambda registry: ["skopeo", "login", registry, "--username", "AWS", "--password-stdin"],
        _skopeo_copy,
        lambda tag: [["skopeo", "inspect", "--no-tags", "--format", "{{.Digest}}", f"docker://{tag}"]],
    ),
    Tool(
        "docker",
        lambda registry: ["docker", "login", registry, "--username", "AWS", "--password-stdin"],
        _docker_copy,
        lambda tag: [
            ["docker", "pull", "--quiet", "--platform", PLATFORM, tag],
            ["docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", tag],
        ],
    ),
)


def find(which: Callable[[str], str | None] = shutil.which) -> Tool | None:
    """The first tool that is installed. crane and skopeo need no daemon, and copy without unpacking."""
    return next((tool for tool in TOOLS if which(tool.name)), None)

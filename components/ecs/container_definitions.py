"""Container definitions of ECS as dictionaries, whose values may be outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

_HEALTH_TIMES = {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 30}
"""Seconds, but for the number of retries."""

SCRATCH_FOLDER = "/tmp"  # noqa: S108 - in a container, on a volume of its own


@dataclass(frozen=True, kw_only=True)
class LogTarget:
    """The log group of a container's output."""

    group: pulumi.Input[str]
    """Name of the log group."""
    region: str


@dataclass(frozen=True, kw_only=True)
class ContainerSpec:
    """One container of a task definition."""

    name: str
    image: pulumi.Input[str]
    """By digest."""
    logs: LogTarget
    entry_point: tuple[str, ...] = ()
    """Default: the image's own."""
    command: tuple[str, ...] = ()
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Plain values; never a secret."""
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Variable -> reference in Secrets Manager."""
    ports: tuple[int, ...] = ()
    mounts: Mapping[str, str] = field(default_factory=dict)
    """Volume -> path in the container."""
    read_only: frozenset[str] = frozenset()
    """Volumes that the container cannot write to."""
    scratch: bool = False
    """Whether it writes to /tmp, which is then a volume of its own; the image says `VOLUME /tmp`."""
    after: str | None = None
    """Start only when this container has ended with exit code 0."""
    starts_after: tuple[str, ...] = ()
    """Start only when these containers have. ECS stops them in the opposite order."""
    health: tuple[str, ...] = ()
    """Command that exits with 0 while the container is healthy. Default: none; the load balancer checks, or nothing."""
    essential: bool = True
    """Whether the task stops when this container does."""
    stop_seconds: int = 30

    @property
    def scratch_volume(self) -> str:
        """Name of the volume at /tmp."""
        return f"{self.name}-tmp"


def definition(spec: ContainerSpec, *, writable_root: bool = False) -> dict[str, Any]:
    """The container definition of `RegisterTaskDefinition`.

    `writable_root`: ECS Exec's agent writes into the container (ECS developer guide, "Using ECS Exec": read-only root
    file systems are not supported, read 2026-11).
    """
    mounts = [
        {"sourceVolume": volume, "containerPath": path, "readOnly": volume in spec.read_only}
        for volume, path in sorted(spec.mounts.items())
    ]
    if spec.scratch:
        mounts.append({"sourceVolume": spec.scratch_volume, "containerPath": SCRATCH_FOLDER, "readOnly": False})
    result: dict[str, Any] = {
        "name": spec.name,
        # An init process passes SIGTERM on, also to a program that is still importing and has no handler yet.
        "linuxParameters": {"initProcessEnabled": True},
        "image": spec.image,
        "readonlyRootFilesystem": not writable_root,
        "essential": spec.essential,
        "environment": [{"name": name, "value": value} for name, value in sorted(spec.environment.items())],
        "secrets": [{"name": name, "valueFrom": value} for name, value in sorted(spec.secrets.items())],
        "stopTimeout": spec.stop_seconds,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": spec.logs.group,
                "awslogs-region": spec.logs.region,
                "awslogs-stream-prefix": spec.name,
            },
        },
        "mountPoints": mounts,
    }
    if spec.entry_point:
        result["entryPoint"] = list(spec.entry_point)
    if spec.command:
        result["command"] = list(spec.command)
    if spec.health:
        result["healthCheck"] = {"command": ["CMD", *spec.health], **_HEALTH_TIMES}
    if spec.ports:
        result["portMappings"] = [{"containerPort": port, "hostPort": port, "protocol": "tcp"} for port in spec.ports]
    if dependencies := list(_dependencies(spec)):
        result["dependsOn"] = dependencies
    return result


def _dependencies(spec: ContainerSpec) -> Iterator[dict[str, str]]:
    if spec.after:
        yield {"containerName": spec.after, "condition": "SUCCESS"}
    for container in spec.starts_after:
        yield {"containerName": container, "condition": "START"}

"""Plain values that say how large things are and how many there are. Decided before any resource exists."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class TaskSize:
    """A Fargate task's size, and how many of it run."""

    cpu: int
    """CPU units; 1024 are one virtual CPU."""
    memory: int
    """MiB."""
    count: int
    """Tasks, and the least where their number follows the load."""
    max_count: int = 0
    """Tasks at most. Default, and whatever is not above count: their number is fixed."""

    @property
    def scales(self) -> bool:
        return self.max_count > self.count

    @property
    def asleep(self) -> TaskSize:
        """The same without a task."""
        return replace(self, count=0, max_count=0)


@dataclass(frozen=True, kw_only=True)
class DatabaseSize:
    """An RDS instance."""

    instance_class: str
    """Such as db.m6g.xlarge."""
    storage_gb: int
    """GB at the start."""
    max_storage_gb: int
    """GB to which the storage grows by itself; equal to storage_gb: it does not grow."""
    multi_az: bool
    """Whether a standby in another zone takes over."""
    backup_days: int
    """Days that automated backups are kept."""
    engine_version: str
    """PostgreSQL major or full version."""


@dataclass(frozen=True, kw_only=True)
class CacheSize:
    """An ElastiCache replication group."""

    node_type: str
    """Such as cache.r6g.large."""
    replicas: int
    """Nodes that can take over; 0: a single node without failover."""
    engine_version: str
    """Redis version."""


@dataclass(frozen=True, kw_only=True)
class StoreSizes:
    """What the stores were made as."""

    database: DatabaseSize
    cache: CacheSize


@dataclass(frozen=True, kw_only=True)
class Notifications:
    """Who is told of alarms."""

    topic_arn: str = ""
    """An existing topic. Default: a new, encrypted one."""
    email: str = ""
    """Who is subscribed to the new topic. Default: nobody."""


@dataclass(frozen=True, kw_only=True)
class EndpointSize:
    """A SageMaker endpoint's variant."""

    instance_type: str
    """Such as ml.c5d.xlarge."""
    count: int
    """Instances at the start and at least."""
    max_count: int
    """Instances at most; equal to count: no automatic scaling."""


@dataclass(frozen=True, kw_only=True)
class AddressPlan:
    """The address ranges of a new VPC: one public and one private subnet in each of three zones."""

    vpc_cidr: str
    public_cidrs: tuple[str, ...]
    private_cidrs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """Where image builds download from; what is given here becomes the build arguments of every Dockerfile."""

    base_registry: str
    apt: str
    pypi: str
    npm: str
    cvat_repository: str

    def build_args(self) -> dict[str, str]:
        """Build arguments by the names that the Dockerfiles declare."""
        return {
            "BASE_REGISTRY": self.base_registry,
            "APT_MIRROR": self.apt,
            "PIP_INDEX_URL": self.pypi,
            "NPM_REGISTRY": self.npm,
            "CVAT_REPOSITORY": self.cvat_repository,
        }


_FARGATE_MEMORY_GB = {
    256: (0.5, 1, 2),
    512: (1, 2, 3, 4),
    1024: tuple(range(2, 9)),
    2048: tuple(range(4, 17)),
    4096: tuple(range(8, 31)),
    8192: tuple(range(16, 61, 4)),
    16384: tuple(range(32, 121, 8)),
}
"""Sizes that Fargate accepts (ECS developer guide, "Task CPU and memory", read 2026-11)."""


def fargate_size_problem(cpu: int, memory: int) -> str | None:
    """Why Fargate refuses this size (CPU units, MiB), or None where it takes it."""
    if cpu not in _FARGATE_MEMORY_GB:
        return f"Fargate's CPU sizes are {', '.join(map(str, _FARGATE_MEMORY_GB))} units"
    sizes = [int(gb * 1024) for gb in _FARGATE_MEMORY_GB[cpu]]
    if memory in sizes:
        return None
    return f"with {cpu} CPU units Fargate takes {sizes[0]} to {sizes[-1]} MiB in the steps {', '.join(map(str, sizes))}"

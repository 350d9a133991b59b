"""What components receive: how large things are, how many there are, what exists already. Plain, frozen values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from settings.ingress_options import IngressOptions
from settings.office_hours import OfficeHours
from settings.releases import Release


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
class Notifications:
    """Where alarms are sent."""

    topic_arn: str = ""
    """An existing topic. Default: a new, encrypted one."""
    email: str = ""
    """Mail address that is subscribed to the new topic. Default: none."""


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
class BatchEndpointSize:
    """The variant of a SageMaker endpoint that sleeps while nobody uses it."""

    instance_type: str
    least: int
    """Instances while nobody uses it: 0 or 1."""
    max_count: int
    """Instances at most."""
    recreated: bool
    """Whether it is a real-time endpoint that the gateway deletes and creates again."""


@dataclass(frozen=True, kw_only=True)
class AddressPlan:
    """The address ranges of a new VPC: one public and one private subnet in each of three zones."""

    vpc_cidr: str
    public_cidrs: tuple[str, ...]
    private_cidrs: tuple[str, ...]


_ALWAYS_DIRECT = ("localhost", "127.0.0.1", "169.254.169.254", "169.254.170.2")
"""The task itself, EC2's metadata, ECS's credentials and metadata."""
_PROXY_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy by which tasks call what is outside of the VPC."""

    url: str
    exceptions: tuple[str, ...] = ()
    """Hosts and domains that are called directly, besides those of the stack."""

    @property
    def port(self) -> int:
        address = urlsplit(self.url)
        return address.port or _PROXY_PORTS[address.scheme]

    def environment(self, direct: Iterable[str]) -> dict[str, str]:
        """Variables for a container that calls these hosts directly, too."""
        hosts = dict.fromkeys((*_ALWAYS_DIRECT, *direct, *self.exceptions))
        return {"HTTP_PROXY": self.url, "HTTPS_PROXY": self.url, "NO_PROXY": ",".join(hosts)}


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """Where image builds download from, and whom they trust; each becomes a build argument of every Dockerfile."""

    certificate_authorities: str = ""
    """PEM of authorities to trust besides the public ones."""
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
            "PIP_TRUSTED_HOST": self._trusted_host,
            "NPM_REGISTRY": self.npm,
            "CVAT_REPOSITORY": self.cvat_repository,
            "CA_CERTIFICATES": self.certificate_authorities.strip(),
        }

    @property
    def _trusted_host(self) -> str:
        """pip refuses an index without TLS unless it is to trust the host. The lock's hashes protect the packages."""
        address = urlsplit(self.pypi)
        return address.netloc.rpartition("@")[2] if address.scheme == "http" else ""


_FARGATE_MEMORY_GB = {
    256: (0.5, 1, 2),
    512: (1, 2, 3, 4),
    1024: tuple(range(2, 9)),
    2048: tuple(range(4, 17)),
    4096: tuple(range(8, 31)),
    8192: tuple(range(16, 61, 4)),
    16384: tuple(range(32, 121, 8)),
}
"""Sizes that Fargate accepts
(https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html, read 2026-11)."""


def fargate_size_problem(cpu: int, memory: int) -> str | None:
    """Why Fargate refuses this size (CPU units, MiB), or None where it takes it."""
    if cpu not in _FARGATE_MEMORY_GB:
        return f"Fargate's CPU sizes are {', '.join(map(str, _FARGATE_MEMORY_GB))} units"
    sizes = [int(gb * 1024) for gb in _FARGATE_MEMORY_GB[cpu]]
    if memory in sizes:
        return None
    return f"with {cpu} CPU units Fargate takes {sizes[0]} to {sizes[-1]} MiB in the steps {', '.join(map(str, sizes))}"


_OWN_BACKUP_HOURS_BEFORE = 3
_MAINTENANCE_HOURS_AFTER = 6
_MAINTENANCE_HOURS_BEFORE = 2
"""Where the database runs by day only: between its own backup and the plan's."""
START_MINUTES = 60
"""Within which AWS Backup starts all of a plan's backups; the least that it takes."""
COMPLETION_MINUTES = 480
"""Within which they must end; then they count as failed."""


@dataclass(frozen=True, kw_only=True)
class BackupTimes:
    """Times of all backups and of the maintenance, around an hour of the day, so that they do not overlap.

    AWS Backup starts no backup of a database from an hour before its maintenance or its own backup (AWS Backup
    developer guide, "Amazon RDS", read 2026-11). So RDS's own backup ends two hours before the plan starts, and
    maintenance comes hours later. Default: for a database that runs day and night.
    """

    hour: int = 18
    """UTC."""
    days: str = ""
    """Days (UTC) on which the database runs, in the words of a cron expression. Default: all, day and night."""

    @property
    def plan_schedule(self) -> str:
        """The plan's schedule, in EventBridge's words."""
        return f"cron(0 {self.hour} {'? * ' + self.days if self.days else '* * ?'} *)"

    @property
    def own_backup_window(self) -> str:
        """RDS's daily window for the backups that point-in-time recovery starts from."""
        start = (self.hour - _OWN_BACKUP_HOURS_BEFORE) % 24
        return f"{start:02}:00-{start:02}:30"

    @property
    def maintenance_window(self) -> str:
        """RDS's weekly window for maintenance: on the weekend, or else on the last day on which the database runs."""
        if self.days:
            start, day = self.hour - _MAINTENANCE_HOURS_BEFORE, self.days.rpartition(",")[2].lower()
        else:
            start = self.hour + _MAINTENANCE_HOURS_AFTER
            day = "sun" if start >= 24 else "sat"  # noqa: PLR2004  (hours of a day)
        return f"{day}:{start % 24:02}:00-{day}:{start % 24:02}:30"


@dataclass(frozen=True, kw_only=True)
class StackPolicy:
    """What the settings, and by them the account, demand of everything in the stack."""

    release: Release
    """The CVAT that the stack runs."""
    protect: bool
    tags: Callable[[str, str], Mapping[str, str]]
    """From project and stack."""
    key_arn: str = ""
    """The customer's KMS key. Default: AWS's own keys."""
    boundary_arn: str = ""
    """IAM policy that bounds every role. Default: none."""
    proxy: Proxy | None = None
    """By which tasks call what is outside of the VPC. Default: directly."""
    own_authorities: bool = False
    """Whether images trust certificate authorities besides the public ones."""
    asleep: bool = False
    """Whether the stack sleeps until its operator sets `awake`."""
    hours: OfficeHours | None = None
    """Outside of which it sleeps by itself. Default: it never does."""


@dataclass(frozen=True, kw_only=True)
class DatabaseReference:
    """An existing database, as the configuration names it."""

    instance_id: str
    """Identifier of an RDS instance. Empty: the stack makes its own, and the rest is empty, too."""
    secret_arn: str = ""
    """Secret with `username` and `password`."""
    group_id: str = ""
    """Security group of the instance."""
    name: str = "cvat"
    """Database in the instance."""


@dataclass(frozen=True)
class FilesReference:
    """An existing file system, as the configuration names it."""

    file_system_id: str = ""
    """Empty: the stack makes its own."""
    group_id: str = ""
    """Security group of its mount targets. Empty: it has none, and the stack makes them."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancerReference:
    """An existing load balancer, as the configuration names it."""

    arn: str = ""
    """Empty: the stack makes its own."""
    group_id: str = ""
    """Security group of the load balancer."""
    internal: bool = False
    """What the settings say that it is."""


@dataclass(frozen=True, kw_only=True)
class AdoptedReferences:
    """All that exists already and is to be used; every part may be empty."""

    vpc_id: str
    public_subnet_ids: tuple[str, ...]
    private_subnet_ids: tuple[str, ...]
    aws_services: tuple[str, ...]
    """What tasks call, by the names of the interface endpoints."""
    snapshot: str
    """Identifier or ARN of an RDS snapshot, of which a new database is made."""
    database: DatabaseReference
    files: FilesReference
    balancer: LoadBalancerReference
    ingress: IngressOptions
    """For its hosted zone."""

"""What a release of CVAT consists of, and what each part needs: all that differs between releases is in this record.

CVAT's own images start many programs in one container. Here each is a task of its own, so that each scales, fails and
is replaced alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

DATA, SHARE = "data", "share"
"""The folders that tasks share."""
FOLDERS = {DATA: "/home/django/data", SHARE: "/home/django/share"}
"""Where CVAT's images expect them."""

GATEWAY_PORT = 8070
BATCH_PORT = 8071
"""Where calls wait for a function that is asleep."""
BATCH_SECONDS = 1500
"""How long the annotation worker waits for a batch function. A wake takes five to ten minutes; the gateway gives up at
95 % of this (serverless/README.md, BATCH_TIMEOUT_S)."""
GATEWAY_NAME = "serverless"
"""Its name in the stack's private namespace."""

METRICS_NAMESPACE = "CVAT"
"""CloudWatch namespace of the queues' metrics, with the dimensions Stack and Queue."""

OUTWARD = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")
"""Variables of a container that calls AWS, where there is a proxy or an authority of the operator's own."""

LONGEST_STOP_SECONDS = 120
"""ECS kills a Fargate container this long after SIGTERM at the latest (ECS developer guide, "stopTimeout")."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a task."""

    name: str
    image: str
    """Name of the image: one of the release's, or gateway."""
    command: tuple[str, ...] = ()
    """Arguments of the image's entry point. Default: the image's own."""
    health: tuple[str, ...] = ()
    """Command that ends with 0 while the container is well. ECS does not read the image's HEALTHCHECK."""
    scratch: bool = False
    """Whether it writes to /tmp. Its root file system is read-only."""
    variables: tuple[str, ...] = ("",)
    """Beginnings of the variables of its process that it gets. Default: all. Empty: none."""
    folders: tuple[str, ...] = (DATA, SHARE)
    """The shared folders that it sees, of a process that has the stores."""
    writes: bool = True
    """Whether it may write to the data folder; nothing writes to the share."""
    port: int | None = None
    """Port on which the load balancer or the gateway's clients reach it; one container of a task has one at most."""
    starts_after: tuple[str, ...] = ()
    """Containers of its task that start before it does. ECS stops them in the opposite order."""

    def gets(self, variable: str) -> bool:
        """Whether it gets a variable of its process."""
        return variable.startswith(self.variables)


@dataclass(frozen=True, kw_only=True)
class Process:
    """A kind of task that runs for as long as the stack is awake."""

    kind: str
    """Its name everywhere: service, log group, role, security group."""
    size: str
    """Which of the settings' task sizes it has: one for each process, or one that several have."""
    containers: tuple[Container, ...]
    """The first one is what the task is for."""
    edge: str
    """Name of its security group in the list of intended edges."""
    health_path: str = ""
    """What the load balancer asks for; it answers 200 without a login. Default: it has no target group."""
    stores: bool = False
    """Whether it uses PostgreSQL, both kinds of Redis and the file system."""
    calls_gateway: bool = False
    waits_for_functions: bool = False
    """Whether its calls of functions are whole tasks, which wait for a function that is asleep."""
    publishes_metrics: bool = False
    """Whether it sends the queues' metrics to CloudWatch."""
    interruptible: bool = False
    """Whether nothing is lost when AWS ends a task with two minutes' notice (Fargate Spot)."""
    stop_seconds: int = 30
    """Time between SIGTERM and SIGKILL."""
    queues: tuple[str, ...] = ()
    """Which of RQ's queues it works on, the most urgent first. While it has a job, its task asks ECS not to be
    stopped."""
    awaited: bool = False
    """Whether people wait for its jobs in front of their screens: seconds count, not minutes."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Variables that it has in every stack."""

    @property
    def listener(self) -> Container | None:
        """The container that has the port."""
        return next((container for container in self.containers if container.port), None)

    @property
    def port(self) -> int | None:
        """Port on which it is reached."""
        return self.listener.port if self.listener else None


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Paths that the server answers, all others being the UI's; as patterns of an ALB."""

    api: tuple[str, ...]
    """What programs call; CVAT takes a token there (`Authorization: Token ...`) instead of a session."""
    tokens: tuple[str, ...] = ("Token",)
    """Kinds of tokens, as the header names them."""
    admin: tuple[str, ...]
    """Pages for administrators: Django's own, and the job queues'."""
    server: tuple[str, ...]
    """All of them."""


_GATEWAY_HEALTH = (
    "/opt/gateway/bin/python",
    "-c",
    f"import urllib.request as r; r.urlopen('http://127.0.0.1:{GATEWAY_PORT}/healthz', timeout=4)",
)
GATEWAY = Process(
    kind="gateway",
    size="gateway",
    edge="gateway",
    containers=(Container(name="gateway", image="gateway", health=_GATEWAY_HEALTH, port=GATEWAY_PORT),),
    interruptible=True,
    stop_seconds=LONGEST_STOP_SECONDS,
)
"""Ours, and the same for every release: it speaks CVAT's side of Nuclio's interface of all of them."""


@dataclass(frozen=True)
class BaseImage:
    """A published image."""

    argument: str
    """Build argument that names it."""
    reference: str
    """Name and tag, as mirror/images.lock lists them."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release of CVAT."""

    name: str
    """As `cvat:release` names it."""
    version: str
    """Tag or commit of CVAT: what decides which migrations the database has."""
    processes: tuple[Process, ...]
    """CVAT's own kinds of task that run as services."""
    routes: Routes
    dockerfiles: Mapping[str, str]
    """Dockerfile of each of its images. The build context is the folder `patches`."""
    base_images: Mapping[str, BaseImage] = field(default_factory=dict)
    """The published image that an image of this release is derived from. Default: all are built from source."""
    media_cache: bool = False
    """Whether it keeps frames in a Redis of their own, from which they may be evicted."""
    upgrades: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Name of a release whose database it can take over -> images of the steps before its own migration."""

    @property
    def images(self) -> tuple[str, ...]:
        """Names of the images that its services run."""
        containers = [container for process in self.processes for container in process.containers]
        return tuple(dict.fromkeys(container.image for container in containers))

    @property
    def queues(self) -> tuple[str, ...]:
        """RQ's queues."""
        return tuple(queue for process in self.processes for queue in process.queues)

    @property
    def services(self) -> tuple[Process, ...]:
        """All kinds of task that run as services, the gateway included."""
        return (*self.processes, GATEWAY)

    def task_kinds(self, *, canary: bool) -> Iterator[str]:
        """All kinds of task that write logs, with the canary's where it runs."""
        yield from (process.kind for process in self.services)
        yield "init"
        if canary:
            yield "canary"

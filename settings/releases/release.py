"""What a release of CVAT consists of, and what each part needs: all that differs between releases is in this record.

CVAT's own images start many programs in one container. Here each is a task of its own, so that each scales, fails and
is replaced alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DATA_FOLDER = "/home/django/data"
SHARE_FOLDER = "/home/django/share"

GATEWAY_PORT = 8070
GATEWAY_NAME = "serverless"
"""Its name in the stack's private namespace."""

METRICS_NAMESPACE = "CVAT"
"""CloudWatch namespace of the queues' metrics, with the dimensions Stack and Queue."""

LONGEST_STOP_SECONDS = 120
"""ECS kills a Fargate container this long after SIGTERM at the latest (ECS developer guide, "stopTimeout")."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a task."""

    name: str
    image: str
    """Name of the image: server, ui, gateway or models."""
    command: tuple[str, ...] = ()
    """Arguments of the image's entry point. Default: the image's own."""
    health: tuple[str, ...] = ()
    """Command that ends with 0 while the container is well. ECS does not read the image's HEALTHCHECK."""
    scratch: bool = False
    """Whether it writes to /tmp. Its root file system is read-only."""
    variables: tuple[str, ...] = ()
    """Prefixes of the only variables that it gets; it has no volumes then. Default: all variables of the process."""

    def gets(self, variable: str) -> bool:
        """Whether it gets a variable of its process."""
        return not self.variables or variable.startswith(self.variables)


@dataclass(frozen=True, kw_only=True)
class Process:
    """A kind of task that runs for as long as the stack is awake."""

    kind: str
    """Its name everywhere: service, log group, role, security group."""
    size: str
    """Which of the settings' task sizes it has."""
    containers: tuple[Container, ...]
    edge: str
    """Name of its security group in the list of intended edges."""
    port: int | None = None
    """Port on which the load balancer or the gateway's clients reach it."""
    health_path: str = ""
    """What the load balancer asks for; it answers 200 without a login. Default: it has no target group."""
    stores: bool = False
    """Whether it uses PostgreSQL, Redis and the file system."""
    calls_gateway: bool = False
    publishes_metrics: bool = False
    """Whether it sends the queues' metrics to CloudWatch."""
    interruptible: bool = False
    """Whether nothing is lost when AWS ends a task with two minutes' notice (Fargate Spot)."""
    stop_seconds: int = 30
    """Time between SIGTERM and SIGKILL."""
    queue: str = ""
    """Which of RQ's queues it works on. While it has a job, its task asks ECS not to be stopped."""


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Paths that the server answers, all others being the UI's; as patterns of an ALB."""

    api: tuple[str, ...]
    """What programs call; CVAT takes a token there (`Authorization: Token ...`) instead of a session."""
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
    containers=(Container(name="gateway", image="gateway", health=_GATEWAY_HEALTH),),
    port=GATEWAY_PORT,
    interruptible=True,
    stop_seconds=LONGEST_STOP_SECONDS,
)
"""Ours, and the same for every release: it speaks CVAT's side of Nuclio's interface of all of them."""


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

    @property
    def queues(self) -> tuple[str, ...]:
        """RQ's queues."""
        return tuple(process.queue for process in self.processes if process.queue)

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

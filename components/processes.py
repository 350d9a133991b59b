"""Which processes CVAT at our commit consists of, and what each needs. Pure: no Pulumi resources.

CVAT's own image starts all of them in one container. Here each is a task of its own, so that each scales, fails and
is replaced alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

COMMIT = "c48411ae5014aac4441aa03da8944fbd4373b312"
"""CVAT between v1.5.0 and v1.6.0, 2021-08-11."""

SERVER_PORT = 8080
UI_PORT = 80
GATEWAY_PORT = 8070
GATEWAY_NAME = "serverless"
"""Its name in the stack's private namespace."""

ADMIN_PATHS = ("/admin*", "/django-rq*")
"""Pages for administrators: Django's own, and the job queues'."""
API_PATHS = ("/api/*",)
"""What programs call; CVAT takes a token there (`Authorization: Token ...`) instead of a session."""
SERVER_PATHS = (*API_PATHS, "/git/*", "/opencv/*", "/analytics/*", "/static/*", *ADMIN_PATHS, "/documentation/*")
"""Paths that the server answers, all others being the UI's."""

SERVER_HEALTH_PATH = "/api/v1/restrictions/user-agreements"
"""Answers 200 without a login, through the whole of Django."""

DATA_FOLDER = "/home/django/data"
SHARE_FOLDER = "/home/django/share"

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
    stores: bool = False
    """Whether it uses PostgreSQL, Redis and the file system."""
    calls_gateway: bool = False
    interruptible: bool = False
    """Whether nothing is lost when AWS ends a task with two minutes' notice (Fargate Spot)."""
    stop_seconds: int = 30
    """Time between SIGTERM and SIGKILL."""
    queue: str = ""
    """Which of RQ's queues it works on. While it has a job, its task asks ECS not to be stopped."""


_GATEWAY_HEALTH = (
    "/opt/gateway/bin/python",
    "-c",
    f"import urllib.request as r; r.urlopen('http://127.0.0.1:{GATEWAY_PORT}/healthz', timeout=4)",
)


def _server_image(kind: str, *command: str) -> Container:
    return Container(name=kind, image="server", command=command)


QUEUES = ("default", "low")
"""RQ's queues in CVAT: creation, import and export; auto-annotation."""
METRICS_NAMESPACE = "CVAT"
"""CloudWatch namespace of the queues' metrics, with the dimensions Stack and Queue."""
_QUEUE_METRICS = Container(
    name="queue-metrics",
    image="server",
    command=("queue-metrics",),
    variables=("AWS_", "CVAT_REDIS_", "CVAT_STACK"),
)

SERVER = Process(
    kind="server",
    size="server",
    edge="server",
    containers=(_server_image("server", "web"),),
    port=SERVER_PORT,
    stores=True,
    calls_gateway=True,
)
WORKER = Process(
    kind="worker",
    size="worker",
    edge="worker",
    containers=(_server_image("worker", "worker", "default"),),
    stores=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queue="default",
)
ANNOTATION_WORKER = Process(
    kind="annotation-worker",
    size="annotation_worker",
    edge="worker",
    containers=(_server_image("annotation-worker", "worker", "low"),),
    stores=True,
    calls_gateway=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queue="low",
)
SCHEDULER = Process(
    kind="scheduler",
    size="scheduler",
    edge="worker",
    # CVAT's update_git_states is left out: linked repositories need an SSH agent, which tasks cannot share.
    # The queues' metrics are published from here because this service always has exactly one task: a service of its
    # own would cost another task, and two publishers would count everything twice.
    containers=(_server_image("scheduler", "scheduler"), _QUEUE_METRICS),
    stores=True,
)
UI = Process(
    kind="ui",
    size="ui",
    edge="ui",
    containers=(Container(name="ui", image="ui"),),
    port=UI_PORT,
    interruptible=True,
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

PROCESSES = (SERVER, WORKER, ANNOTATION_WORKER, SCHEDULER, UI, GATEWAY)
"""All kinds of task that run as services."""


def task_kinds(*, canary: bool) -> tuple[str, ...]:
    """All kinds of task that write logs, with the canary's where it runs."""
    return (*(process.kind for process in PROCESSES), "init", *(("canary",) if canary else ()))


def service_environment(base_url: pulumi.Input[str], gateway_host: str | None) -> dict[str, pulumi.Input[str]]:
    """What the services read on top: their public address, and the gateway where there is one."""
    serverless: Mapping[str, pulumi.Input[str]] = (
        {"CVAT_SERVERLESS": "yes", "CVAT_NUCLIO_HOST": gateway_host, "CVAT_NUCLIO_PORT": str(GATEWAY_PORT)}
        if gateway_host
        else {"CVAT_SERVERLESS": "no"}
    )
    return {"CVAT_BASE_URL": base_url, **serverless}

"""CVAT between v1.5.0 and v1.6.0, 2021-08-11: what aws-samples/cvat-on-aws-china deploys."""

from __future__ import annotations

from settings.releases.release import LONGEST_STOP_SECONDS, OUTWARD, Container, Process, Release, Routes

_API = ("/api/*",)
_ADMIN = ("/admin*", "/django-rq*")
_HEALTH = "/api/v1/restrictions/user-agreements"
"""Answers 200 without a login, through the whole of Django."""


def _server_image(kind: str, *command: str, port: int | None = None) -> Container:
    return Container(name=kind, image="server", command=command, port=port, scratch=True)


_QUEUE_METRICS = Container(
    name="queue-metrics",
    image="server",
    command=("queue-metrics",),
    variables=("AWS_", "CVAT_REDIS_", "CVAT_STACK", *OUTWARD),
    folders=(),
)
_SERVER = Process(
    kind="server",
    size="server",
    edge="server",
    containers=(_server_image("server", "web", port=8080),),
    health_path=_HEALTH,
    stores=True,
    calls_gateway=True,
)
_WORKER = Process(
    kind="worker",
    size="worker",
    edge="worker",
    containers=(_server_image("worker", "worker", "default"),),
    stores=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queues=("default",),
)
"""Creation, import and export."""
_ANNOTATION_WORKER = Process(
    kind="annotation-worker",
    size="annotation_worker",
    edge="worker",
    containers=(_server_image("annotation-worker", "worker", "low"),),
    stores=True,
    calls_gateway=True,
    waits_for_functions=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queues=("low",),
)
_SCHEDULER = Process(
    kind="scheduler",
    size="scheduler",
    edge="worker",
    # CVAT's update_git_states is left out: linked repositories need an SSH agent, which tasks cannot share.
    # The queues' metrics are published from here because this service always has exactly one task: a service of its
    # own would cost another task, and two publishers would count everything twice.
    containers=(_server_image("scheduler", "scheduler"), _QUEUE_METRICS),
    stores=True,
    publishes_metrics=True,
)
_UI = Process(
    kind="ui",
    size="ui",
    edge="ui",
    containers=(Container(name="ui", image="ui", port=80, scratch=True),),
    health_path="/",
    interruptible=True,
)

C48411AE = Release(
    name="c48411ae",
    version="c48411ae5014aac4441aa03da8944fbd4373b312",
    dockerfiles={"server": "patches/server.Dockerfile", "ui": "patches/ui.Dockerfile"},
    processes=(_SERVER, _WORKER, _ANNOTATION_WORKER, _SCHEDULER, _UI),
    routes=Routes(
        api=_API,
        admin=_ADMIN,
        server=(*_API, "/git/*", "/opencv/*", "/analytics/*", "/static/*", *_ADMIN, "/documentation/*"),
    ),
)

"""CVAT's current line, 2.x. A newer version of it is a change of this file: version, base images, and what moved.

Processes, queues and commands: docker-compose.yml and backend_entrypoint.sh of the version below.
"""

from __future__ import annotations

from settings.releases.release import (
    DATA,
    LONGEST_STOP_SECONDS,
    OUTWARD,
    BaseImage,
    Container,
    Process,
    Release,
    Routes,
)

_VERSION = "v2.73.0"
"""2026-08-12."""
_OPA_VERSION = "1.12.2"
"""What docker-compose.yml of that version runs."""
_UPGRADE_VERSION = "v2.48.0"
"""The last version that has the migrations from before 2.0."""
_HEALTH = "/cvat-aws/health"
"""Ours (patches/v2): CVAT's own page fails for everybody where one store is slow, and counts as an anonymous call."""
_CHUNK_STOP_SECONDS = 60
"""Making a chunk of frames takes seconds."""

_API = ("/api/*",)
_ADMIN = ("/admin*", "/django-rq*")

_SMOKESCREEN = Container(
    name="smokescreen",
    image="server",
    command=("smokescreen",),
    scratch=True,
    variables=("SMOKESCREEN_",),
    folders=(),
)
"""The proxy that keeps addresses inside the network, such as that of the task's credentials, from users' URLs."""
_OPA = Container(
    name="opa",
    image="opa",
    # It takes the rules from CVAT itself, which answers on this port inside the task (patches/v2).
    command=(
        "run",
        "--server",
        "--addr=127.0.0.1:8181",
        "--log-level=error",
        "--set=services.cvat.url=http://127.0.0.1:8081",
        "--set=bundles.cvat.service=cvat",
        "--set=bundles.cvat.resource=/api/auth/rules",
        "--set=bundles.cvat.polling.min_delay_seconds=5",
        "--set=bundles.cvat.polling.max_delay_seconds=15",
    ),
    variables=(),
    folders=(),
)
"""Decides who may do what. CVAT asks it at every call, so it runs beside each server."""
_FRONT = Container(
    name="front",
    image="server",
    command=("front",),
    scratch=True,
    variables=("CVAT_WEB_",),
    folders=(DATA,),
    writes=False,
    port=8080,
)
"""nginx: takes uploads, sends files."""
_WEB = Container(
    name="server", image="server", command=("web",), scratch=True, starts_after=("front", "opa", "smokescreen")
)
"""uvicorn. It ends before nginx, by which it answers its last calls."""


def _worker(kind: str, *queues: str) -> tuple[Container, ...]:
    worker = Container(
        name=kind, image="server", command=("worker", *queues), scratch=True, starts_after=("smokescreen",)
    )
    return worker, _SMOKESCREEN


_SERVER = Process(
    kind="server",
    size="server",
    edge="server",
    containers=(_WEB, _FRONT, _OPA, _SMOKESCREEN),
    health_path=_HEALTH,
    stores=True,
    calls_gateway=True,
    stop_seconds=LONGEST_STOP_SECONDS,
)
_CHUNKS = Process(
    kind="chunks",
    size="chunks",
    edge="worker",
    containers=_worker("chunks", "chunks"),
    stores=True,
    stop_seconds=_CHUNK_STOP_SECONDS,
    queues=("chunks",),
    awaited=True,
)
"""Makes the frames that people look at: the server waits 50 s for it, then answers 429."""
_IMPORT = Process(
    kind="import",
    size="worker",
    edge="worker",
    containers=_worker("import", "import"),
    stores=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queues=("import",),
)
_EXPORT = Process(
    kind="export",
    size="worker",
    edge="worker",
    containers=_worker("export", "export"),
    stores=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queues=("export",),
)
_ANNOTATION = Process(
    kind="annotation",
    size="annotation_worker",
    edge="worker",
    containers=_worker("annotation", "annotation"),
    stores=True,
    calls_gateway=True,
    waits_for_functions=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queues=("annotation",),
)
_REST_QUEUES = ("webhooks", "notifications", "quality_reports", "consensus", "cleaning")
_REST = Process(
    kind="rest",
    size="rest",
    edge="worker",
    containers=_worker("rest", *_REST_QUEUES),
    stores=True,
    stop_seconds=LONGEST_STOP_SECONDS,
    queues=_REST_QUEUES,
)
_WORKERS = (_CHUNKS, _IMPORT, _EXPORT, _ANNOTATION, _REST)
_QUEUE_METRICS = Container(
    name="queue-metrics",
    image="server",
    command=("queue-metrics",),
    scratch=True,
    variables=("AWS_", "CVAT_REDIS_", "CVAT_STACK", "CVAT_QUEUES", *OUTWARD),
    folders=(),
)
_SCHEDULER = Process(
    kind="scheduler",
    size="scheduler",
    edge="worker",
    # One task, as in c48411ae: two publishers of the queues' metrics would count everything twice.
    containers=(Container(name="scheduler", image="server", command=("scheduler",), scratch=True), _QUEUE_METRICS),
    stores=True,
    publishes_metrics=True,
    variables={"CVAT_QUEUES": ",".join(queue for process in _WORKERS for queue in process.queues)},
)
_UI = Process(
    kind="ui",
    size="ui",
    edge="ui",
    containers=(Container(name="ui", image="ui", port=8000, scratch=True),),
    health_path="/",
    interruptible=True,
)

V2 = Release(
    name="v2",
    version=_VERSION,
    dockerfiles={
        "server": "patches/v2/server.Dockerfile",
        "ui": "patches/v2/ui.Dockerfile",
        "opa": "patches/v2/opa.Dockerfile",
        "upgrade": "patches/v2/upgrade.Dockerfile",
    },
    base_images={
        "server": BaseImage("CVAT_SERVER", f"cvat/server:{_VERSION}"),
        "ui": BaseImage("CVAT_UI", f"cvat/ui:{_VERSION}"),
        "opa": BaseImage("OPA", f"openpolicyagent/opa:{_OPA_VERSION}"),
        "upgrade": BaseImage("CVAT_UPGRADE", f"cvat/server:{_UPGRADE_VERSION}"),
    },
    processes=(_SERVER, *_WORKERS, _SCHEDULER, _UI),
    routes=Routes(api=_API, tokens=("Token", "Bearer"), admin=_ADMIN, server=(*_API, "/static/*", *_ADMIN)),
    media_cache=True,
    upgrades={"c48411ae": ("upgrade",)},
)

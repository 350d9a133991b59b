"""What each command of the entry point runs. Long-running ones replace this process: signals reach them."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from cvat_aws import probe
from cvat_aws.environment import Reader, UnusableError
from cvat_aws.front import nginx
from cvat_aws.overlay import SCRATCH
from cvat_aws.stores import check_roots
from cvat_aws.worker_options import DRAIN_S

from cvat_aws_v2 import front, queue_metrics
from cvat_aws_v2.overlay import overlay
from cvat_aws_v2.web import HEALTH_PATH

PORT, API_PORT = 8080, 8081
TIMEOUT_S = 300
"""The load balancer's idle timeout: whoever is silent for longer is gone."""
GRACE_S = 110
"""For requests in flight after SIGTERM; below ECS's longest stop timeout, 120 s."""
WORKER_TTL_S = 60
"""A worker that was killed counts as idle for a minute more than this, not for eight."""
SMOKESCREEN = ("--listen-ip", "127.0.0.1")
RETRYING_QUEUE = "webhooks"
"""Its jobs are repeated later: the only queue that needs RQ's scheduler in its worker."""


def home() -> Path:
    """Where data, share and static are."""
    return Path(os.environ.get("CVAT_BASE_DIR", "/home/django"))


def manage(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "django", *arguments]


def become(program: Sequence[str]) -> NoReturn:
    """Replace this process. Django takes paths of uploaded files to be below the working folder."""
    os.chdir(home())
    path = shutil.which(program[0])
    if path is None:
        raise UnusableError(f"'{program[0]}' is not in this image, or not in PATH.")
    sys.stdout.flush()
    os.execv(path, list(program))  # noqa: S606 - no shell is wanted


def check(env: Mapping[str, str]) -> None:
    """Fail where the settings would, but with a sentence, and before Django is imported."""
    empty: dict[str, Any] = {"handlers": {}, "loggers": {}}
    lists: dict[str, Any] = {"AUTHENTICATION_BACKENDS": [], "MIDDLEWARE": []}
    overlay(env, {"LOGGING": empty, "REST_FRAMEWORK": {}, "NUCLIO": {}, **lists})
    check_roots(Reader(env))


def front_server() -> int:
    read = Reader(os.environ)
    port, api_port = read.number("CVAT_FRONT_PORT", PORT), read.number("CVAT_API_PORT", API_PORT)
    timeout_s = read.number("CVAT_WEB_TIMEOUT_S", TIMEOUT_S, high=4000)
    folder = Path(read.text("CVAT_SCRATCH_DIR", SCRATCH)) / "nginx"
    read.finish()
    return front.run(nginx(folder, front.configuration(folder, home(), port, api_port, timeout_s)))


def web_arguments(env: Mapping[str, str]) -> list[str]:
    read = Reader(env)
    port = read.number("CVAT_API_PORT", API_PORT)
    processes = read.number("CVAT_WEB_PROCESSES", 2, high=64)
    read.finish()
    return [
        *("--host", "127.0.0.1", "--port", str(port), "--workers", str(processes)),
        # Django reads X-Forwarded-Proto itself, the throttle the last X-Forwarded-For: uvicorn would take the first.
        *("--no-proxy-headers", "--no-access-log", "--no-server-header", "--ws", "none", "--lifespan", "off"),
        *("--timeout-keep-alive", str(front.SERVER_KEEP_ALIVE_S), "--timeout-graceful-shutdown", str(GRACE_S)),
        # A process that imports CVAT, or is short of processor time, does not answer its parent for seconds.
        *("--timeout-worker-healthcheck", "60"),
    ]


def web() -> int:
    arguments = web_arguments(os.environ)
    check(os.environ)
    become([sys.executable, "-m", "uvicorn", *arguments, "cvat.asgi:application"])


def worker(queues: Sequence[str]) -> int:
    read = Reader(os.environ)
    read.number("CVAT_WORKER_DRAIN_S", DRAIN_S)  # for the worker, which could only fail when it is stopped
    read.finish()
    check(os.environ)
    scheduler = ["--with-scheduler"] if RETRYING_QUEUE in queues else []
    options = ["-v", "3", "--worker-class", "cvat_aws_v2.worker.DrainingWorker", "--worker-ttl", str(WORKER_TTL_S)]
    become(manage("rqworker", *options, *scheduler, *queues))


def scheduler() -> int:
    """Puts CVAT's periodic jobs into their queue, and looks for jobs whose worker was killed."""
    read = Reader(os.environ)
    queues = queue_metrics.queues(read)
    read.finish()
    _django()
    import django_rq

    from cvat_aws_v2 import lost_jobs

    lost_jobs.start(queues, django_rq.get_connection("cleaning"))
    django_rq.get_scheduler("cleaning", interval=30).run()
    return 0


def smokescreen() -> int:
    """The proxy through which CVAT calls addresses that users name: it refuses those of the network inside."""
    become(["smokescreen", *SMOKESCREEN, *shlex.split(os.environ.get("SMOKESCREEN_OPTS", ""))])


def _django() -> None:
    check(os.environ)
    os.chdir(home())
    import django

    django.setup()


def init() -> int:
    from cvat_aws_v2 import initialise

    options = initialise.options(os.environ)
    _django()
    return initialise.run(options)


def health() -> int:
    """Asks nginx."""
    return probe.answers(int(os.environ.get("CVAT_FRONT_PORT", PORT)), HEALTH_PATH)

"""What each command of the entry point runs. Long-running ones replace this process: signals reach them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Mapping, NamedTuple

from cvat_aws import front, probe
from cvat_aws.environment import Reader
from cvat_aws.overlay import SCRATCH, overlay
from cvat_aws.stores import check_roots
from cvat_aws.web import HEALTH_PATH
from cvat_aws.worker_options import DRAIN_S

HOME = os.environ.get("CVAT_HOME", "/home/django")  # where manage.py is
PORT = 8080
SERVER_ROOT = "/tmp/cvat-server"  # noqa: S108 - Apache's configuration and sockets, local to the task
TIMEOUT_S = 300
"""The load balancer's idle timeout: whoever is silent for longer is gone."""
APACHE_PORT_OFFSET = 10_000
"""Apache listens on the loopback interface, this much above nginx's port."""


def manage(*arguments: str) -> list[str]:
    return [sys.executable, f"{HOME}/manage.py", *arguments]


class WebOptions(NamedTuple):
    """What the environment says about `web`."""

    processes: int
    threads: int
    port: int
    """nginx's; Apache's is APACHE_PORT_OFFSET above it."""
    timeout_s: int
    server_root: str
    scratch: Path


def web_options(env: Mapping[str, str]) -> WebOptions:
    read = Reader(env)
    options = WebOptions(
        processes=read.number("CVAT_WEB_PROCESSES", 2, high=64),
        threads=read.number("CVAT_WEB_THREADS", 8, high=64),
        port=read.number("CVAT_WEB_PORT", PORT, high=65535 - APACHE_PORT_OFFSET),
        timeout_s=read.number("CVAT_WEB_TIMEOUT_S", TIMEOUT_S, high=4000),
        server_root=read.text("CVAT_SERVER_ROOT", SERVER_ROOT),
        scratch=Path(read.text("CVAT_SCRATCH_DIR", SCRATCH)),
    )
    read.finish()
    return options


def web_arguments(env: Mapping[str, str]) -> list[str]:
    """Apache with mod_wsgi, as CVAT runs it, with time for slow starts and 120 s functions."""
    options = web_options(env)
    return [
        *("--log-to-terminal", "--log-level", "INFO"),
        *("--host", "127.0.0.1", "--port", str(options.port + APACHE_PORT_OFFSET)),
        *("--processes", str(options.processes), "--threads", str(options.threads)),
        *("--limit-request-body", str(front.LARGEST_BODY), "--include-file", f"{HOME}/mod_wsgi.conf"),
        *("--request-timeout", str(options.timeout_s), "--socket-timeout", str(options.timeout_s)),
        *("--startup-timeout", "180", "--locale", "C.UTF-8", "--server-root", options.server_root),
    ]


def _become(program: list[str]) -> int:
    """Django is not imported before: the environment is checked first, so that mistakes come as sentences."""
    _check(os.environ)
    os.chdir(HOME)
    sys.stdout.flush()
    os.execv(program[0], program)  # noqa: S606 - no shell is wanted


def _check(env: Mapping[str, str]) -> None:
    """Fail where the settings would, but with a sentence. CVAT's own settings are not needed for that."""
    empty: dict[str, Any] = {"handlers": {"console": {}, "logstash": {}}, "loggers": {}}
    lists: dict[str, Any] = {"AUTHENTICATION_BACKENDS": [], "MIDDLEWARE": []}
    overlay(env, {"LOGGING": empty, "REST_FRAMEWORK": {}, "NUCLIO": {}, **lists})
    check_roots(Reader(env))


def web() -> int:
    return _serve(web_options(os.environ), manage("runmodwsgi", *web_arguments(os.environ)))


def _serve(options: WebOptions, apache: list[str]) -> int:
    """Two programs: this process stays, and ends when either does."""
    _check(os.environ)
    folder, apache_port = options.scratch / "nginx", options.port + APACHE_PORT_OFFSET
    nginx = front.nginx(folder, front.configuration(folder, options.port, apache_port, options.timeout_s))
    os.chdir(HOME)
    return front.run_together([nginx, apache])


def worker(queue: str) -> int:
    read = Reader(os.environ)
    read.number("CVAT_WORKER_DRAIN_S", DRAIN_S)  # for the worker, which could only fail when it is stopped
    read.finish()
    return _become(manage("rqworker", "-v", "3", "--worker-class", "cvat_aws.worker.DrainingWorker", queue))


def _django() -> None:
    """For what runs in this process: the environment is checked before Django is imported."""
    _check(os.environ)
    os.chdir(HOME)
    sys.path.insert(0, HOME)


def scheduler() -> int:
    """RQ's scheduler, and beside it the search for jobs whose worker was killed."""
    _django()
    import django

    django.setup()
    import django_rq
    from django.core.management import call_command

    from cvat_aws import sweep

    sweep.start(django_rq.get_connection("default"))
    call_command("rqscheduler", interval=30)
    return 0


def git_status() -> int:
    """In this process: CVAT's loop has no signal handler of its own, and ours must stay."""
    _django()
    from django.core.management import execute_from_command_line

    execute_from_command_line(manage("update_git_states")[1:])
    return 0


def init() -> int:
    _django()
    from cvat_aws import initialise

    return initialise.run(os.environ)


def health() -> int:
    return probe.answers(int(os.environ.get("CVAT_WEB_PORT", PORT)), HEALTH_PATH)

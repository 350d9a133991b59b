"""What each command of the entry point runs. Long-running ones replace this process: signals reach them."""

from __future__ import annotations

import http.client
import os
import sys
from pathlib import Path
from typing import Any, Mapping

from cvat_aws.environment import Reader, UnusableError
from cvat_aws.overlay import overlay
from cvat_aws.stores import RDS_ROOTS
from cvat_aws.web import HEALTH_PATH

HOME = os.environ.get("CVAT_HOME", "/home/django")  # where manage.py is
PORT = 8080
SERVER_ROOT = "/tmp/cvat-server"  # noqa: S108 - Apache's configuration and sockets, local to the task
DRAIN_S = 100  # below ECS's longest stop timeout, 120 s, with room to record the failure
LARGEST_BODY = 1024**3  # bytes; CVAT's own limit for one request


def manage(*arguments: str) -> list[str]:
    return [sys.executable, f"{HOME}/manage.py", *arguments]


def web_arguments(env: Mapping[str, str]) -> list[str]:
    """Apache with mod_wsgi, as CVAT runs it, with time for slow starts, large uploads and 120 s functions."""
    read = Reader(env)
    processes = read.number("CVAT_WEB_PROCESSES", 2, high=64)
    threads = read.number("CVAT_WEB_THREADS", 8, high=64)
    port = read.number("CVAT_WEB_PORT", PORT)
    root = read.text("CVAT_SERVER_ROOT", SERVER_ROOT)
    read.finish()
    return [
        *("--log-to-terminal", "--log-level", "INFO", "--port", str(port)),
        *("--processes", str(processes), "--threads", str(threads)),
        *("--limit-request-body", str(LARGEST_BODY), "--include-file", f"{HOME}/mod_wsgi.conf"),
        *("--request-timeout", "300", "--socket-timeout", "300", "--startup-timeout", "180"),
        *("--locale", "C.UTF-8", "--server-root", root),
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
    _check_roots(Reader(env))


def _check_roots(read: Reader) -> None:
    """Without root certificates libpq would say so only after a connection, and not how to get them."""
    roots, mode = Path(read.text("PGSSLROOTCERT", RDS_ROOTS)), read.text("PGSSLMODE", "verify-full")
    if mode.startswith("verify") and not (roots.is_file() and roots.stat().st_size):
        raise UnusableError(
            f"PGSSLMODE is {mode}, but there are no root certificates in {roots}. Build the image with "
            "RDS_TRUSTSTORES, or mount a bundle and name it in PGSSLROOTCERT."
        )


def web() -> int:
    return _become(manage("runmodwsgi", *web_arguments(os.environ)))


def worker(queue: str) -> int:
    read = Reader(os.environ)
    read.number("CVAT_WORKER_DRAIN_S", DRAIN_S)  # for the worker, which could only fail when it is stopped
    read.finish()
    return _become(manage("rqworker", "-v", "3", "--worker-class", "cvat_aws.worker.DrainingWorker", queue))


def scheduler() -> int:
    return _become(manage("rqscheduler", "--interval", "30"))


def git_status() -> int:
    """In this process: CVAT's loop has no signal handler of its own, and ours must stay."""
    _check(os.environ)
    os.chdir(HOME)
    sys.path.insert(0, HOME)
    from django.core.management import execute_from_command_line

    execute_from_command_line(manage("update_git_states")[1:])
    return 0


def init() -> int:
    _check(os.environ)
    os.chdir(HOME)
    sys.path.insert(0, HOME)
    from cvat_aws import initialise

    return initialise.run(os.environ)


def health() -> int:
    """What the load balancer asks, asked from inside: for the container's own health check."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("CVAT_WEB_PORT", PORT)), timeout=5)
    try:
        connection.request("GET", HEALTH_PATH)
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError as error:
        sys.stderr.write(f"no answer from the web server: {error}\n")
        return 1
    finally:
        connection.close()

"""The container's entry point, up to where it becomes another program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cvat_aws import __main__, commands, front
from cvat_aws.entry import BAD_USE

OVERLAY = Path(__main__.__file__).parents[1]
ENV = {
    "DJANGO_SECRET_KEY": "k" * 50,
    "CVAT_BASE_URL": "http://localhost",
    "CVAT_POSTGRES_HOST": "db",
    "CVAT_POSTGRES_USER": "cvat",
    "CVAT_POSTGRES_PASSWORD": "secret-of-postgres",
    "CVAT_REDIS_HOST": "redis",
    "CVAT_REDIS_PASSWORD": "secret-of-redis",
}


class BecameError(Exception):
    """Instead of `execv`: the program that this process would have become."""


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    def execv(_path: str, program: list[str]) -> None:
        raise BecameError(program)

    roots = tmp_path / "rds.pem"
    roots.write_text("roots")
    for name in list(os.environ):
        if name.startswith(("CVAT_", "DJANGO_", "PGSSL", "DEMO_")):
            monkeypatch.delenv(name)
    for name, value in {**ENV, "PGSSLROOTCERT": str(roots)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "execv", execv)
    monkeypatch.setattr(commands, "HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


def became(*arguments: str) -> list[str]:
    with pytest.raises(BecameError) as caught:
        __main__.main([*arguments])
    program: Any = caught.value.args[0]
    assert not [part for part in program if "secret-of" in part], "every process can read a command line"
    return list(program)


def test_apache_has_time_for_slow_functions_and_is_reached_through_nginx_only() -> None:
    program = commands.web_arguments(ENV)
    assert int(program[program.index("--request-timeout") + 1]) > 120, "a function may take 120 s"
    assert program[program.index("--host") + 1] == "127.0.0.1", "a body that comes slowly must not reach Python"
    assert int(program[program.index("--port") + 1]) != commands.web_options(ENV).port


def test_web_runs_nginx_and_apache_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ran: list[list[str]] = []
    monkeypatch.setenv("CVAT_SCRATCH_DIR", str(tmp_path / "scratch"))

    def run_together(programs: list[list[str]]) -> int:
        ran.extend(programs)
        return 0

    monkeypatch.setattr(front, "run_together", run_together)
    assert __main__.main(["web"]) == 0
    nginx, apache = ran
    assert nginx[0] == "nginx"
    assert apache[2] == "runmodwsgi"
    assert not [part for part in [*nginx, *apache] if "secret-of" in part], "every process can read a command line"
    assert "listen 8080 " in (tmp_path / "scratch/nginx/nginx.conf").read_text()


def test_a_worker_drains_its_queue() -> None:
    program = became("worker", "low")
    assert program[-1] == "low"
    assert "cvat_aws.worker.DrainingWorker" in program


def test_a_drain_time_that_is_none_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CVAT_WORKER_DRAIN_S", "soon")
    assert __main__.main(["worker", "low"]) == BAD_USE
    assert "CVAT_WORKER_DRAIN_S is 'soon'" in capsys.readouterr().err


def test_an_unknown_queue_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        __main__.main(["worker", "high"])
    assert "high" in capsys.readouterr().err


def test_a_bad_environment_stops_it_before_django(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CVAT_REDIS_HOST")
    assert __main__.main(["web"]) == BAD_USE
    output = capsys.readouterr().err
    assert "CVAT_REDIS_HOST is not set" in output
    assert "secret-of" not in output


def test_verified_tls_without_root_certificates_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", str(tmp_path / "none.pem"))
    assert __main__.main(["worker", "default"]) == BAD_USE
    assert "RDS_TRUSTSTORES" in capsys.readouterr().err
    (tmp_path / "none.pem").write_text("")
    assert __main__.main(["worker", "default"]) == BAD_USE, "an empty bundle verifies nothing"


def test_health_is_bad_when_no_process_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVAT_WEB_PORT", "1")
    assert __main__.main(["health"]) == 1


WAITS = """
import os, sys, time
from cvat_aws import __main__, commands

def execv(*_):
    print("started", flush=True)
    time.sleep(60)

os.execv, commands.HOME = execv, sys.argv[1]
__main__.main(["worker", "low"])
"""


def test_sigterm_ends_it(tmp_path: Path) -> None:
    """In a process of its own: the signal would end whatever runs the tests."""
    command = [sys.executable, "-c", WAITS, str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": str(OVERLAY)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        process.terminate()
        assert process.wait(timeout=20) == 0, "as process 1, Python would ignore it"

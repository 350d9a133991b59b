"""The trial itself: a process that ends is noticed at once, and its log is shown."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patches.trial.__main__ import missing, run
from patches.trial.client import RefusedError, until
from patches.trial.processes import Fleet, Place
from patches.trial.services import Services

ENDS = "import sys, time; time.sleep(0.3); print('no such table: auth_user'); sys.exit(3)"
RUNS = "import time; time.sleep(60)"


class Steps:
    """A trial of one step, which waits for what never comes."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "wait for the web process", self.wait

    def wait(self) -> str:
        return str(until(lambda: None, self.fleet.ended))


def test_what_the_command_line_names_and_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    root = missing(Namespace(root=tmp_path, home=None, python="python"))
    assert root and root.startswith(f"--root {tmp_path}: it is no root file system of the server image (")
    home = missing(Namespace(home=tmp_path, python=sys.executable))
    assert home and home.startswith(f"--home {tmp_path}: it is no checkout of CVAT (")
    (tmp_path / "manage.py").touch()
    assert missing(Namespace(home=tmp_path, python=sys.executable)) is None
    python = missing(Namespace(home=tmp_path, python=f"{tmp_path}/python"))
    assert python and "`make trial-home` makes one" in python, "each with its remedy"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    fleet = Fleet(Place(None, tmp_path, sys.executable), Services(tmp_path / "services"), tmp_path)
    yield fleet
    fleet.stop()


def test_a_step_fails_as_soon_as_a_process_ends_and_shows_its_log(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet._spawn("web-a", ["-c", ENDS], {})
    fleet._spawn("worker-low", ["-c", RUNS], {})
    began = time.monotonic()
    assert run(Steps(fleet)) == 1
    assert time.monotonic() - began < 10, "it would wait for 180 s"
    output = capsys.readouterr().out
    assert "FAILED  wait for the web process" in output
    assert "web-a ended with exit code 3" in output
    assert "web-a| no such table: auth_user" in output
    assert "worker-low" not in output, "it runs"


def test_what_does_not_end_is_given_up_in_time(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patches.trial.client.WAIT_S", 0.1)
    with pytest.raises(RefusedError, match="no end after"):
        until(lambda: None, fleet.ended)


def test_a_killed_container_leaves_no_process_behind(fleet: Fleet, tmp_path: Path) -> None:
    """As RQ's child, which has a process group of its own."""
    pid_file = tmp_path / "pid"
    child = f"os.setpgrp(); open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    fleet._spawn("worker", ["-c", f"import os, time\nif os.fork() == 0:\n    {child}\ntime.sleep(60)"], {})
    until(lambda: (pid_file.exists() and pid_file.read_text()) or None, fleet.ended)
    fleet.kill("worker")
    stat = Path(f"/proc/{pid_file.read_text()}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z", "it would finish the job"

"""The command line of `python -m rehearsal`."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal.cli import main
from rehearsal.interrupt import INTERRUPTED
from tests.support.paths import ROOT

STACK = "cn-northwest-1"


def test_the_command_writes_its_report_and_says_where(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["cn-northwest-1", "--output", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert str(tmp_path / "summary.md") in shown.out
    assert "checks hold" in shown.out
    assert "resources" in shown.err, "progress goes to the error stream"
    assert "| holds |" in (tmp_path / "summary.md").read_text()
    assert "[secret]" in (tmp_path / "resources.json").read_text(), "secrets are there by name only"


def test_a_refused_configuration_is_its_sentences_and_nothing_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main([STACK, "--config", "vpcCidrr=10.0.0.0/16", "--output", str(tmp_path)]) == 1
    shown = capsys.readouterr()
    assert "cvat:vpcCidrr" in shown.err
    assert shown.out == "", "no resources, no 'rehearsed in', no report"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []


def test_where_nothing_can_be_written_the_remedy_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert main([STACK, "--preview", "--output", str(tmp_path / "file" / "report")]) == 1
    shown = capsys.readouterr().err
    assert "cannot be written (Not a directory): say where the report goes with --output DIR." in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("command", [[], ["sweep", "--jobs", "1"]], ids=["rehearse", "sweep"])
def test_an_interrupt_ends_it_with_one_line(command: list[str], tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "rehearsal", *command, STACK]
    arguments += [] if command else ["--output", str(tmp_path)]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it, and so do its children
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stderr is not None
    if command:
        time.sleep(5)  # in the middle of its first run, which shows no progress
    else:
        assert "resources" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, "it must not run to its end first"
    assert [line for line in err.splitlines() if "resources" not in line] == ["Interrupted."]
    assert "Traceback" not in out

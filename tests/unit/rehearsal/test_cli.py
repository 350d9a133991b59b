"""The command line: what it teaches, what it refuses, and what it does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.cli import COMMANDS, main
from tests.support.paths import ROOT

HEAVY = ("boto3", "botocore", "moto", "pulumi", "pulumi_aws", "jinja2")
"""Packages that take a quarter of a second and more."""


def test_help_teaches_and_runs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for part in ("Examples:", "--config", "What it cannot show", "Exit code 0", *COMMANDS):
        assert part in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: python -m rehearsal {name}")
    assert name == "rehearse" or "Exit codes:" in shown


def test_help_loads_neither_aws_nor_pulumi() -> None:
    code = f"import sys, rehearsal.cli as cli; cli.main(['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.splitlines()[-1] == "[]", "--help must not wait for them"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--config", "preset"], "'--config': preset: it must have the form key=value"),
        (["update", "--then", "=x"], "'--then': =x: it must have the form key=value"),
        (["sweep", "--positions", "0"], "'--positions': 0 is not in the range x>=1"),
        (["sweep", "--jobs", "none"], "'--jobs': 'none' is not a valid integer"),
        (["scale", "--stacks", "-1"], "'--stacks': -1 is not in the range x>=0"),
        (["diff", "--cost-share", "much", "a", "b"], "'--cost-share': 'much' is not a valid float"),
        (["diff", "HEAD"], "Missing argument 'HEAD'"),
        (["cn-north-1", "cn-northwest-1"], "unexpected extra argument (cn-northwest-1)"),
        (["--presett"], "No such option"),
        (["update"], "Nothing changes: give --after REVISION, --then KEY=VALUE or --destroy"),
        (["mars"], "There is no stack 'mars'"),
        (["update", "mars", "--then", "a=b"], "There is no stack 'mars'"),
        (["sweep", "mars"], "There is no stack 'mars'"),
        (["scale", "mars"], "There is no stack 'mars'"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_a_sentence_and_exit_code_1(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1, "2 is a danger or a failed check"
    shown = capsys.readouterr()
    assert words in shown.err
    assert "Traceback" not in shown.err
    assert shown.out == ""
    assert list(tmp_path.iterdir()) == [], "nothing is written for a mistake"

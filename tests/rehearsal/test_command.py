"""The command line of `python -m rehearsal`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.__main__ import main


def test_the_command_writes_its_report_and_says_where(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["cn-northwest-1", "--output", str(tmp_path)]) == 0
    shown = capsys.readouterr()
    assert str(tmp_path / "summary.md") in shown.out
    assert "checks hold" in shown.out
    assert "resources" in shown.err, "progress goes to the error stream"
    assert "| holds |" in (tmp_path / "summary.md").read_text()
    assert "[secret]" in (tmp_path / "resources.json").read_text(), "secrets are there by name only"

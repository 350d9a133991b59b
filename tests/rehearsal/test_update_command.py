"""The command line of `python -m rehearsal update`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.cli import main
from rehearsal.engine.outcome import Outcome
from rehearsal.options import FAILED
from rehearsal.update import FINE, REFUSED, summary


@pytest.fixture
def changing(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small program stands for the checkout."""
    monkeypatch.setattr("rehearsal.update.HOME", programs / "changing")


def test_a_change_that_is_refused_says_that_nothing_was_touched() -> None:
    assert list(summary(Outcome())) == ["nothing was touched."]


@pytest.mark.usefixtures("changing")
def test_a_wrong_setting_and_a_wrong_revision_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "one", "--then", "label"]) == FAILED
    assert "key=value" in capsys.readouterr().err
    assert main(["update", "one", "--after", "no-such-revision"]) == FAILED
    assert "no-such-revision" in capsys.readouterr().err


@pytest.mark.usefixtures("changing")
def test_the_effect_of_a_setting_is_printed_and_a_lost_store_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["update", "one", "--then", "label=CVAT", "--then", 'without=["kept", "guarded"]'])
    printed = capsys.readouterr().out
    assert code == REFUSED
    assert "updated   aws:sns/topic:Topic topic: displayName" in printed
    assert "cannot be deleted\nbecause it is protected" in printed


@pytest.mark.usefixtures("changing")
@pytest.mark.parametrize(("disposable", "code"), [("true", FINE), ("false", REFUSED)])
def test_only_a_disposable_stack_is_destroyed(disposable: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", "one", "--config", f"disposable={disposable}", "--destroy"]) == code
    printed = capsys.readouterr().out
    assert ("deleted   aws:s3/bucket:Bucket guarded" in printed) == (code == FINE)
    assert ("pulumi state unprotect" in printed) == (code != FINE)

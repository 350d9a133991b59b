"""The command line of `python -m rehearsal update`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import update


@pytest.fixture
def changing(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small program stands for the checkout."""
    monkeypatch.setattr("rehearsal.run.HOME", programs / "changing")


def test_without_a_change_there_is_nothing_to_rehearse(capsys: pytest.CaptureFixture[str]) -> None:
    assert update.main([]) == update.FAILED
    assert "--then KEY=VALUE" in capsys.readouterr().err


@pytest.mark.usefixtures("changing")
def test_a_wrong_setting_and_a_wrong_revision_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert update.main(["one", "--then", "label"]) == update.FAILED
    assert "key=value" in capsys.readouterr().err
    assert update.main(["one", "--after", "no-such-revision"]) == update.FAILED
    assert "no-such-revision" in capsys.readouterr().err


@pytest.mark.usefixtures("changing")
def test_what_a_setting_does_is_told_and_a_lost_store_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    code = update.main(["one", "--then", "label=CVAT", "--then", 'without=["kept", "guarded"]'])
    told = capsys.readouterr().out
    assert code == update.REFUSED
    assert "updated   aws:sns/topic:Topic topic: displayName" in told
    assert "cannot be deleted\nbecause it is protected" in told


@pytest.mark.usefixtures("changing")
@pytest.mark.parametrize(("disposable", "code"), [("true", update.FINE), ("false", update.REFUSED)])
def test_only_a_disposable_stack_is_destroyed(disposable: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert update.main(["one", "--config", f"disposable={disposable}", "--destroy"]) == code
    told = capsys.readouterr().out
    assert ("deleted   aws:s3/bucket:Bucket guarded" in told) == (code == update.FINE)
    assert ("pulumi state unprotect" in told) == (code != update.FINE)

"""Two revisions of this very repository: the commit that let services follow their load."""

from __future__ import annotations

import json
import subprocess

import pytest

from rehearsal.cli import main
from tests.support.paths import ROOT

COMMIT = "c514c3905960e05fd513a75c9cceca0c399ae2a6"


def test_the_diff_of_a_real_commit_is_what_its_message_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    known = subprocess.run(["git", "cat-file", "-e", f"{COMMIT}^^{{commit}}"], capture_output=True, check=False)  # noqa: S603, S607
    if known.returncode:
        pytest.skip(f"this clone does not hold {COMMIT} and the one before (a shallow clone?)")
    assert main(["diff", f"{COMMIT}^", COMMIT, "--stack", "cn-northwest-1", "--jobs", "1", "--json"]) == 0
    (diff,) = json.loads(capsys.readouterr().out)
    added = {change["resource"]["name"] for change in diff["changes"] if change["kind"] == "added"}
    assert added == {"cvat-server", "cvat-gateway"}, "these two follow their load by default"
    assert {change["kind"] for change in diff["changes"] if "rds" in change["resource"]["type"]} == set(), (
        "no store is touched"
    )

"""Every stack file in examples/ is rehearsed as a user would use it: copied beside Pulumi.yaml, then deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal import rehearse
from settings import load_configuration
from settings.stack_file import read_configuration, read_project
from tests.support.paths import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("Pulumi.*.yaml"))
NOT_LINKED = {".git", ".venv", "build", "examples"}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_keeps_all_rules_of_the_settings(example: Path, tmp_path: Path) -> None:
    for file in (ROOT / "Pulumi.yaml", example):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    stack = example.name.removeprefix("Pulumi.").removesuffix(".yaml")
    load_configuration(read_configuration(read_project(tmp_path), stack, {}))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_can_be_deployed_and_every_check_holds(example: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in NOT_LINKED:
            (project / entry.name).symlink_to(entry)
    (project / example.name).write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    stack = example.name.removeprefix("Pulumi.").removesuffix(".yaml")
    with rehearse(stack, project=project, placeholders=tmp_path / "archives") as rehearsal:
        assert rehearsal.error is None, str(rehearsal.error)
        assert rehearsal.ok, [verdict for verdict in rehearsal.checks if not verdict.ok]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_what_it_is_for(example: Path) -> None:
    assert example.read_text(encoding="utf-8").startswith("# "), "the first line says in which situation to use it"

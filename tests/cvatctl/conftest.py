"""One rehearsed stack for each test module, known to the command by a file of outputs, as an operator would have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import Rehearsal, rehearse
from tests.support.cvatctl_command import run, stack

__all__ = ["run", "stack"]


@pytest.fixture(scope="module")
def deployed(archives: Path) -> Iterator[Rehearsal]:
    """A small stack in Ningxia with all functions, in an account that stays open for the module."""
    own = {"cvat:modelArchives": str(archives), "cvat:preset": "team"}
    with rehearse("cn-northwest-1", config=own, judge=False) as done:
        assert done.error is None, done.error
        yield done


@pytest.fixture(scope="module")
def outputs_file(deployed: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pulumi stack output --json` would say."""
    file = tmp_path_factory.mktemp("outputs") / "outputs.json"
    file.write_text(json.dumps(deployed.outputs), encoding="utf-8")
    return file

"""One rehearsed stack for each test module, known to the command by a file of outputs, as an operator would have it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cvatctl.__main__ import main
from rehearsal import Rehearsal, rehearse

Run = Callable[..., tuple[int, str, str]]


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


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: exit code, standard output, standard error."""

    def once(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        said = capsys.readouterr()
        assert "Traceback" not in said.err, "an operator gets sentences"
        return code, said.out, said.err

    return once

"""Every example is created and destroyed, with stand-ins for what it names as existing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.defaults import HOME
from tests.support.real_engine import RealEngine, settings_of

EXAMPLES = sorted((HOME / "examples").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_created_settles_and_is_destroyed(example: Path, tmp_path: Path, archives: Path) -> None:
    stack = example.name.removeprefix("Pulumi.").removesuffix(".yaml")
    with RealEngine(tmp_path, stack, settings_of(example, archives)) as engine:
        engine.up()
        assert not engine.settled()
        destroyed = engine.run("destroy", "--yes", "--skip-preview", "--stack", stack)
        assert destroyed.code == 0, destroyed.output[-3000:]

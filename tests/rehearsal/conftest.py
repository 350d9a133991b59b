"""What the rehearsal's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import Rehearsal, rehearse
from tests.support.paths import PROGRAMS


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of small Pulumi programs."""
    return PROGRAMS


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The default stack with all its functions, in an account that stays open for the module."""
    with rehearse("cn-northwest-1", placeholders=tmp_path_factory.mktemp("archives")) as rehearsal:
        assert rehearsal.error is None, f"the program did not run to its end: {rehearsal.error}"
        yield rehearsal


@pytest.fixture(scope="module")
def small(programs: Path) -> Iterator[Rehearsal]:
    """The small program, in an account that stays open for the module."""
    with rehearse("cn-northwest-1", project=programs / "small", judge=False) as rehearsal:
        assert rehearsal.error is None, f"the program did not run to its end: {rehearsal.error}"
        yield rehearsal

"""What the report's tests are made of: records made by hand, and a report with its description."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rehearsal import rehearse
from rehearsal.engine.state import Record
from rehearsal.report import write
from rehearsal.report.description import Description, gather


@dataclass(frozen=True)
class Written:
    """A report, and what it was made of."""

    folder: Path
    files: tuple[Path, ...]
    description: Description


def record(token: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> Record:
    """A resource as a rehearsal would leave it."""
    given = inputs or {}
    return Record(
        urn=f"urn:{token}::{name}",
        type=token,
        name=name,
        parent=more.get("parent", ""),
        custom=more.get("custom", True),
        inputs=given,
        outputs={**given, **more.get("outputs", {})},
        id=more.get("id", f"{name}-0001"),
        secrets=more.get("secrets", frozenset()),
        dependencies=tuple(dependency.urn for dependency in more.get("after", ())),
    )


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """The default stack's report; its account is closed again."""
    folder = tmp_path_factory.mktemp("report") / "cn-northwest-1"
    with rehearse("cn-northwest-1", placeholders=tmp_path_factory.mktemp("archives")) as rehearsal:
        assert rehearsal.error is None, f"the program did not run to its end: {rehearsal.error}"
        return Written(folder, tuple(write(rehearsal, folder)), gather(rehearsal, {}))

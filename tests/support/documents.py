"""The documents of a stack under some settings; each is rehearsed once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal import rehearse
from rehearsal.diff.judge import Limits, judged
from rehearsal.diff.model import Diff
from rehearsal.report.stable import document

Documents = Callable[..., dict[str, Any]]
Changed = Callable[..., Diff]


@pytest.fixture(scope="session")
def documents(archives: Path) -> Documents:
    """The default stack's document under settings over its file."""
    held: dict[str, dict[str, Any]] = {}

    def once(**config: object) -> dict[str, Any]:
        key = repr(sorted(config.items()))
        if key not in held:
            own = {"cvat:modelArchives": str(archives)} | {f"cvat:{name}": value for name, value in config.items()}
            with rehearse("cn-northwest-1", config=own, judge=False) as rehearsal:
                assert rehearsal.error is None, rehearsal.error
                held[key] = document(rehearsal)
        return held[key]

    return once


@pytest.fixture(scope="session")
def changed(documents: Documents) -> Changed:
    """What a change of settings does to the default stack."""

    def diff(**config: object) -> Diff:
        return judged(documents(), documents(**config), Limits())

    return diff

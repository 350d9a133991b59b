"""What all tests share: outputs must not be turned into text by accident; one rehearsal of each stack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rehearsal import Rehearsal, rehearse
from rehearsal.defaults import HOME
from rehearsal.sample_archives import sample_archives
from tests.support.skips import pytest_sessionfinish, pytest_terminal_summary

__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]

os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"


@pytest.fixture(scope="session")
def archives() -> Path:
    """A folder with a small but working model archive for every function."""
    return sample_archives(HOME)


@pytest.fixture(scope="module")
def rehearsed(archives: Path) -> Iterator[Callable[..., Rehearsal]]:
    """Rehearse a stack. The account of the last one stays open; asking for the same again costs nothing."""
    held: dict[str, Rehearsal] = {}

    def once(name: str = "cn-northwest-1", *, preview: bool = False, **config: object) -> Rehearsal:
        key = repr((name, preview, sorted(config.items())))
        if key not in held:
            for old in held.values():
                old.close()
            held.clear()
            own = {"cvat:modelArchives": str(archives)} | {f"cvat:{k}": v for k, v in config.items()}
            held[key] = rehearse(name, config=own, preview=preview)
        return held[key]

    yield once
    for last in held.values():
        last.close()

"""What all tests share: outputs must not be turned into text by accident; one rehearsal of each stack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from rehearsal import Account, Rehearsal, rehearse
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
    """Rehearse a stack, now or at a moment. The account of the last one stays open; the same again costs nothing."""
    held: dict[str, Rehearsal] = {}
    accounts = ExitStack()

    def once(
        name: str = "cn-northwest-1", *, preview: bool = False, at: datetime | None = None, **config: object
    ) -> Rehearsal:
        key = repr((name, preview, at, sorted(config.items())))
        if key not in held:
            accounts.close()
            held.clear()
            account = accounts.enter_context(Account())
            if at:
                account.clock.show(at.timestamp())
            own = {"cvat:modelArchives": str(archives)} | {f"cvat:{k}": v for k, v in config.items()}
            held[key] = rehearse(name, config=own, preview=preview, account=account)
        return held[key]

    with accounts:
        yield once

"""The default stack, rehearsed once, and its report on disk; a running stack on which rows of the matrix are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.material import written
from tests.support.matrix.rows import Values
from tests.support.matrix.walk import RunningStack

__all__ = ["written"]


@pytest.fixture(scope="module")
def running(archives: Path) -> Iterator[Callable[[str, Values], RunningStack]]:
    """A stack of a region with these settings; the last one stays, as long as the next test asks for the same."""
    held: dict[tuple[str, Values], RunningStack] = {}
    with ExitStack() as opened:

        def stack(region: str, base: Values) -> RunningStack:
            if (region, base) not in held:
                opened.close()
                held.clear()
                held[region, base] = opened.enter_context(RunningStack(region, base, archives).running())
            return held[region, base]

        yield stack

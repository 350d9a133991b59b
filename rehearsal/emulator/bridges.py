"""Where moto falls short of AWS, and what is done about it.

Each bridge says what is missing. tests/rehearsal/test_bridges.py shows for each that moto alone still lacks it,
so that a bridge can be taken down on the day moto has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

Bridge = Callable[[], "mock._patch[Any] | None"]

BRIDGES: list[Callable[[ExitStack], None]] = []


def bridge(function: Callable[[ExitStack], None]) -> Callable[[ExitStack], None]:
    """Put a function into the table; it enters its patches into the stack it is given."""
    BRIDGES.append(function)
    return function


@contextmanager
def installed() -> Iterator[None]:
    """All bridges, until the block ends."""
    with ExitStack() as stack:
        for one in BRIDGES:
            one(stack)
        yield

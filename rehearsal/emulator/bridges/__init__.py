"""Where moto falls short of AWS, and what is done about it: one function for each gap, its docstring the reason.

tests/rehearsal/test_rehearsal_bridges.py shows for each that moto alone still lacks it, so that a bridge can be taken
down on the day moto has it. The tasks of ECS have a module of their own: see `rehearsal.emulator.tasks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rehearsal.emulator.bridges import caches, changes, china, doors, operations, runtime, services
from rehearsal.emulator.bridges.table import BRIDGES

__all__ = ["BRIDGES", "caches", "changes", "china", "doors", "installed", "operations", "runtime", "services"]


@contextmanager
def installed() -> Iterator[None]:
    """All bridges, until the block ends."""
    with ExitStack() as stack:
        for one in BRIDGES.values():
            one(stack)
        yield

"""Where moto falls short of AWS, and what is done about it: one function for each gap, its docstring the reason.

tests/unit/rehearsal/test_moto_patches.py shows for each that moto alone still lacks it, so that a patch can be
removed on the day moto has it. The tasks of ECS have a module of their own: see `rehearsal.aws.task_runner`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rehearsal.aws.moto_patches import caches, changes, china, ingress, operations, sagemaker_runtime, services
from rehearsal.aws.moto_patches.table import MOTO_PATCHES

__all__ = [
    "MOTO_PATCHES",
    "caches",
    "changes",
    "china",
    "ingress",
    "installed",
    "operations",
    "sagemaker_runtime",
    "services",
]


@contextmanager
def installed() -> Iterator[None]:
    """Applies all patches, until the block ends."""
    with ExitStack() as stack:
        for patch in MOTO_PATCHES.values():
            patch(stack)
        yield

"""What a stack costs, as the report estimates it."""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from rehearsal.diff.judge import Price
from rehearsal.diff.model import Document

MODULE = "rehearsal.report.cost"


class Estimates(Protocol):
    """What the report's module of costs offers."""

    def monthly(self, document: Document) -> float:
        """USD a month of a stack, from its document."""


def price() -> Price | None:
    """The estimate, or None where this checkout's report makes none."""
    try:
        module = importlib.import_module(MODULE)
    except ModuleNotFoundError:
        return None
    return cast("Estimates", module).monthly

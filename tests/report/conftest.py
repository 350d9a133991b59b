"""The default stack, rehearsed once, and its report on disk."""

from __future__ import annotations

from tests.support.material import written

__all__ = ["written"]

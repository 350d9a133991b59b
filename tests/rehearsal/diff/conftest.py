"""The documents of a stack under some settings; each is rehearsed once."""

from __future__ import annotations

from tests.support.documents import changed, documents

__all__ = ["changed", "documents"]

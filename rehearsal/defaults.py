"""What is rehearsed unless something else is asked for."""

from __future__ import annotations

from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
"""The project that this package belongs to."""

DEFAULT_STACK = "cn-northwest-1"

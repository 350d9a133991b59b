"""The command, and a stack's folder for it."""

from __future__ import annotations

from tests.support.cvatctl_command import run, stack

__all__ = ["run", "stack"]

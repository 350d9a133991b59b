"""The error that ends a command with a sentence."""

from __future__ import annotations


class CommandError(Exception):
    """The command cannot do its work. `str()` names the cause, the rule and the remedy, for the operator."""

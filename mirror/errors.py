"""The error that ends the command with a sentence."""

from __future__ import annotations


class MirrorError(Exception):
    """`str()` names the cause and the remedy, for the person at the terminal."""

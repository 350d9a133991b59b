"""The table of bridges, and how one is built."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

MOTO_PATCHES: dict[str, Callable[[ExitStack], None]] = {}
"""By name. Each enters its patches into the stack that it is given."""


def bridge(function: Callable[[ExitStack], None]) -> Callable[[ExitStack], None]:
    """Put a function into the table."""
    MOTO_PATCHES[function.__name__] = function
    return function


def after(stack: ExitStack, owner: Any, name: str, then: Callable[..., Any]) -> None:
    """Let `then(result, self, *arguments)` change what a method of moto returns."""
    original = getattr(owner, name)

    def replaced(self: Any, *args: Any, **kwargs: Any) -> Any:
        return then(original(self, *args, **kwargs), self, *args, **kwargs)

    stack.enter_context(mock.patch.object(owner, name, replaced))

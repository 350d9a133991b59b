"""All that is wrong with what the settings name, said at once: an operator corrects everything in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pulumi

Answer = TypeVar("Answer")


class ExistingError(pulumi.RunError):
    """What exists already does not fit the stack; one sentence a line, shown without a traceback."""

    def __init__(self, problems: Iterable[str]) -> None:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"What the settings name cannot be used:{lines}")


class Problems:
    """Collects sentences: key, value, rule, remedy."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, sentences: Iterable[str]) -> None:
        self._found += sentences

    def ask(self, key: str, value: str, question: Callable[[], Answer]) -> Answer | None:
        """AWS's answer; None, and a problem, where AWS refuses to give one: mostly the thing does not exist."""
        try:
            return question()
        except Exception as error:  # Pulumi raises nothing finer for a lookup that failed
            said = " ".join(str(error).removesuffix("()").split())
            self._found.append(
                f"cvat:{key} = {value}: AWS does not show it ({said}). Name one of this account and region that exists."
            )
            return None

    def check(self) -> None:
        """Raise ExistingError if there are any."""
        if self._found:
            raise ExistingError(self._found)

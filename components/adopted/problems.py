"""All that is wrong with existing resources that the settings name, reported at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import pulumi

Answer = TypeVar("Answer")
_EXISTING = "Name one of this account and region that exists."


class AdoptionError(pulumi.RunError):
    """Existing resources do not fit the stack; one sentence a line. Pulumi shows a RunError without a traceback."""

    def __init__(self, problems: Iterable[str]) -> None:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"What the settings name cannot be used:{lines}")


class Problems:
    """Collects sentences: key, value, rule, remedy."""

    def __init__(self) -> None:
        self._sentences: list[str] = []

    def add(self, sentences: Iterable[str]) -> None:
        self._sentences += sentences

    def ask(self, key: str, value: str, question: Callable[[], Answer], remedy: str = _EXISTING) -> Answer | None:
        """AWS's answer; where AWS refuses one (mostly, the resource does not exist), None and a problem."""
        try:
            return question()
        except Exception as error:  # Pulumi raises nothing finer for a lookup that failed
            reason = " ".join(str(error).removesuffix("()").split())
            self._sentences.append(f"cvat:{key} = {value}: AWS does not show it ({reason}). {remedy}")
            return None

    def check(self) -> None:
        """Raises AdoptionError if there are any."""
        if self._sentences:
            raise AdoptionError(self._sentences)

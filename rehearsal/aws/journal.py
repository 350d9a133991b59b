"""What was done for a resource whose creation failed half-way, so that the next run completes it.

Pulumi keeps such a resource in its state, with the errors of its initialisation, and the next update carries out what
is missing. Here the next run's create repeats its calls: those that succeeded before are answered from the journal, and
the first one that is not in it goes to the account.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

READS = ("Describe", "Get", "List", "Head")
"""Calls that change nothing are never answered from the past."""


@dataclass(frozen=True)
class Entry:
    """One call that succeeded."""

    call: str
    """service:Operation."""
    parameters: Mapping[str, Any]
    answer: Mapping[str, Any]


@dataclass
class Journal:
    """Of one account; belongs to one resource at a time."""

    _half_made: dict[str, list[Entry]] = field(default_factory=dict)
    """By URN."""
    _now: list[Entry] | None = None
    _before: list[Entry] = field(default_factory=list)

    @contextmanager
    def of(self, urn: str, keep: bool = True) -> Iterator[None]:
        """While a resource is made; `keep=False` for those that Pulumi forgets when their creation fails."""
        outer = self._now, self._before
        self._now, self._before = ([], self._half_made.pop(urn, [])) if keep else (None, [])
        try:
            yield
        except BaseException:
            if self._now:
                self._half_made[urn] = self._now
            raise
        finally:
            self._now, self._before = outer

    def made(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """The answer to a call that succeeded when the same resource was tried before; None if it must be made."""
        if not self._before or operation.startswith(READS):
            return None
        entry = self._before[0]
        if (entry.call, entry.parameters) != (f"{service}:{operation}", parameters):
            return None
        self._before.pop(0)
        if self._now is not None:
            self._now.append(entry)
        return copy.deepcopy(entry.answer)

    def note(self, service: str, operation: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Remember a call that succeeded."""
        if self._now is not None and not operation.startswith(READS):
            self._now.append(Entry(f"{service}:{operation}", parameters, copy.deepcopy(answer)))

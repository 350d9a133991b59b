"""The calls of a resource whose creation failed half-way, so that the next run completes it.

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
    """Of one account; belongs to one subject (such as a resource) at a time."""

    _unfinished: dict[str, list[Entry]] = field(default_factory=dict)
    """By subject."""
    _recording: list[Entry] | None = None
    _replaying: list[Entry] = field(default_factory=list)

    @contextmanager
    def of(self, subject: str, keep: bool = True) -> Iterator[None]:
        """While a subject is made; `keep=False` for those that Pulumi forgets when their creation fails."""
        outer = self._recording, self._replaying
        self._recording, self._replaying = ([], self._unfinished.pop(subject, [])) if keep else (None, [])
        try:
            yield
        except BaseException:
            if self._recording:
                self._unfinished[subject] = self._recording
            raise
        finally:
            self._recording, self._replaying = outer

    def answer(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Any:
        """The answer to a call that succeeded when the same subject was tried before; None if it must be made."""
        if not self._replaying or operation.startswith(READS):
            return None
        entry = self._replaying[0]
        if (entry.call, entry.parameters) != (f"{service}:{operation}", parameters):
            return None
        self._replaying.pop(0)
        if self._recording is not None:
            self._recording.append(entry)
        return copy.deepcopy(entry.answer)

    def note(self, service: str, operation: str, parameters: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Remember a call that succeeded."""
        if self._recording is not None and not operation.startswith(READS):
            self._recording.append(Entry(f"{service}:{operation}", parameters, copy.deepcopy(answer)))

"""EventBridge's patterns, as far as this project's rules use them: one value that a path reaches is enough."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.errors import RehearsalError


def fits(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether every key of the pattern fits. A path leads into each element of a list on its way."""
    for key, wanted in pattern.items():
        values = list(_reached(event, key))
        if isinstance(wanted, Mapping):
            if not any(fits(wanted, value) for value in values) and not _spread(wanted, values):
                return False
        elif not any(_matches(one, value) for one in wanted for value in _flat(values)):
            return False
    return True


def _spread(wanted: Mapping[str, Any], values: Sequence[Any]) -> bool:
    """A list of objects fits as a whole: each key may fit another of its elements."""
    elements = [one for value in values if isinstance(value, list) for one in value]
    return bool(elements) and all(any(fits({key: rule}, one) for one in elements) for key, rule in wanted.items())


def _reached(event: Any, key: str) -> Iterator[Any]:
    if isinstance(event, Mapping) and key in event:
        yield event[key]


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _matches(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(wanted == value)
    ((how, what),) = wanted.items()
    if how == "prefix":
        return isinstance(value, str) and value.startswith(what)
    if how == "anything-but":
        return value not in (what if isinstance(what, list) else [what])
    raise RehearsalError(
        f"The filter '{how}' of an event pattern is not rehearsed: see rehearsal/aws/event_patterns.py."
    )

"""Matches events against EventBridge's patterns, as far as this project's rules use them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.errors import RehearsalError


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Whether every key of the pattern matches. A path leads into each element of a list; one match is enough."""
    for key, rule in pattern.items():
        values = [event[key]] if isinstance(event, Mapping) and key in event else []
        if isinstance(rule, Mapping):
            if not any(matches(rule, value) for value in values) and not _matches_elements(rule, values):
                return False
        elif not any(_matches(filter_, value) for filter_ in rule for value in _flat(values)):
            return False
    return True


def _matches_elements(rule: Mapping[str, Any], values: Sequence[Any]) -> bool:
    """A list of objects matches as a whole: each key may match another of its elements."""
    elements = [element for value in values if isinstance(value, list) for element in value]
    return bool(elements) and all(
        any(matches({key: nested}, element) for element in elements) for key, nested in rule.items()
    )


def _flat(values: Sequence[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from value
        else:
            yield value


def _matches(filter_: Any, value: Any) -> bool:
    if not isinstance(filter_, Mapping):
        return bool(filter_ == value)
    ((kind, operand),) = filter_.items()
    if kind == "prefix":
        return isinstance(value, str) and value.startswith(operand)
    if kind == "anything-but":
        return value not in (operand if isinstance(operand, list) else [operand])
    raise RehearsalError(
        f"The filter '{kind}' of an event pattern is not rehearsed: see rehearsal/aws/event_patterns.py."
    )

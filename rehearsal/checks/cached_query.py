"""How checks ask the account: each query once, over all pages; and how they give a verdict."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from rehearsal.result import Rehearsal, Verdict

Described = dict[str, Any]
"""Something as a describe call shows it."""

P = ParamSpec("P")
T = TypeVar("T")

_answers: dict[tuple[Any, ...], Any] | None = None
"""While all checks run one after the other: what the account has answered. Between two checks nothing changes."""


@contextmanager
def remembering() -> Iterator[None]:
    """Each cached query is asked once until the block ends."""
    global _answers  # noqa: PLW0603  (only one account can be open in a process)
    _answers = {}
    try:
        yield
    finally:
        _answers = None


def cached_query(ask: Callable[Concatenate[Rehearsal, P], T], /) -> Callable[Concatenate[Rehearsal, P], T]:
    """A function of the rehearsal and plain arguments whose answer is remembered."""

    @functools.wraps(ask)
    def remembered(rehearsal: Rehearsal, /, *args: P.args, **kwargs: P.kwargs) -> T:
        if _answers is None:
            return ask(rehearsal, *args, **kwargs)
        key = (ask, rehearsal.stack, args, tuple(sorted(kwargs.items())))
        if key not in _answers:
            _answers[key] = ask(rehearsal, *args, **kwargs)
        answer: T = _answers[key]
        return answer

    return remembered


def verdict(name: str, findings: list[str], seen: int) -> Verdict:
    """Holds if something was looked at and nothing is wrong with it."""
    if not seen:
        findings = [*findings, "There was nothing to look at, so nothing is proved."]
    return Verdict(name, not findings, tuple(findings), seen)


def tag(described: Described, key: str) -> str:
    """The value of one tag, or empty."""
    return next((pair["Value"] for pair in described.get("Tags", []) if pair["Key"] == key), "")


def paged(client: Any, operation: str, member: str, **parameters: Any) -> list[Described]:
    """All items of an operation, over all its pages where it has pages."""
    if not client.can_paginate(operation):
        return list(getattr(client, operation)(**parameters)[member])
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page[member]]

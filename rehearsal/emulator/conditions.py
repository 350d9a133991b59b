"""Conditions of IAM policies, as far as resource policies of this project use them."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.errors import RehearsalError


def applies(condition: Mapping[str, Mapping[str, Any]] | None, context: Mapping[str, str]) -> bool:
    """Whether a statement's Condition holds in a request context (names of keys in lower case).

    As IAM has it, a key that the request lacks fails a positive operator and passes a negated one.
    """
    for operator, wanted in (condition or {}).items():
        base = operator.removesuffix("IfExists")
        for key, values in wanted.items():
            given = context.get(key.lower())
            if given is None and base != operator:
                continue
            if not _holds(base, given, values if isinstance(values, list) else [values]):
                return False
    return True


def _holds(operator: str, given: str | None, values: Sequence[Any]) -> bool:
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    if operator in ("Bool", "StringEquals", "ArnEquals", "StringEqualsIgnoreCase"):
        return given is not None and given in texts
    if operator in ("StringLike", "ArnLike"):
        return given is not None and any(fnmatch.fnmatchcase(given, text) for text in texts)
    if operator in ("StringNotEquals", "ArnNotEquals"):
        return given is None or given not in texts
    if operator in ("StringNotLike", "ArnNotLike"):
        return given is None or not any(fnmatch.fnmatchcase(given, text) for text in texts)
    raise RehearsalError(
        f"The condition operator {operator} is not rehearsed: add it to rehearsal/emulator/conditions.py."
    )

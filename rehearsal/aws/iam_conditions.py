"""Conditions and wildcards of IAM policies, as far as policies of this project use them."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.errors import RehearsalError


@functools.cache
def _pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", text))
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def like(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether a text matches a pattern of IAM's: * is any text, ? any character, and nothing else is special."""
    return _pattern(pattern, ignore_case).fullmatch(text) is not None


def applies(condition: Mapping[str, Mapping[str, Any]] | None, context: Mapping[str, str]) -> bool:
    """Whether a statement's Condition holds in a request context (names of keys in lower case).

    As IAM has it, a key that the request lacks fails a positive operator and passes a negated one.
    """
    for operator, tests in (condition or {}).items():
        base = operator.removesuffix("IfExists")
        for key, values in tests.items():
            actual = context.get(key.lower())
            if actual is None and base != operator:
                continue
            if not _holds(base, actual, values if isinstance(values, list) else [values]):
                return False
    return True


def _equal(value: str, actual: str) -> bool:
    return value == actual


def _equal_text(value: str, actual: str) -> bool:
    return value.casefold() == actual.casefold()


def _in_range(cidr: str, actual: str) -> bool:
    return ipaddress.ip_address(actual) in ipaddress.ip_network(cidr, strict=False)


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "Bool": _equal_text,
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_text,
    "StringLike": like,
    "ArnEquals": like,  # IAM: ArnEquals and ArnLike behave alike
    "ArnLike": like,
    "IpAddress": _in_range,
}
"""By name; each has a negation: StringNotEquals, NotIpAddress."""

_NEGATIONS = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
}


def _holds(operator: str, actual: str | None, values: Sequence[Any]) -> bool:
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    if operator == "Null":
        return (actual is None) == (texts == ["true"])
    if operator in _OPERATORS:
        return actual is not None and any(_OPERATORS[operator](text, actual) for text in texts)
    if operator in _NEGATIONS:
        return actual is None or not any(_OPERATORS[_NEGATIONS[operator]](text, actual) for text in texts)
    raise RehearsalError(
        f"The condition operator {operator} is not rehearsed: add it to rehearsal/aws/iam_conditions.py."
    )

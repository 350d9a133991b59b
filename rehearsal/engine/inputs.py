"""The inputs of one registration, and which of them were used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi.runtime import rpc

from rehearsal.errors import RehearsalError


def plain(value: Any) -> Any:
    """A value from the wire: secrets unwrapped, and whole numbers as int (protobuf knows only floats)."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}  # protobuf's maps have no order of their own
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def secret_keys(values: Mapping[str, Any]) -> frozenset[str]:
    """Names of the top-level properties that hold a secret (the wire format marks only these)."""
    return frozenset(key for key, value in values.items() if rpc.is_rpc_secret(value))


def with_defaults(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The values, and the defaults of those that are missing, by dotted path. Of a list, each item has its own."""
    filled = dict(values)
    for path, default in defaults.items():
        key, _, below = path.partition(".")
        if not below:
            filled.setdefault(key, default)
        elif isinstance(filled.get(key), list):
            filled[key] = [with_defaults(item, {below: default}) for item in filled[key]]
        elif key in filled:
            filled[key] = with_defaults(filled[key], {below: default})
    return filled


class Inputs:
    """A resource's inputs; remembers which were taken, so that none is dropped in silence."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        """`values` by their Pulumi names (camelCase)."""
        self._values = dict(values)
        self._taken: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def take(self, key: str, default: Any = None) -> Any:
        """The value of `key`, or the default; marks it as used."""
        self._taken.add(key)
        return self._values.get(key, default)

    def require(self, key: str) -> Any:
        """Like take, but the input must have been given."""
        if key not in self._values:
            raise RehearsalError(f"{key}: this input is required and was not given.")
        return self.take(key)

    def peek(self, key: str, default: Any = None) -> Any:
        """The value without marking it as used."""
        return self._values.get(key, default)

    def put(self, key: str, value: Any) -> None:
        """Set or replace an input that has still to be used."""
        self._values[key] = value
        self._taken.discard(key)

    def unused(self) -> dict[str, Any]:
        """Inputs that have not been taken, in the program's order."""
        return {key: value for key, value in self._values.items() if key not in self._taken}

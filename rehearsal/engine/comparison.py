"""Inputs as a flat table of paths, and where two tables differ: for the engine's plans and for `rehearsal diff`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

NAMES = ("name", "Name", "Sid", "key", "containerName", "hostname", "containerHostname", "path")
"""Members that tell the items of a list apart, in order of preference."""

ORDERED = ("command", "entryPoint")
"""Lists of plain values whose order means something; all others are sets, such as subnets."""


def flat(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Every value by its dotted path. JSON texts are parsed; a list of plain values is one value."""
    table: dict[str, Any] = {}
    for key in inputs:
        _flatten(table, key, inputs[key])
    return table


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Paths of two flat tables whose values differ, sorted. 1 and True differ; None and a missing path do not."""
    paths = []
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if before != after or type(before) is not type(after):
            paths.append(path)
    return paths


def _flatten(table: dict[str, Any], path: str, value: Any) -> None:
    value = _parsed(value)
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            _flatten(table, f"{path}.{key}", value[key])
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        for key, item in _keyed(value):
            _flatten(table, f"{path}.{key}", item)
    else:
        ordered = path.rpartition(".")[2] in ORDERED
        table[path] = sorted(value, key=str) if isinstance(value, list) and not ordered else value


def _parsed(value: Any) -> Any:
    """What a JSON text holds; anything else as it is."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _keyed(items: list[Any]) -> list[tuple[str, Any]]:
    """Items with a key each: what names them, or else their index."""
    for name in NAMES:
        keys = [str(item[name]) for item in items if isinstance(item, Mapping) and name in item]
        if len(keys) == len(items) == len(set(keys)):
            return list(zip(keys, items, strict=True))
    return [(str(index), item) for index, item in enumerate(items)]

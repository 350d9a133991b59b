"""From Pulumi's spelling of a value to the API's: names, tags, lists and numbers, led by botocore's service model.

botocore then refuses what does not fit, so a misspelt or mistyped input cannot pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from rehearsal.errors import RehearsalError

Renames = Mapping[str, str]
"""Pulumi name, or a dotted path of Pulumi names, to the API's member name. `""` drops into the parent's members."""


def squash(name: str) -> str:
    """A name without case and punctuation: transitionToIa and TransitionToIA are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def member(shape: StructureShape, key: str, path: str, renames: Renames) -> str | None:
    """Which member of the structure the Pulumi name stands for; None if there is none."""
    if path in renames:
        return renames[path]
    squashed = squash(key)
    for name in shape.members:
        if squash(name) == squashed:
            return str(name)
    return None


def is_tag_list(shape: Shape) -> bool:
    """Whether the API wants tags as [{Key, Value}] (KMS: TagKey, TagValue)."""
    if not isinstance(shape, ListShape) or not isinstance(shape.member, StructureShape):
        return False
    return set(_pair(shape)) == {"key", "value"}


def _pair(shape: ListShape) -> dict[str, str]:
    """The API's names for a tag's key and value."""
    return {squash(name).removeprefix("tag"): name for name in shape.member.members}


def tag_list(tags: Mapping[str, str], shape: ListShape) -> list[dict[str, str]]:
    """Tags as the API's list of pairs, in its own casing."""
    names = _pair(shape)
    return [{names["key"]: key, names["value"]: value} for key, value in tags.items()]


def convert(value: Any, shape: Shape, path: str, renames: Renames) -> Any:
    """The value in the API's shape; `path` is its dotted Pulumi name, for messages and renames."""
    if isinstance(shape, StructureShape):
        return _structure(value, shape, path, renames)
    if isinstance(shape, ListShape):
        if isinstance(value, Mapping) and is_tag_list(shape):
            return tag_list(value, shape)
        if not isinstance(value, list):
            raise RehearsalError(f"{path}: the API expects a list, got {value!r}.")
        return [convert(item, shape.member, path, renames) for item in value]
    if isinstance(shape, MapShape):
        if not isinstance(value, Mapping):
            raise RehearsalError(f"{path}: the API expects a map, got {value!r}.")
        return {str(key): convert(item, shape.value, f"{path}.{key}", renames) for key, item in value.items()}
    if shape.type_name in ("double", "float") and isinstance(value, int | str) and not isinstance(value, bool):
        return float(value)  # the provider has numbers that may be absent as texts
    return value


def _structure(value: Any, shape: StructureShape, path: str, renames: Renames) -> dict[str, Any]:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]  # a Terraform block of which there may be one
    if not isinstance(value, Mapping):
        raise RehearsalError(f"{path}: the API expects an object, got {value!r}.")
    result = {}
    for key, item in value.items():
        inner = f"{path}.{key}" if path else str(key)
        name = member(shape, str(key), inner, renames)
        if name is None or name not in shape.members:
            raise RehearsalError(
                f"{inner}: the API's {shape.name} has no such member; the rehearsal does not carry it."
            )
        result[name] = convert(item, shape.members[name], inner, renames)
    return result


def request(operation: OperationModel, values: Mapping[str, Any], renames: Renames) -> tuple[dict[str, Any], set[str]]:
    """Request members for those of `values` that the operation knows, and which values these were."""
    shape = operation.input_shape
    carried: dict[str, Any] = {}
    used: set[str] = set()
    if shape is None:
        return carried, used
    for key, value in values.items():
        name = member(shape, key, key, renames)
        if name is not None and name in shape.members:
            carried[name] = convert(value, shape.members[name], key, renames)
            used.add(key)
    return carried, used

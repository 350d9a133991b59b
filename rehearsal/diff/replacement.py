"""What a changed input of a document's resource does. Documents hold no code, so dynamic providers cannot be asked."""

from __future__ import annotations

from typing import Any

from rehearsal.diff.model import Resource
from rehearsal.providers import replacement

NEW_IDENTITY = frozenset({"docker:index/image:Image", "pulumi-python:dynamic/cvat:RunOnce"})
"""Types whose identity (digest, task) is another after any change, though they are not replaced."""

TRIGGERS: dict[str, frozenset[str]] = {
    "pulumi-python:dynamic/cvat:RunOnce": frozenset({"task_definition", "demo_data", "admin_user"}),
    "pulumi-python:dynamic/cvat:DatabaseSwitch": frozenset({"instance", "state"}),
    "pulumi-python:dynamic/cvat:DatabaseStart": frozenset({"settings"}),
    "pulumi-python:dynamic/cvat:DatabaseRest": frozenset({"causes", "hours", "zone", "profile"}),
    "pulumi-python:dynamic/cvat:Awake": frozenset({"scheduled"}),
    "pulumi-python:dynamic/cvat:ImageTag": frozenset({"repository", "content"}),
}
"""Dynamic resources whose provider reads some inputs only; other inputs have no effect."""


def has_effect(resource: Resource, path: str) -> bool:
    """Whether another value at this dotted path does anything."""
    triggers = TRIGGERS.get(resource.type)
    return triggers is None or path.partition(".")[0] in triggers


def replaces(resource_type: str, path: str, old: Any, new: Any) -> bool:
    """Whether the provider replaces the resource when the value at this dotted path changes."""
    if resource_type.startswith("pulumi-python:dynamic"):
        return resource_type not in TRIGGERS  # an unknown one: better a needless warning
    return replacement.replaces(resource_type, path, old, new)

"""A resource as a rule sees it, and what a rule is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from region import Region


class NotKnownError(Exception):
    """A rule needs a value that is known only after the deployment."""


class Unknown:
    """Placeholder for such a value in a preview; reading it raises NotKnownError."""

    def _raise(self, *_: object) -> NoReturn:
        raise NotKnownError

    __str__ = __bool__ = __eq__ = __hash__ = _raise


@dataclass(frozen=True)
class Resource:
    """One resource as its program requests it."""

    type: str
    """Pulumi's type token, e.g. aws:rds/instance:Instance."""
    name: str
    """Logical name."""
    inputs: Mapping[str, Any]
    """By Pulumi's names."""
    protect: bool | None = None
    """Pulumi's option of that name; None where it is not known."""

    def get(self, path: str, default: Any = None) -> Any:
        """A nested input by its dotted path. Raises NotKnownError."""
        value: Any = self.inputs
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        if isinstance(value, Unknown):
            raise NotKnownError
        return value


@dataclass(frozen=True)
class Context:
    """The stack that the resources belong to."""

    region: Region
    project: str
    stack: str
    disposable: bool = False
    """Whether the stack's data may be lost (cvat:disposable)."""
    enable_exec: bool = False
    """Whether ECS Exec is allowed (cvat:enableExec)."""


Check = Callable[[Resource, Context], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """One invariant."""

    name: str
    """In kebab case, as Pulumi names policies."""
    description: str
    check: Check
    """Yields a sentence for each fault: what is wrong, and the remedy."""


@dataclass(frozen=True)
class Violation:
    """One fault of one resource."""

    rule: str
    resource: Resource
    text: str

    def __str__(self) -> str:
        return f"{self.resource.type} '{self.resource.name}': {self.text}"


def rule(name: str, description: str) -> Callable[[Check], Rule]:
    """Decorator: turns a check into a Rule."""
    return lambda check: Rule(name, description, check)


def listed(value: Any) -> list[Any]:
    """A single value as a list of one, None as an empty list."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def parsed(value: Any) -> Any:
    """JSON text as the value it encodes; anything else unchanged."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document, given as JSON text or as an object."""
    content = parsed(document)
    if not isinstance(content, Mapping):
        return []
    return [dict(statement) for statement in listed(content.get("Statement")) if isinstance(statement, Mapping)]


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of every known string in a value, JSON text included."""
    value = parsed(value)
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from strings(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def containers(resource: Resource) -> list[dict[str, Any]]:
    """Containers of a task definition or a SageMaker model: name, image, environment as a mapping, and of a task
    whether its root file system is read-only."""
    if resource.type == "aws:ecs/taskDefinition:TaskDefinition":
        definitions = listed(parsed(resource.get("containerDefinitions")))
        return [
            {
                "name": definition.get("name"),
                "image": definition.get("image"),
                "environment": {pair["name"]: pair.get("value") for pair in listed(definition.get("environment"))},
                "readonlyRootFilesystem": definition.get("readonlyRootFilesystem"),
            }
            for definition in definitions
            if isinstance(definition, Mapping)
        ]
    if resource.type == "aws:sagemaker/model:Model":
        definitions = listed(resource.get("containers")) or listed(resource.get("primaryContainer"))
        return [
            {
                "name": definition.get("containerHostname", resource.name),
                "image": definition.get("image"),
                "environment": dict(definition.get("environment") or {}),
            }
            for definition in definitions
        ]
    return []

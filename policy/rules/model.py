"""What the rules are about, and what a rule is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


class NotKnownError(Exception):
    """A rule needs a value that only the deployment will tell."""


class Unknown:
    """Stands for such a value in a preview; whoever looks at it is told so."""

    def _tell(self, *_: object) -> NoReturn:
        raise NotKnownError

    __str__ = __bool__ = __eq__ = __hash__ = _tell


@dataclass(frozen=True)
class Thing:
    """One resource as its program asks for it."""

    type: str
    """Pulumi's type token, e.g. aws:rds/instance:Instance."""
    name: str
    """Logical name."""
    inputs: Mapping[str, Any]
    """By Pulumi's names."""
    protect: bool | None = None
    """Pulumi's option of that name; None where it is not known."""

    def get(self, path: str, default: Any = None) -> Any:
        """A nested input by its dotted path."""
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
    """What the rules must know beside the resource."""

    region: str
    project: str
    stack: str
    disposable: bool = False
    """Whether the stack says that its data may be lost."""

    @property
    def partition(self) -> str:
        """Partition of the region, as in ARNs."""
        for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(prefix):
                return name
        return "aws"


Check = Callable[[Thing, Context], Iterator[str]]


@dataclass(frozen=True)
class Rule:
    """One invariant."""

    name: str
    """In kebab case, as policies are named."""
    description: str
    check: Check
    """Gives a sentence for each fault: what is wrong, and what to do."""


@dataclass(frozen=True)
class Violation:
    """One fault."""

    rule: str
    thing: Thing
    text: str

    def __str__(self) -> str:
        return f"{self.thing.type} '{self.thing.name}': {self.text}"


def rule(name: str, description: str) -> Callable[[Check], Rule]:
    """Makes a rule of a function."""
    return lambda check: Rule(name, description, check)


def listed(value: Any) -> list[Any]:
    """One or many, as a list."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def opened(value: Any) -> Any:
    """JSON text as what it holds; anything else as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def statements(document: Any) -> list[dict[str, Any]]:
    """The statements of a policy document, given as JSON text or as an object."""
    content = opened(document)
    if not isinstance(content, Mapping):
        return []
    return [dict(one) for one in listed(content.get("Statement")) if isinstance(one, Mapping)]


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a value with its path, as far as they are known; JSON text is looked into."""
    value = opened(value)
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from texts(item, f"{path}[{index}]")
    elif isinstance(value, str):
        yield path, value


def containers(thing: Thing) -> list[dict[str, Any]]:
    """Containers of a task definition or a SageMaker model: name, image, environment as a mapping."""
    if thing.type == "aws:ecs/taskDefinition:TaskDefinition":
        found = [one for one in listed(opened(thing.get("containerDefinitions"))) if isinstance(one, Mapping)]
        return [
            {
                "name": one.get("name"),
                "image": one.get("image"),
                "environment": {pair["name"]: pair.get("value") for pair in listed(one.get("environment"))},
            }
            for one in found
        ]
    if thing.type == "aws:sagemaker/model:Model":
        found = listed(thing.get("containers")) or listed(thing.get("primaryContainer"))
        return [
            {
                "name": one.get("containerHostname", thing.name),
                "image": one.get("image"),
                "environment": dict(one.get("environment") or {}),
            }
            for one in found
        ]
    return []

"""Roles for reading: whom they trust, what each statement allows on what, and who uses which secret."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.report.description import Description, Role, definitions
from rehearsal.report.stable import Names


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """With logical names."""
    condition: str
    wide: bool
    """Whether it allows something on every resource without a condition."""


@dataclass(frozen=True)
class Permissions:
    """One role."""

    name: str
    trusted: tuple[str, ...]
    statements: tuple[Statement, ...]
    attached: tuple[str, ...]


@dataclass(frozen=True)
class Use:
    """A secret, and which container gets which of its keys as which variable."""

    name: str
    description: str
    keys: tuple[str, ...]
    readers: tuple[str, ...]


def roles(facts: Description) -> tuple[Permissions, ...]:
    """All roles, by name."""
    names = Names(list(facts.records))
    return tuple(_permissions(role, names) for role in sorted(facts.roles, key=lambda one: one.name))


def _permissions(role: Role, names: Names) -> Permissions:
    trusted = sorted(
        {who for one in _many(role.trust.get("Statement")) for who in _principals(one.get("Principal", {}))}
    )
    statements = [_statement(one, names) for policy in role.policies.values() for one in _many(policy.get("Statement"))]
    return Permissions(role.name, tuple(trusted), tuple(statements), role.attached)


def _statement(one: Mapping[str, Any], names: Names) -> Statement:
    resources = tuple(map(str, _many(names.of(one.get("Resource", [])))))
    condition = one.get("Condition")
    return Statement(
        effect=str(one.get("Effect", "")),
        actions=tuple(map(str, _many(one.get("Action", [])))),
        resources=resources,
        condition=json.dumps(names.of(condition), ensure_ascii=False) if condition else "",
        wide="*" in resources and one.get("Effect") == "Allow" and not condition,
    )


def _principals(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for kind in value:
            yield from (str(who) for who in _many(value[kind]))
    else:
        yield str(value)


def _many(value: Any) -> list[Any]:
    """IAM lets a list of one be written without brackets."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def secrets(facts: Description) -> tuple[Use, ...]:
    """All secrets by name and key, never by value."""
    readers = list(_readers(facts))
    return tuple(
        Use(
            name=secret.name,
            description=secret.description,
            keys=secret.keys,
            readers=_by_variable((who, variable) for who, variable, source in readers if source.startswith(secret.arn)),
        )
        for secret in sorted(facts.secrets, key=lambda one: one.name)
    )


def _by_variable(uses: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Each variable with the containers that get it."""
    found: dict[str, set[str]] = {}
    for who, variable in uses:
        found.setdefault(variable, set()).add(who)
    return tuple(f"{variable}: {', '.join(sorted(found[variable]))}" for variable in sorted(found))


def _readers(facts: Description) -> Iterator[tuple[str, str, str]]:
    for record in facts.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        for container in definitions(record):
            for secret in container.get("secrets") or []:
                yield container["name"], secret["name"], secret["valueFrom"]

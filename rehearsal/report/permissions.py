"""Roles for reading: whom they trust, what each statement allows on what, and who uses which secret."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.iam_evaluator import as_list
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


def roles(description: Description) -> tuple[Permissions, ...]:
    """All roles, by name."""
    names = Names(list(description.records))
    return tuple(_permissions(role, names) for role in sorted(description.roles, key=lambda role: role.name))


def _permissions(role: Role, names: Names) -> Permissions:
    trust = as_list(role.trust.get("Statement"))
    trusted = sorted({who for statement in trust for who in _principals(statement.get("Principal", {}))})
    statements = [
        _statement(statement, names)
        for policy in role.policies.values()
        for statement in as_list(policy.get("Statement"))
    ]
    return Permissions(role.name, tuple(trusted), tuple(statements), role.attached)


def _statement(statement: Mapping[str, Any], names: Names) -> Statement:
    resources = tuple(map(str, as_list(names.of(statement.get("Resource", [])))))
    condition = statement.get("Condition")
    return Statement(
        effect=str(statement.get("Effect", "")),
        actions=tuple(map(str, as_list(statement.get("Action", [])))),
        resources=resources,
        condition=json.dumps(names.of(condition), ensure_ascii=False) if condition else "",
        wide="*" in resources and statement.get("Effect") == "Allow" and not condition,
    )


def _principals(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for kind in value:
            yield from (str(who) for who in as_list(value[kind]))
    else:
        yield str(value)


def secrets(description: Description) -> tuple[Use, ...]:
    """All secrets by name and key, never by value."""
    readers = list(_readers(description))
    return tuple(
        Use(
            name=secret.name,
            description=secret.description,
            keys=secret.keys,
            readers=_by_variable((name, variable) for name, variable, arn in readers if arn.startswith(secret.arn)),
        )
        for secret in sorted(description.secrets, key=lambda secret: secret.name)
    )


def _by_variable(uses: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Each variable with the containers that get it."""
    containers: dict[str, set[str]] = {}
    for container, variable in uses:
        containers.setdefault(variable, set()).add(container)
    return tuple(f"{variable}: {', '.join(sorted(containers[variable]))}" for variable in sorted(containers))


def _readers(description: Description) -> Iterator[tuple[str, str, str]]:
    for record in description.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        for container in definitions(record):
            for secret in container.get("secrets") or []:
                yield container["name"], secret["name"], secret["valueFrom"]

"""The containers of the stack's tasks, with the environment that the processes in them will see."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.checks import stack_queries
from rehearsal.checks.cached_query import Described, cached_query
from rehearsal.result import Rehearsal

SECRET = re.compile(
    r"^(?P<arn>arn:[a-z-]+:secretsmanager:[^:]+:\d+:secret:[^:]+)(?::(?P<key>[^:]*))?(?::[^:]*)?(?::[^:]*)?$"
)
"""`valueFrom` of a secret in a task definition: the secret's ARN, and the JSON key of its value."""

HIDDEN = "x" * 50
"""Stands for a secret that is not in the account: one that an operator named."""


@dataclass(frozen=True)
class Container:
    """A container of a task definition."""

    place: str
    """For a finding: its task definition and its name."""
    definition: Described
    plain: Mapping[str, str]
    """Variables in clear."""
    secret: Mapping[str, str]
    """Variables from Secrets Manager, with their values."""

    @property
    def environment(self) -> dict[str, str]:
        """All variables."""
        return {**self.plain, **self.secret}

    @property
    def command(self) -> list[str]:
        """Arguments of the image's entry point; empty: the image's own."""
        return list(self.definition.get("command", ()))


@cached_query
def containers(rehearsal: Rehearsal) -> list[Container]:
    """All containers of the stack's task definitions."""
    return [
        Container(
            f"Task definition {record.name}, container {container['name']}",
            container,
            variables_of(container),
            {variable["name"]: _value(rehearsal, variable["valueFrom"]) for variable in container.get("secrets", [])},
        )
        for record, definition in stack_queries.task_definitions(rehearsal)
        for container in definition["containerDefinitions"]
    ]


def _value(rehearsal: Rehearsal, value_from: str) -> str:
    """What ECS puts into the variable; that it cannot be read is the finding of another check."""
    match = SECRET.match(value_from)
    value = secret_value(rehearsal, match["arn"], match["key"] or "") if match else None
    return HIDDEN if value is None else value


@cached_query
def secret_value(rehearsal: Rehearsal, arn: str, key: str) -> str | None:
    """The value of a secret, or of one key of it; None where there is none."""
    client = rehearsal.client("secretsmanager")
    try:
        text: str = client.get_secret_value(SecretId=arn)["SecretString"]
        return str(json.loads(text)[key]) if key else text
    except (client.exceptions.ClientError, ValueError, LookupError, TypeError):
        return None


def variables_of(container: Described) -> dict[str, str]:
    """A container definition's variables in clear."""
    return {variable["name"]: variable["value"] for variable in container.get("environment", [])}

"""A stack's state, as `pulumi stack export` writes it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cvatctl.errors import CommandError
from cvatctl.pulumi_cli import ask_pulumi

_REMEDY = "Write it with: pulumi stack export --file state.json"


@dataclass(frozen=True)
class State:
    """What a state knows of AWS."""

    names: frozenset[str]
    """Every id, ARN and other text among the resources' ids and outputs."""
    pending: tuple[str, ...]
    """URNs of resources whose creation began, and of which the state knows no end."""

    def has(self, arn: str) -> bool:
        """Whether a resource of the state has this ARN, or the id at its end."""
        resource = arn.split(":", 5)[-1]
        return not self.names.isdisjoint({arn, resource, resource.rpartition("/")[2], resource.rpartition(":")[2]})


def read_state(stack: str, file: Path | None, project: Path) -> State:
    """The state from a file, or else from the Pulumi CLI. Raises CommandError."""
    if file is None:
        return parse(ask_pulumi(["stack", "export", "--stack", stack], project), "The stack's export")
    try:
        return parse(json.loads(file.read_text(encoding="utf-8")), str(file))
    except OSError as error:
        raise CommandError(f"--state {file} cannot be read ({error.strerror}). {_REMEDY}") from None
    except ValueError as error:
        raise CommandError(f"--state {file} is not JSON ({error}). {_REMEDY}") from None


def parse(document: object, source: str) -> State:
    """The state in the JSON object of an export. Raises CommandError, which names `source`."""
    deployment = document.get("deployment") if isinstance(document, dict) else None
    resources = deployment.get("resources") if isinstance(deployment, dict) else None
    if not isinstance(deployment, dict) or not isinstance(resources, list):
        # An empty state would make every resource of the stack an orphan.
        raise CommandError(f"{source} lacks deployment.resources, so it is not the state of a stack. {_REMEDY}")
    texts = {text for resource in resources for text in _texts([resource.get("id"), resource.get("outputs")])}
    pending = deployment.get("pending_operations") or []
    creating = (operation["resource"]["urn"] for operation in pending if operation.get("type") == "creating")
    return State(frozenset(texts), tuple(sorted(creating)))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)

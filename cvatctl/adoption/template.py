"""The sample's template with deletion policies, so that deleting its stack retains what was adopted."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from cvatctl.errors import CommandError

RETAIN, SNAPSHOT = "Retain", "Snapshot"
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_NOTE = "kept-by"
_NOTE_VALUE = "cvatctl import-cfn"
"""CloudFormation takes a new DeletionPolicy only with another change, and metadata is one that does nothing."""


def retain(template: str | Mapping[str, Any], retained: Sequence[str], snapshot: Sequence[str]) -> str | dict[str, Any]:
    """The template that retains `retained` and takes snapshots of `snapshot` (logical ids).

    Raises CommandError where the template has no such resource.
    """
    policies = dict.fromkeys(retained, RETAIN) | dict.fromkeys(snapshot, SNAPSHOT)
    return _text(template, policies) if isinstance(template, str) else _object(template, policies)


def _object(template: Mapping[str, Any], policies: Mapping[str, str]) -> dict[str, Any]:
    changed: dict[str, Any] = copy.deepcopy(dict(template))
    for name, policy in policies.items():
        resource = changed.get("Resources", {}).get(name)
        if resource is None:
            raise _unknown(name)
        resource |= dict.fromkeys(_POLICIES, policy)
        resource.setdefault("Metadata", {})[_NOTE] = _NOTE_VALUE
    return changed


def _text(template: str, policies: Mapping[str, str]) -> str:
    """Inserts lines, because parsing and writing YAML would lose CloudFormation's short forms and the comments."""
    lines = template.splitlines()
    start = next((number for number, line in enumerate(lines) if re.match(r"Resources:\s*(#.*)?$", line)), 0)
    for name, policy in policies.items():
        at = _line_of(name, lines, start)
        if at is None:
            raise _unknown(name)
        own = lines[at + 1 : _end(lines, at)]
        indent = next((re.match(r"\s*", line) or re.match("", line) for line in own if line.strip()), None)
        space = indent.group() if indent else "    "
        former = tuple(f"{space}{key}:" for key in _POLICIES)
        lines[at + 1 : _end(lines, at)] = [line for line in own if not line.startswith(former)]
        insert = [f"{space}{key}: {policy}" for key in _POLICIES]
        if not any(line.startswith(f"{space}Metadata:") for line in own):
            insert += [f"{space}Metadata:", f"{space}  {_NOTE}: {_NOTE_VALUE}"]
        lines[at + 1 : at + 1] = insert
    return "\n".join(lines) + "\n"


def _line_of(name: str, lines: Sequence[str], start: int) -> int | None:
    """The number of the line that begins the resource."""
    key = re.compile(rf"(\s+)(['\"]?){re.escape(name)}\2:\s*(#.*)?$")
    return next((number for number in range(start, len(lines)) if key.match(lines[number])), None)


def _end(lines: Sequence[str], at: int) -> int:
    """The line after the resource that begins at `at`."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if line.strip() and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= depth:
            return number
    return len(lines)


def _unknown(name: str) -> CommandError:
    return CommandError(
        f"The stack's template has no resource {name}, though the stack has: the template was changed by hand. Add "
        "DeletionPolicy: Retain to network and file system yourself, and follow docs/cvatctl.md."
    )

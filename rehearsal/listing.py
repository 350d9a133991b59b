"""A rehearsal's resources, outputs and last sentence as plain text: for the terminal and for the report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rehearsal.engine.state import Record

if TYPE_CHECKING:
    from rehearsal.result import Rehearsal

SECRET = "[secret]"  # noqa: S105  (what is shown in its place)
UNKNOWN = "[unknown until it exists]"


def short(token: str) -> str:
    """A type token without its repetition: aws:ec2/vpc:Vpc is aws:ec2:Vpc."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    return f"{package}:{module.partition('/')[0]}:{name}"


def is_component(record: Record) -> bool:
    """Whether a record groups others."""
    return not record.custom


class Tree:
    """Records by their parents."""

    def __init__(self, records: Iterable[Record]) -> None:
        listed = list(records)
        known = {record.urn for record in listed}
        self._children: dict[str, list[Record]] = {}
        for record in listed:
            self._children.setdefault(record.parent if record.parent in known else "", []).append(record)

    def of(self, urn: str = "") -> list[Record]:
        """The children of a resource, or those of the stack itself."""
        return self._children.get(urn, [])

    def size(self, urn: str) -> int:
        """How many resources are below."""
        return sum(1 + self.size(child.urn) for child in self.of(urn))

    def kinds(self, urn: str) -> Counter[str]:
        """Resources below, by type, but for those of inner components."""
        counts: Counter[str] = Counter()
        for child in self.of(urn):
            if not is_component(child):
                counts[short(child.type)] += 1
                counts += self.kinds(child.urn)
        return counts

    def lines(self, record: Record, indent: str = "") -> list[str]:
        """A component, the resources in it counted by type, and its inner components."""
        lines = [f"{indent}{short(record.type)} {record.name}  ({self.size(record.urn)} resources)"]
        for kind, count in sorted(self.kinds(record.urn).items()):
            lines.append(f"{indent}    {kind}{f' x {count}' if count > 1 else ''}")
        for child in self.of(record.urn):
            if is_component(child):
                lines += self.lines(child, f"{indent}  ")
        return lines


def tree(records: Iterable[Record]) -> list[str]:
    """The components of a stack with what they hold, and the resources outside any component."""
    whole = Tree(records)
    lines: list[str] = []
    for record in whole.of():
        lines += whole.lines(record) if is_component(record) else [f"{short(record.type)} {record.name}"]
    return lines


def output(rehearsal: Rehearsal, name: str) -> str:
    """An export as it may be shown."""
    if name in rehearsal.secret_outputs:
        return SECRET
    value: Any = rehearsal.outputs[name]
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=lambda _: UNKNOWN)


def ending(rehearsal: Rehearsal) -> str:
    """The last sentence."""
    count = len(rehearsal.resources)
    failed = sum(not verdict.ok for verdict in rehearsal.checks)
    if rehearsal.error:
        trace = f"\n{rehearsal.error.trace}" if rehearsal.error.trace else ""
        return f"It did not succeed; {count} resources exist.\n{rehearsal.error.message}{trace}"
    if not rehearsal.checks:
        return f"{count} resources would be created; a preview creates nothing, so there is nothing to check."
    if failed:
        return f"{count} resources were created, but {failed} of {len(rehearsal.checks)} checks fail."
    return f"{count} resources were created, and all {len(rehearsal.checks)} checks hold."

"""What the person at the terminal sees: progress, the tree, the outputs, the verdicts."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, TextIO

from rehearsal.engine.state import Record
from rehearsal.result import Rehearsal

SECRET = "[secret]"  # noqa: S105  (what is shown in its place)
UNKNOWN = "[unknown until it exists]"
LINE_EVERY = 25
"""Without a terminal, progress is a line for so many resources."""


def short(token: str) -> str:
    """A type token without its repetition: aws:ec2/vpc:Vpc is aws:ec2:Vpc."""
    package, _, rest = token.partition(":")
    module, _, name = rest.partition(":")
    return f"{package}:{module.partition('/')[0]}:{name}"


class Progress:
    """Tells of each resource as it is made: one changing line on a terminal, now and then a line elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """By default it goes to the error stream, so that the result can be piped."""
        stream = stream or sys.stderr
        self._stream = stream
        self._live = stream.isatty()
        self._began = time.monotonic()

    def __call__(self, token: str, name: str, count: int) -> None:
        """A resource is about to be made."""
        text = f"{count:4d} resources  {short(token)} {name}"
        if self._live:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{text[:width]:<{width}}")
        elif count % LINE_EVERY == 1:
            self._stream.write(f"{text}\n")
        self._stream.flush()

    def done(self) -> None:
        """Clear the changing line."""
        if self._live:
            self._stream.write(f"\r{'':<{shutil.get_terminal_size().columns - 1}}\r")
            self._stream.flush()


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
        """How many resources stand below."""
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
        shown = [f"{indent}{short(record.type)} {record.name}  ({self.size(record.urn)} resources)"]
        for kind, count in sorted(self.kinds(record.urn).items()):
            shown.append(f"{indent}    {kind}{f' x {count}' if count > 1 else ''}")
        for child in self.of(record.urn):
            if is_component(child):
                shown += self.lines(child, f"{indent}  ")
        return shown


def tree(records: Iterable[Record]) -> list[str]:
    """The components of a stack with what they hold, and the resources that stand alone."""
    whole = Tree(records)
    shown: list[str] = []
    for record in whole.of():
        shown += whole.lines(record) if is_component(record) else [f"{short(record.type)} {record.name}"]
    return shown


def is_component(record: Record) -> bool:
    """Whether a record groups others."""
    return not record.custom or record.type.startswith("awsx:")


def output(rehearsal: Rehearsal, name: str) -> str:
    """An export as it may be shown."""
    if name in rehearsal.secret_outputs:
        return SECRET
    value: Any = rehearsal.outputs[name]
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=lambda _: UNKNOWN)


def report(rehearsal: Rehearsal, seconds: float) -> list[str]:
    """Everything after the progress, but for where the files lie."""
    lines = [f"Stack {rehearsal.stack} in {rehearsal.region}, rehearsed in an in-memory AWS in {seconds:.1f} s", ""]
    lines += tree(rehearsal.resources)
    if rehearsal.messages:
        lines += ["", "The program says:", *(f"  {message}" for message in rehearsal.messages)]
    if rehearsal.outputs:
        lines += ["", "Outputs:", *(f"  {name}: {output(rehearsal, name)}" for name in rehearsal.outputs)]
    if rehearsal.checks:
        lines += ["", "Checks:"]
    for verdict in rehearsal.checks:
        lines.append(f"  {'holds ' if verdict.ok else 'FAILS '} {verdict.name}  ({verdict.seen} looked at)")
        lines += [f"           {finding}" for finding in verdict.findings]
    return [*lines, "", ending(rehearsal)]


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

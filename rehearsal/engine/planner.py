"""A registration over what exists: is the resource the same, updated in place, or replaced? As Pulumi decides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pulumi

from rehearsal.engine.comparison import differing, flat
from rehearsal.engine.operations import Operations, ProviderDiff
from rehearsal.engine.state import Record

Verb = Literal["same", "updated", "replaced"]


@dataclass(frozen=True)
class Decision:
    """What a registration comes to."""

    verb: Verb
    paths: tuple[str, ...] = ()
    """Dotted paths of the inputs that differ."""
    forced_by: tuple[str, ...] = ()
    """Those that replace the resource."""
    delete_first: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """The top-level inputs that differ."""
        return frozenset(path.partition(".")[0] for path in self.paths)


class Planner:
    """Compares registrations with records."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    def content(self, record: Record) -> dict[str, str]:
        """Digests of what the inputs point to: files change without a change of their path."""
        assets = {
            key: _digest(value)
            for key, value in record.inputs.items()
            if isinstance(value, pulumi.Asset | pulumi.Archive)
        }
        return assets | self._operations.content(record)

    def decide(self, old: Record, record: Record, attempted: Mapping[str, Any] | None) -> Decision:
        """Compare the record (after `with_ignored_inputs`) with what exists.

        `attempted`: inputs of an update that failed half-way, any of which may be in the account.
        """
        if (answer := self._operations.diff(old, record)) is not None:
            return _by_provider(answer, tuple(differing(flat(old.inputs), flat(record.inputs))))
        before, after = _table(old, old.tags), _table(record, self._operations.tags(record))
        paths = set(differing(before, after))
        if attempted is not None:
            partial = _table(replace(old, inputs=attempted, content={}), old.tags)
            paths |= set(differing(partial, after)) - set(self._operations.content(record))
        paths = {path for path in paths if not self._operations.ignores(record.type, path.partition(".")[0])}
        paths = {path for path in paths if not any(f"{path}.".startswith(f"{known}.") for known in old.unknown)}
        if not paths:
            return Decision("same")
        reasons = [path for path in sorted(paths) if self._replaces(record, path, before.get(path), after.get(path))]
        verb: Verb = "replaced" if reasons else "updated"
        return Decision(verb, tuple(sorted(paths)), tuple(reasons), self._delete_first(old, record))

    def _replaces(self, record: Record, path: str, old: Any, new: Any) -> bool:
        return self._operations.replaces(record.type, path, old, new) or any(
            option in ("*", path) or path.startswith(f"{option}.") for option in record.options.replace_on_changes
        )

    def _delete_first(self, old: Record, record: Record) -> bool:
        """As the program's option says; else only where both would have the same physical name."""
        if record.options.delete_before_replace is not None:
            return record.options.delete_before_replace
        return self._operations.has_fixed_name(old, record)


def with_ignored_inputs(old: Record, record: Record) -> Record:
    """The record with the old values of the inputs that `ignore_changes` names."""
    values = dict(record.inputs)
    for path in record.options.ignore_changes:
        key = path.partition(".")[0].partition("[")[0]  # whole inputs only
        values.pop(key, None)
        if key in old.inputs:
            values[key] = old.inputs[key]
    return replace(record, inputs=values)


def _table(record: Record, tags: Mapping[str, str] | None) -> dict[str, Any]:
    """Values to be compared: of files their digests, of tags all that arrive."""
    values = {key: value for key, value in record.inputs.items() if key not in ("tags", *record.content)}
    if tags is not None:
        values["tags"] = dict(tags)
    return flat(values) | dict(record.content)


def _digest(asset: Any) -> str:
    path, text = getattr(asset, "path", None), getattr(asset, "text", None)
    if path and Path(path).is_file():
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return hashlib.sha256(str(text or path).encode()).hexdigest()


def _by_provider(answer: ProviderDiff, paths: tuple[str, ...]) -> Decision:
    if answer.replaces:
        return Decision("replaced", paths, answer.replaces, answer.delete_first)
    changes = bool(paths) if answer.changes is None else answer.changes
    return Decision("updated", paths) if changes else Decision("same")

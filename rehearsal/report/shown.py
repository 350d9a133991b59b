"""Resources as they may be shown: settings as text, secrets never."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal import listing
from rehearsal.engine.state import Record
from rehearsal.listing import SECRET
from rehearsal.report.stable import HIDDEN, Names

SHORTEST_SECRET = 8
"""Shorter values, such as a user's name, are part of any word."""


@dataclass(frozen=True)
class Shown:
    """One resource of the tree."""

    urn: str
    type: str
    name: str
    id: str
    settings: tuple[tuple[str, str], ...]
    """Inputs, by Pulumi's names."""
    answers: tuple[tuple[str, str], ...]
    """Outputs that AWS decided."""
    tags: str
    calls: str
    children: tuple[Shown, ...]
    size: int
    """How many resources stand below."""


class Redactor:
    """Replaces known secrets wherever they occur: in marked inputs, and in any text that contains them."""

    def __init__(self, records: Iterable[Record]) -> None:
        marked: set[str] = set()
        answered: set[str] = set()
        for record in records:
            for values in (record.inputs, record.outputs):
                for key in record.secrets:
                    marked.update(text for text in _texts(values.get(key)) if len(text) >= SHORTEST_SECRET)
            for key in record.outputs.keys() - record.inputs.keys() - record.secrets:
                answered.update(_texts(record.outputs[key]))
        # A registry's address is marked along with its password, but is an output of every repository.
        self._values = sorted(marked - answered, key=lambda text: (-len(text), text))

    @property
    def values(self) -> Sequence[str]:
        """The secret texts, longest first."""
        return self._values

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        for value in self._values:
            text = text.replace(value, SECRET)
        return text


class Tree:
    """The component tree."""

    def __init__(self, records: Sequence[Record], redact: Redactor) -> None:
        self._whole = listing.Tree(records)
        self._names = Names(list(records))
        self._redact = redact

    def shown(self, parent: str = "") -> tuple[Shown, ...]:
        """The children of a resource, components first."""
        children = sorted(
            self._whole.of(parent), key=lambda record: (not listing.is_component(record), record.type, record.name)
        )
        return tuple(self._shown(record) for record in children)

    def _shown(self, record: Record) -> Shown:
        extra = {key: value for key, value in record.outputs.items() if key not in record.inputs and key != "tagsAll"}
        return Shown(
            urn=record.urn,
            type=listing.short(record.type),
            name=record.name,
            id="" if any(secret in record.id for secret in self._redact.values) else record.id,
            settings=tuple(self._rows(record, record.inputs, named=True)),
            answers=tuple(self._rows(record, extra, named=False)),
            tags=", ".join(f"{key}={value}" for key, value in sorted((record.tags or {}).items())),
            calls=", ".join(record.calls),
            children=self.shown(record.urn),
            size=self._whole.size(record.urn),
        )

    def _rows(self, record: Record, values: Mapping[str, Any], named: bool) -> Iterator[tuple[str, str]]:
        for key, value in sorted(values.items()):
            if key in HIDDEN or key == "tags":
                continue
            if key in record.secrets:
                yield key, SECRET
            else:
                yield key, self._redact(pretty(self._names.of(value) if named else value))


def pretty(value: Any) -> str:
    """A value for reading: JSON inside texts (policies, container definitions) is laid out too."""
    if isinstance(value, str):
        if value[:1] in ("{", "["):
            try:
                return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
            except ValueError:
                return value
        return value
    if value is None:
        return listing.UNKNOWN
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value, those in JSON texts included."""
    if isinstance(value, str):
        yield value
        if value[:1] == "{":
            yield from _texts(_parsed(value))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None

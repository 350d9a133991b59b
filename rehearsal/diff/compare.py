"""Two documents of one stack -> which resources differ, how, and what follows from it."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.diff import replacement
from rehearsal.diff.model import Change, Diff, Document, Property, Resource, resources
from rehearsal.engine.comparison import differing, flat

LABEL = re.compile(r"<[A-Za-z]\w* [^<>]+>")
"""A logical name that stands for an identifier, as the report writes it."""

ORDER = ("removed", "replaced", "updated", "added")


def compare(base: Document, head: Document) -> Diff:
    """What differs, without any judgement of it."""
    olds, news = resources(base), resources(head)
    changes = [Change("removed", olds[urn]) for urn in olds if urn not in news]
    changes += [Change("added", news[urn]) for urn in news if urn not in olds]
    changes += Comparison(olds, news).changes()
    changes.sort(key=lambda change: (ORDER.index(change.kind), change.resource.urn))
    outputs = tuple(_properties(flat(base["outputs"]), flat(head["outputs"])))
    touched = sum(change.kind != "removed" for change in changes)
    return Diff(head["stack"], tuple(changes), outputs, unchanged=len(news) - touched)


def _properties(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Property]:
    for path in differing(old, new):
        yield Property(path, old.get(path), new.get(path))


class Comparison:
    """Resources that both sides have. Time grows with the number of values, not with its square."""

    def __init__(self, olds: Mapping[str, Resource], news: Mapping[str, Resource]) -> None:
        self._both = {urn: news[urn] for urn in news if urn in olds}
        self._old = {urn: _values(olds[urn]) for urn in self._both}
        self._new = {urn: _values(resource) for urn, resource in self._both.items()}
        self._differences: dict[str, dict[str, Property]] = defaultdict(dict)
        """URN -> path -> what differs."""
        self._users: dict[str, list[tuple[str, str]]] = defaultdict(list)
        """Label -> (URN, path) of every value that mentions it."""
        for urn, values in self._new.items():
            for path, value in values.items():
                for label in _labels(value):
                    self._users[label].append((urn, path))

    def changes(self) -> list[Change]:
        """All that differs, by resource."""
        for urn, resource in self._both.items():
            for difference in _properties(self._old[urn], self._new[urn]):
                self._note(resource, difference.path, difference.old, difference.new, "")
        self._follow()
        return [
            Change(
                "replaced" if any(difference.replaces for difference in differences.values()) else "updated",
                self._both[urn],
                tuple(differences[path] for path in sorted(differences)),
            )
            for urn, differences in self._differences.items()
        ]

    def _follow(self) -> None:
        """A resource that is replaced gets a new identifier, which is a change for all that mention it, and so on."""
        waiting = deque(resource for resource in self._both.values() if self._gets_new_identity(resource))
        done = {resource.urn for resource in waiting}
        while waiting:
            label = waiting.popleft().label
            for urn, path in self._users[label]:
                user = self._both[urn]
                if user.label == label or path in self._differences.get(urn, {}):
                    continue
                value = self._new[urn][path]
                self._note(user, path, value, value, label)
                if urn not in done and self._gets_new_identity(user):
                    done.add(urn)
                    waiting.append(user)

    def _note(self, resource: Resource, path: str, old: Any, new: Any, follows: str) -> None:
        if replacement.has_effect(resource, path):
            replaces = replacement.replaces(resource.type, path, old, new)
            self._differences[resource.urn][path] = Property(path, old, new, replaces, follows)

    def _gets_new_identity(self, resource: Resource) -> bool:
        differences = self._differences.get(resource.urn, {})
        if resource.type in replacement.NEW_IDENTITY:
            return bool(differences)
        return any(difference.replaces for difference in differences.values())


def _values(resource: Resource) -> dict[str, Any]:
    """Inputs and tags; the tags are those that arrive, the provider's default ones included."""
    inputs = {key: value for key, value in resource.inputs.items() if key not in ("tags", "tagsAll")}
    return flat(inputs | ({"tags": dict(resource.tags)} if resource.tags else {}))


def _labels(value: Any) -> set[str]:
    if isinstance(value, list):
        return {label for item in value for label in _labels(item)}
    return set(LABEL.findall(value)) if isinstance(value, str) and "<" in value else set()

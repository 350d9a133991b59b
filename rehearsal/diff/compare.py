"""Two documents of one stack -> which resources differ, how, and what follows from it."""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.diff import forced
from rehearsal.diff.flat import flat
from rehearsal.diff.model import Change, Diff, Document, Property, Resource, resources

LABEL = re.compile(r"<[A-Za-z]\w* [^<>]+>")
"""A logical name that stands for an identifier, as the report writes it."""

ORDER = ("removed", "replaced", "updated", "added")


def compare(base: Document, head: Document) -> Diff:
    """What differs, without any judgement of it."""
    olds, news = resources(base), resources(head)
    found = Comparison(olds, news)
    found.explicit()
    found.follow()
    changes = [Change("removed", olds[urn]) for urn in olds if urn not in news]
    changes += [Change("added", news[urn]) for urn in news if urn not in olds]
    changes += found.changes()
    changes.sort(key=lambda one: (ORDER.index(one.kind), one.resource.urn))
    outputs = tuple(_differences(flat(base["outputs"]), flat(head["outputs"])))
    touched = sum(one.kind != "removed" for one in changes)
    return Diff(head["stack"], tuple(changes), outputs, unchanged=len(news) - touched)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterable[Property]:
    for path in sorted({*old, *new}):
        before, after = old.get(path), new.get(path)
        if before != after or type(before) is not type(after):
            yield Property(path, before, after)


class Comparison:
    """The work on resources that both sides have. Time grows with the number of values, not with its square."""

    def __init__(self, olds: Mapping[str, Resource], news: Mapping[str, Resource]) -> None:
        self._both = [news[urn] for urn in news if urn in olds]
        self._old = {one.urn: _values(olds[one.urn]) for one in self._both}
        self._new = {one.urn: _values(one) for one in self._both}
        self._found: dict[str, dict[str, Property]] = defaultdict(dict)
        self._by_urn = {one.urn: one for one in self._both}
        self._users: dict[str, list[tuple[str, str]]] = defaultdict(list)
        """Label -> (URN, path) of every value that mentions it."""
        for urn, values in self._new.items():
            for path, value in values.items():
                for label in _labels(value):
                    self._users[label].append((urn, path))

    def explicit(self) -> None:
        """Values that differ by themselves."""
        for one in self._both:
            for difference in _differences(self._old[one.urn], self._new[one.urn]):
                self._note(one, difference.path, difference.old, difference.new, "")

    def follow(self) -> None:
        """What is made anew gets a new identifier, which is a change for all that mention it, and so on."""
        waiting = deque(one for one in self._both if self._is_renamed(one))
        done = {one.urn for one in waiting}
        while waiting:
            label = waiting.popleft().label
            for urn, path in self._users[label]:
                user = self._by_urn[urn]
                if user.label == label or path in self._found.get(urn, {}):
                    continue
                value = self._new[urn][path]
                self._note(user, path, value, value, label)
                if urn not in done and self._is_renamed(user):
                    done.add(urn)
                    waiting.append(user)

    def _note(self, resource: Resource, path: str, old: Any, new: Any, follows: str) -> None:
        if forced.has_effect(resource, path):
            anew = forced.replaces(resource.type, path, old, new)
            self._found[resource.urn][path] = Property(path, old, new, anew, follows)

    def _is_renamed(self, resource: Resource) -> bool:
        properties = self._found.get(resource.urn, {})
        if resource.type in forced.RENAMED:
            return bool(properties)
        return any(one.replaces for one in properties.values())

    def changes(self) -> list[Change]:
        """All of it, by resource."""
        return [
            Change(
                "replaced" if any(one.replaces for one in found.values()) else "updated",
                self._by_urn[urn],
                tuple(found[path] for path in sorted(found)),
            )
            for urn, found in self._found.items()
        ]


def _values(resource: Resource) -> dict[str, Any]:
    """Inputs and tags; the tags are those that arrive, the provider's default ones included."""
    inputs = {key: value for key, value in resource.inputs.items() if key not in forced.TAGS}
    return flat(inputs | ({"tags": dict(resource.tags)} if resource.tags else {}))


def _labels(value: Any) -> set[str]:
    if isinstance(value, list):
        return {label for item in value for label in _labels(item)}
    return set(LABEL.findall(value)) if isinstance(value, str) and "<" in value else set()

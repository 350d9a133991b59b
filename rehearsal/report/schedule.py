"""How long a first deployment takes, from typical creation times over the dependencies that Pulumi honours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rehearsal.engine.deployment import texts
from rehearsal.engine.state import Record
from rehearsal.listing import is_component

TABLE = Path(__file__).with_name("durations.yaml")
SHOWN_FROM_SECONDS = 20.0
"""What is faster and not on the critical path is counted, not drawn."""


@dataclass(frozen=True)
class Duration:
    """Seconds that something takes to be created."""

    low: float
    mode: float
    high: float
    basis: str = ""

    @property
    def mean(self) -> float:
        """Of the triangular distribution."""
        return (self.low + self.mode + self.high) / 3


@dataclass(frozen=True)
class Step:
    """The creation of one resource."""

    urn: str
    type: str
    name: str
    start: float
    """Seconds after the beginning."""
    end: float
    critical: bool
    basis: str


@dataclass(frozen=True)
class Schedule:
    """When everything is created if nothing waits but for what it depends on."""

    steps: tuple[Step, ...]
    """By start."""
    critical: tuple[Step, ...]
    """The chain that decides how long it takes, in order."""
    seconds: float
    quickest: float
    """Seconds with every shortest time."""
    slowest: float
    """Seconds with every longest time."""

    @property
    def drawn(self) -> tuple[Step, ...]:
        """What is worth a bar."""
        return tuple(step for step in self.steps if step.critical or step.end - step.start >= SHOWN_FROM_SECONDS)


@cache
def table() -> dict[str, Any]:
    """durations.yaml."""
    return dict(yaml.safe_load(TABLE.read_text(encoding="utf-8")))


def duration(record: Record) -> Duration:
    """The typical time of one resource."""
    times = table()
    if record.type.startswith(tuple(times["nothing"])) or is_component(record):
        return Duration(0, 0, 0)
    kind = next((kind for kind in times["kinds"] if _fits(kind, record)), times["otherwise"])
    low, mode, high = kind["seconds"]
    return Duration(low, mode, high, kind["basis"])


def _fits(kind: Mapping[str, Any], record: Record) -> bool:
    inputs = kind.get("where", {}).items()
    return bool(kind["type"] == record.type and all(record.inputs.get(key) == value for key, value in inputs))


def plan(records: Sequence[Record]) -> Schedule:
    """The schedule of a stack's first deployment."""
    graph = Graph(records)
    times = {record.urn: duration(record) for record in records}
    ends = graph.ends(lambda urn: times[urn].mean)
    critical = graph.chain(ends)
    steps = [
        Step(
            urn=urn,
            type=record.type,
            name=record.name,
            start=ends[urn] - times[urn].mean,
            end=ends[urn],
            critical=urn in critical,
            basis=times[urn].basis,
        )
        for urn, record in graph.records.items()
        if times[urn].high
    ]
    steps.sort(key=lambda step: (step.start, -step.end, step.urn))
    return Schedule(
        steps=tuple(steps),
        critical=tuple(step for step in steps if step.critical),
        seconds=max(ends.values(), default=0.0),
        quickest=max(graph.ends(lambda urn: times[urn].low).values(), default=0.0),
        slowest=max(graph.ends(lambda urn: times[urn].high).values(), default=0.0),
    )


class Graph:
    """What waits for what: recorded dependencies, ids in inputs, and whole awsx components for their insides."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = {record.urn: record for record in records}
        owners = {record.id: record.urn for record in records if record.id and not record.type.startswith("random:")}
        self.waits: dict[str, set[str]] = {}
        for record in records:
            named = {owners[text] for text in texts(record.inputs) if text in owners}
            self.waits[record.urn] = ({*record.dependencies, *named} & self.records.keys()) - {record.urn}
        for record in records:
            for outer in self._around(record):
                self.waits[outer].add(record.urn)

    def _around(self, record: Record) -> list[str]:
        """awsx components around a record: they are done when all inside is."""
        components, parent = [], record.parent
        while parent in self.records:
            if self.records[parent].type.startswith("awsx:"):
                components.append(parent)
            parent = self.records[parent].parent
        return components

    def ends(self, seconds: Callable[[str], float]) -> dict[str, float]:
        """When each resource exists."""
        done: dict[str, float] = {}

        def end(urn: str, above: frozenset[str]) -> float:
            if urn not in done:
                below = above | {urn}
                starts = [end(dependency, below) for dependency in sorted(self.waits[urn] - below)]
                done[urn] = max(starts, default=0.0) + seconds(urn)
            return done[urn]

        for urn in self.records:
            end(urn, frozenset())
        return done

    def chain(self, ends: Mapping[str, float]) -> set[str]:
        """URNs of the longest chain, found backwards from what is done last."""
        chain: set[str] = set()
        urn = max(sorted(ends), key=lambda candidate: ends[candidate], default="")
        while urn:
            chain.add(urn)
            before = sorted(self.waits[urn] - chain)
            urn = max(before, key=lambda candidate: ends[candidate], default="")
        return chain

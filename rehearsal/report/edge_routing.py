"""The connections between the things that the diagram shows, bundled by target."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rehearsal.report.description import Description
from rehearsal.report.plan import Plan
from rehearsal.report.reach import lines, words

COLOURS = 9
"""Of conductors, in the style sheet."""


@dataclass(frozen=True)
class Conductor:
    """All who may call one target on one port."""

    target: str
    port: str
    sources: tuple[str, ...]
    """Labels; empty: from outside."""
    colour: str


def conductors(facts: Description, plan: Plan) -> list[Conductor]:
    """The lines between drawn things, by target: what is called from outside first, then the longest ways."""
    bars = [*([plan.balancer] if plan.balancer else []), *plan.bars]
    by_role = {bar.role: index for index, bar in reversed(list(enumerate(bars)))}
    level = by_role | {bar.label: index for index, bar in enumerate(bars)}
    found: dict[tuple[str, str], set[str]] = {}
    for source, target, port in sorted(lines(facts.matrix)):
        if target in by_role and (source in level or target == "alb"):
            found.setdefault((target, port), set()).update({source} & level.keys())

    def length(one: tuple[tuple[str, str], set[str]]) -> tuple[float, str]:
        (target, port), sources = one
        return (-max(abs(level[target] - level[source]) for source in sources) if sources else float("-inf")), port

    return [
        Conductor(target, port, tuple(sorted(sources)), f"colour-{index % COLOURS}")
        for index, ((target, port), sources) in enumerate(sorted(found.items(), key=length))
    ]


def legend(conductors: Iterable[Conductor]) -> list[tuple[str, str]]:
    """Colour and meaning of each conductor."""
    return [(one.colour, f"{words(one.target)} :{one.port}") for one in conductors]

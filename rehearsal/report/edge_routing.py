"""The connections between the things that the diagram shows, bundled by target: each bundle has a lane of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rehearsal.report.connections import connections, label
from rehearsal.report.description import Description
from rehearsal.report.plan import Plan

COLOURS = 9
"""Of lanes, in the style sheet."""


@dataclass(frozen=True)
class Lane:
    """All callers of one target on one port."""

    target: str
    port: str
    sources: tuple[str, ...]
    """Labels; empty: from outside."""
    colour: str


def lanes(description: Description, plan: Plan) -> list[Lane]:
    """By target: what is called from outside first, then the longest lanes."""
    bars = [*([plan.balancer] if plan.balancer else []), *plan.bars]
    by_role = {bar.role: index for index, bar in reversed(list(enumerate(bars)))}
    level = by_role | {bar.label: index for index, bar in enumerate(bars)}
    bundles: dict[tuple[str, str], set[str]] = {}
    for source, target, port in sorted(connections(description.matrix)):
        if target in by_role and (source in level or target == "alb"):
            bundles.setdefault((target, port), set()).update({source} & level.keys())

    def length(bundle: tuple[tuple[str, str], set[str]]) -> tuple[float, str]:
        (target, port), sources = bundle
        longest = max((abs(level[target] - level[source]) for source in sources), default=float("inf"))
        return -longest, port

    return [
        Lane(target, port, tuple(sorted(sources)), f"colour-{index % COLOURS}")
        for index, ((target, port), sources) in enumerate(sorted(bundles.items(), key=length))
    ]


def legend(lanes: Iterable[Lane]) -> list[tuple[str, str]]:
    """Colour and meaning of each lane."""
    return [(lane.colour, f"{label(lane.target)} :{lane.port}") for lane in lanes]

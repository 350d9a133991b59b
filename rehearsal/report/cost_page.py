"""The tables of docs/costs.md: `python -m rehearsal.report.cost_page` writes them, a test says when they are old.

Presets are computed from the default stack's records, as in the report; no price is copied by hand.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rehearsal.defaults import HOME
from rehearsal.engine.state import Record
from rehearsal.report import cost, sizes
from rehearsal.report.sizes import Sizes
from rehearsal.run import rehearse

PAGE = HOME / "docs" / "costs.md"
BEGIN, END = "<!-- generated: make costs -->\n", "<!-- end of the generated part -->\n"
_LARGEST = 8
"""Lines of the bill that are listed."""


def tables(records: Sequence[Record]) -> str:
    """All generated text, from the records of a stack with every part."""
    now = sizes.measured(records, awake=1.0)
    places = [cost.reference(), *(cost.place(name) for name in cost.table()["regions"] if name != _reference())]
    return "\n".join((*_presets(records, now, places), "", *_modes(records, now), "", *_lines(records, now), ""))


def _reference() -> str:
    return str(cost.table()["reference"])


def _chosen(now: Sizes) -> Mapping[str, Sizes]:
    return sizes.of_presets({"aws:region": _reference()}, now)


def _presets(records: Sequence[Record], now: Sizes, places: Sequence[cost.Place]) -> Iterator[str]:
    presets = _chosen(now)
    yield f"| a month in | prices of | {' | '.join(presets)} |"
    yield f"| --- | --- |{' --- |' * len(presets)}"
    for place in places:
        cells = [_cell(cost.total(cost.bill(size, records), place), place) for size in presets.values()]
        yield f"| {place.region} | {place.as_of} | {' | '.join(cells)} |"


def _cell(found: cost.Sum, place: cost.Place) -> str:
    part = "" if found.complete else f" for the {found.known} of {found.of} lines whose price is known"
    return f"{place.currency} {found.amount:,.0f}{part}"


def _modes(records: Sequence[Record], now: Sizes) -> Iterator[str]:
    place = cost.reference()
    yield f"| preset, {place.region} | always awake | office hours | asleep |"
    yield "| --- | --- | --- | --- |"
    for preset in _chosen(now):
        modes = sizes.of_modes({"aws:region": place.region, "cvat:preset": preset}, now)
        cells = [_cell(cost.total(cost.bill(size, records), place), place) for size in modes.values()]
        yield f"| {preset} | {' | '.join(cells)} |"


def _lines(records: Sequence[Record], now: Sizes) -> Iterator[str]:
    place = cost.reference()
    yield f"| the largest lines of `standard` in {place.region} | {place.currency} a month |"
    yield "| --- | --- |"
    priced = [(place.month(item) or 0.0, item) for item in cost.bill(_chosen(now)["standard"], records)]
    for amount, item in sorted(priced, key=lambda pair: -pair[0])[:_LARGEST]:
        assumed = " (assumed use)" if item.assumed else ""
        yield f"| {item.what}{assumed} | {amount:,.0f} |"


def replaced(page: str, generated: str) -> str:
    """The page with another generated part."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{generated}{END}{after}"


def main() -> int:
    """Rehearse the default stack and write the tables."""
    with tempfile.TemporaryDirectory() as folder, rehearse(placeholders=Path(folder), judge=False) as rehearsal:
        if rehearsal.error is not None:
            sys.stderr.write(f"{rehearsal.error}\n")
            return 1
        generated = tables(rehearsal.resources)
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), generated), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

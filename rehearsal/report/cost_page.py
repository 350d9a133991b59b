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
from rehearsal.report import cost, inference_cost, sizes
from rehearsal.report.sizes import Sizes
from rehearsal.run import rehearse

PAGE = HOME / "docs" / "costs.md"
BEGIN, END = "<!-- generated: make costs -->\n", "<!-- end of the generated part -->\n"
_LARGEST = 8
"""Lines of the bill that are listed."""


def tables(records: Sequence[Record]) -> str:
    """All generated text, from the records of a stack with every part."""
    now, reference = sizes.measured(records), cost.reference()
    others = [cost.price_list(name) for name in cost.table()["regions"] if name != reference.region]
    presets = _presets(records, now, [reference, *others])
    return "\n".join(
        (*presets, "", *_modes(records, now), "", *_lines(records, now), "", *inference_cost.table(reference), "")
    )


def _of_presets(now: Sizes) -> Mapping[str, Sizes]:
    return sizes.of_presets(HOME, {}, now)


def _presets(records: Sequence[Record], now: Sizes, regions: Sequence[cost.PriceList]) -> Iterator[str]:
    presets = _of_presets(now)
    yield f"| a month in | prices of | {' | '.join(presets)} |"
    yield f"| --- | --- |{' --- |' * len(presets)}"
    for prices in regions:
        cells = [_cell(cost.total(cost.bill(size, records), prices), prices) for size in presets.values()]
        yield f"| {prices.region} | {prices.as_of} | {' | '.join(cells)} |"


def _cell(total: cost.Sum, prices: cost.PriceList) -> str:
    """A sum; where prices are missing, no sum, which would be too low by the rest."""
    if not total.complete:
        return f"unknown: {total.known} of {total.of} prices are known"
    return f"{prices.currency} {total.amount:,.0f}"


def _modes(records: Sequence[Record], now: Sizes) -> Iterator[str]:
    prices = cost.reference()
    yield f"| preset, {prices.region} | always awake | office hours | asleep |"
    yield "| --- | --- | --- | --- |"
    for preset in _of_presets(now):
        modes = sizes.of_modes(HOME, {"cvat:preset": preset}, now)
        cells = [_cell(cost.total(cost.bill(size, records), prices), prices) for size in modes.values()]
        yield f"| {preset} | {' | '.join(cells)} |"


def _lines(records: Sequence[Record], now: Sizes) -> Iterator[str]:
    prices = cost.reference()
    yield f"| the largest lines of `standard` in {prices.region} | {prices.currency} a month |"
    yield "| --- | --- |"
    amounts = [(prices.month(item) or 0.0, item) for item in cost.bill(_of_presets(now)["standard"], records)]
    for amount, item in sorted(amounts, key=lambda pair: -pair[0])[:_LARGEST]:
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

"""The tables of docs/costs.md: `python -m rehearsal.report.cost_page` writes them, a test says when they are old.

Presets are computed from the records of a stack of each release, as in the report; no price is copied by hand.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rehearsal.defaults import HOME
from rehearsal.engine.state import Record
from rehearsal.report import cost, inference_cost, sizes
from rehearsal.report.sizes import Sizes
from rehearsal.run import rehearse
from settings.releases import DEFAULT, RELEASES

PAGE = HOME / "docs" / "costs.md"
BEGIN, END = "<!-- generated: make costs -->\n", "<!-- end of the generated part -->\n"
_LARGEST = 8
"""Lines of the bill that are listed."""
_WORTH_A_LINE = 1.0
"""A month, in the currency of the reference: what the releases differ in by less is summed up."""
Records = Mapping[str, Sequence[Record]]
"""Of a stack with every part, by the release of CVAT that it runs."""


def tables(records: Records) -> str:
    """All generated text."""
    reference = cost.reference()
    others = [cost.price_list(name) for name in cost.table()["regions"] if name != reference.region]
    parts = (
        _presets(records, [reference, *others]),
        _modes(records, reference),
        _lines(records[DEFAULT.name], reference),
        _difference(records, reference),
        inference_cost.table(reference),
    )
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _config(release: str, preset: str = "standard") -> Mapping[str, str]:
    return {"cvat:release": release, "cvat:preset": preset}


def _of_presets(release: str, records: Sequence[Record]) -> Mapping[str, Sizes]:
    return sizes.of_presets(HOME, _config(release), sizes.measured(records))


def _presets(records: Records, regions: Sequence[cost.PriceList]) -> Iterator[str]:
    names = list(_of_presets(DEFAULT.name, records[DEFAULT.name]))
    yield f"| a month in | release | prices of | {' | '.join(names)} |"
    yield f"| --- | --- | --- |{' --- |' * len(names)}"
    for prices in regions:
        for release, of_release in records.items():
            presets = _of_presets(release, of_release)
            cells = [_cell(cost.total(cost.bill(size, of_release), prices), prices) for size in presets.values()]
            yield f"| {prices.region} | `{release}` | {prices.as_of} | {' | '.join(cells)} |"


def _cell(total: cost.Sum, prices: cost.PriceList) -> str:
    """A sum; where prices are missing, no sum, which would be too low by the rest."""
    if not total.complete:
        return f"unknown: {total.known} of {total.of} prices are known"
    return f"{prices.currency} {total.amount:,.0f}"


def _modes(records: Records, prices: cost.PriceList) -> Iterator[str]:
    yield f"| preset, {prices.region} | release | always awake | office hours | asleep |"
    yield "| --- | --- | --- | --- | --- |"
    for preset in _of_presets(DEFAULT.name, records[DEFAULT.name]):
        for release, of_release in records.items():
            modes = sizes.of_modes(HOME, _config(release, preset), sizes.measured(of_release))
            cells = [_cell(cost.total(cost.bill(size, of_release), prices), prices) for size in modes.values()]
            yield f"| {preset} | `{release}` | {' | '.join(cells)} |"


def _lines(records: Sequence[Record], prices: cost.PriceList) -> Iterator[str]:
    yield f"| the largest lines of `standard` in {prices.region} | {prices.currency} a month |"
    yield "| --- | --- |"
    amounts = [(prices.month(item) or 0.0, item) for item in _standard(DEFAULT.name, records)]
    for amount, item in sorted(amounts, key=lambda pair: -pair[0])[:_LARGEST]:
        assumed = " (assumed use)" if item.assumed else ""
        yield f"| {item.what}{assumed} | {amount:,.0f} |"


def _standard(release: str, records: Sequence[Record]) -> Sequence[cost.Item]:
    return cost.bill(_of_presets(release, records)["standard"], records)


def _difference(records: Records, prices: cost.PriceList) -> Iterator[str]:
    """What the newest release costs more than the default one, and which lines of that it does not have."""
    newest = list(records)[-1]
    amounts: dict[str, float] = defaultdict(float)
    for release, sign in ((newest, 1), (DEFAULT.name, -1)):
        for item in _standard(release, records[release]):
            amounts[item.what] += sign * (prices.month(item) or 0.0)
    yield f"| `{newest}` instead of `{DEFAULT.name}`, `standard` in {prices.region} | {prices.currency} a month |"
    yield "| --- | --- |"
    lines = {what: amount for what, amount in amounts.items() if abs(amount) >= _WORTH_A_LINE}
    for what, amount in sorted(lines.items(), key=lambda pair: -pair[1]):
        yield f"| {what} | {amount:+,.0f} |"
    yield f"| all together | {sum(amounts.values()):+,.0f} |"


def replaced(page: str, generated: str) -> str:
    """The page with another generated part."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{generated}{END}{after}"


def main() -> int:
    """Rehearse a stack of each release and write the tables."""
    records: dict[str, Sequence[Record]] = {}
    for release in RELEASES:
        config = {"cvat:release": release}
        with (
            tempfile.TemporaryDirectory() as folder,
            rehearse(config=config, placeholders=Path(folder), judge=False) as done,
        ):
            if done.error is not None:
                sys.stderr.write(f"{done.error}\n")
                return 1
            records[release] = done.resources
    PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), tables(records)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

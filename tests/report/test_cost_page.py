"""docs/costs.md says what the price table and the presets say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rehearsal import rehearse
from rehearsal.engine.state import Record
from rehearsal.report import cost_page
from settings.presets import PRESETS
from settings.releases import DEFAULT, RELEASES
from tests.support.material import Written


@pytest.fixture(scope="module")
def text(written: Written, archives: Path) -> str:
    """The tables, from a stack of each release."""
    records: dict[str, Sequence[Record]] = {DEFAULT.name: written.description.records}
    for release in RELEASES.keys() - records.keys():
        config = {"cvat:release": release, "cvat:modelArchives": str(archives)}
        with rehearse(config=config, judge=False) as done:
            assert done.error is None, done.error
            records[release] = done.resources
    return cost_page.tables(records)


def test_the_page_has_the_sums_of_the_price_table_and_the_presets(text: str) -> None:
    page = cost_page.PAGE.read_text(encoding="utf-8")
    assert page == cost_page.replaced(page, text), "prices or presets have changed: write the page with `make costs`"


def test_every_preset_every_release_and_every_region_with_prices_has_its_place(text: str) -> None:
    head = text.splitlines()[0]
    assert all(f" {name} " in head for name in PRESETS), head
    assert "| cn-northwest-1 | `v2` | 2023-06 |" in text, "a price is worth nothing without its date"
    assert "| unknown: 7 of 31 prices are known |" in text, "a sum of some prices would be too low"


def test_the_lines_by_which_the_releases_differ_make_up_the_difference_of_their_sums(text: str) -> None:
    sums = {
        release: int(line.split(" | ")[4].removeprefix("USD ").replace(",", ""))
        for release in RELEASES
        for line in text.splitlines()
        if line.startswith(f"| us-east-1 | `{release}` |")
    }
    (difference,) = [line for line in text.splitlines() if line.startswith("| all together |")]
    more = int(difference.split(" | ")[1].removesuffix(" |").replace(",", ""))
    assert abs(sums["v2"] - sums["c48411ae"] - more) <= 1, "but for rounding"
    assert "| Redis cache.r6g.large, frames | +301 |" in text


def test_only_the_generated_part_is_replaced() -> None:
    page = f"before\n{cost_page.BEGIN}old\n{cost_page.END}after\n"
    assert cost_page.replaced(page, "new\n") == f"before\n{cost_page.BEGIN}new\n{cost_page.END}after\n"

"""docs/costs.md says what the price table and the presets say."""

from __future__ import annotations

from rehearsal.report import cost_page
from settings.presets import PRESETS
from tests.support.material import Written


def test_the_page_has_the_sums_of_the_price_table_and_the_presets(written: Written) -> None:
    page = cost_page.PAGE.read_text(encoding="utf-8")
    expected = cost_page.tables(written.description.records)
    assert page == cost_page.replaced(page, expected), (
        "prices or presets have changed: write the page with `make costs`"
    )


def test_every_preset_and_every_region_with_prices_has_its_place(written: Written) -> None:
    text = cost_page.tables(written.description.records)
    head = text.splitlines()[0]
    assert all(f" {name} " in head for name in PRESETS), head
    assert "| cn-northwest-1 | 2023-06 |" in text, "a price is worth nothing without its date"
    assert "| unknown: 7 of 31 prices are known |" in text, "a sum of some prices would be too low"


def test_only_the_generated_part_is_replaced() -> None:
    page = f"before\n{cost_page.BEGIN}old\n{cost_page.END}after\n"
    assert cost_page.replaced(page, "new\n") == f"before\n{cost_page.BEGIN}new\n{cost_page.END}after\n"

"""The cost of a thousand pictures."""

from __future__ import annotations

import pytest

from rehearsal.report import cost, inference_cost


def test_hours_are_the_wake_the_work_and_the_time_until_it_sleeps_again() -> None:
    assert inference_cost.to_zero(0.34, 1000, 360, 900) == pytest.approx((360 + 340 + 900) / 3600)


def test_to_zero_costs_a_hundredth_of_an_endpoint_that_is_always_there_for_a_few_pictures() -> None:
    row = next(line for line in inference_cost.table(cost.reference()) if "on CPU (ml.c5d.xlarge)" in line)
    always, _, _, small, large, _ = (float(cell.replace(",", "")) for cell in row.split("|")[2:-1])
    assert small < always / 100, "whoever annotates 10,000 pictures a month pays for idling"
    assert large < small, "a wake is paid once a job"


def test_an_instance_type_without_a_price_has_no_row() -> None:
    lines = list(inference_cost.table(cost.price_list("cn-northwest-1")))
    assert len(lines) == 2, "two lines of heading: a sum of nothing would look cheap"

"""What auto-annotation costs for each thousand pictures: endpoints that are always there, in office hours, or asleep.

A model: seconds a picture and the lengths of wakes are assumptions (cost_assumptions.yaml), prices those of a region.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.report import cost

MONTHLY = (10_000, 100_000)
"""Pictures a month, which an endpoint that is always there is divided by."""
JOBS = (1_000, 10_000)
"""Pictures in one automatic annotation."""
_HOUR_SECONDS = 3600.0


def to_zero(seconds: float, pictures: int, wake_seconds: float, idle_seconds: float) -> float:
    """Hours that are billed for one job on an endpoint that sleeps before and after it."""
    return (wake_seconds + seconds * pictures + idle_seconds) / _HOUR_SECONDS


def table(prices: cost.PriceList) -> Iterator[str]:
    """The rows, each for one network on one kind of instance; an instance type without a price has no row."""
    assumed: Mapping[str, Any] = cost.table()["inference"]
    columns = [
        *(f"always there, {pictures:,} a month" for pictures in MONTHLY),
        f"office hours, {MONTHLY[1]:,} a month",
        *(f"to zero, {pictures:,} a job" for pictures in JOBS),
    ]
    columns.append(f"hours, {JOBS[0]:,} a job")
    yield f"| {prices.currency} for 1,000 pictures, {prices.region} | {' | '.join(columns)} |"
    yield f"| --- |{' --- |' * len(columns)}"
    for row in assumed["networks"]:
        price = prices.prices.get(row["instance"])
        if price is not None:
            yield _row(row, price, assumed)


def _row(row: Mapping[str, Any], price: float, assumed: Mapping[str, Any]) -> str:
    wake, idle = assumed["wake_seconds"][row["kind"]], assumed["idle_seconds"]
    month = price * cost.table()["hours_per_month"]
    hours = price * assumed["office_hours_per_month"]
    amounts = [
        *(month * 1000 / pictures for pictures in MONTHLY),
        hours * 1000 / MONTHLY[1],
        *(price * to_zero(row["seconds"], pictures, wake, idle) * 1000 / pictures for pictures in JOBS),
    ]
    cells = [f"{amount:,.2f}" for amount in amounts]
    work = (wake + row["seconds"] * JOBS[0]) / _HOUR_SECONDS
    return f"| {row['name']} ({row['instance']}) | {' | '.join(cells)} | {work:.1f} |"

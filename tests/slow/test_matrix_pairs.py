"""From each preset to each, from each way to sleep to each by day and by night, and from the last release to this."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from tests.support.matrix.account_dump import differences
from tests.support.matrix.rows import Values, nothing, values
from tests.support.matrix.walk import RunningStack

pytestmark = pytest.mark.matrix

Running = Callable[[str, Values], RunningStack]
REGIONS = ("cn-northwest-1", "ap-northeast-1")
PRESETS = {name: values(preset=name) for name in ("standard", "team", "production")}
ALL_PAIRS = ("team", "production", "standard", "production", "team", "standard")
"""From standard on: each preset is followed by each other one."""
WAYS_TO_SLEEP = {
    "awake": nothing,
    "asleep": values(mode="asleep"),
    "hours": values(officeHours="mon-fri 08:00-20:00"),
}


def test_the_path_takes_every_pair_of_presets() -> None:
    assert len(set(pairwise(("standard", *ALL_PAIRS)))) == len(PRESETS) * (len(PRESETS) - 1)


@pytest.mark.parametrize("region", REGIONS)
def test_each_preset_follows_each(region: str, running: Running) -> None:
    stack = running(region, nothing)
    created = {name: stack.created(change).dump for name, change in PRESETS.items()}
    for (before, after), step in zip(
        pairwise(("standard", *ALL_PAIRS)), stack.path(*(PRESETS[name] for name in ALL_PAIRS)), strict=True
    ):
        assert (step.error, step.lost, step.failing) == ("", (), ()), f"{before} to {after}"
        found = [text for text in differences(created[after], step.dump) if not text.startswith(KEPT)]
        assert not found, "\n".join([f"{before} to {after}", *found])


KEPT = (
    "rds/databases",  # storage grows and never shrinks
    "ecs/services",  # services that scale keep their tasks until the load falls
)

"""Both releases of CVAT in every kind of stack: regions of China and elsewhere, presets, awake, by hours and asleep."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import rehearse
from settings.releases import RELEASES

REGIONS = ("cn-north-1", "cn-northwest-1", "ap-northeast-1")
PRESETS = ("standard", "team", "production")
MODES = {"awake": {}, "asleep": {"cvat:mode": "asleep"}, "hours": {"cvat:officeHours": "mon-fri 08:00-20:00"}}
Kind = tuple[str, str, str, str]
"""Release, region, preset and mode."""


def _every_pair() -> Iterator[Kind]:
    """Nine stacks, six of them of the newer release, in which each value of each place meets each of every other."""
    for region, preset in itertools.product(range(len(REGIONS)), range(len(PRESETS))):
        release = list(RELEASES)[region != preset]
        yield release, REGIONS[region], PRESETS[preset], list(MODES)[(region + preset) % len(MODES)]


EVERY_KIND: tuple[Kind, ...] = tuple(itertools.product(RELEASES, REGIONS, PRESETS, MODES))
EVERY_PAIR: tuple[Kind, ...] = tuple(_every_pair())


def _rehearse(kind: Kind, archives: Path) -> None:
    release, region, preset, mode = kind
    config: dict[str, Any] = {"cvat:release": release, "cvat:preset": preset, "cvat:modelArchives": str(archives)}
    with rehearse(region, config={**config, **MODES[mode]}) as done:
        assert done.error is None, done.error
        assert done.ok, [verdict for verdict in done.checks if not verdict.ok]
        assert set(done.outputs["services"]) == {process.kind for process in RELEASES[release].services}


@pytest.mark.slow
@pytest.mark.parametrize("kind", EVERY_PAIR, ids=" ".join)
def test_a_stack_of_each_kind_holds_all_checks(kind: Kind, archives: Path) -> None:
    _rehearse(kind, archives)


@pytest.mark.matrix
@pytest.mark.parametrize("kind", [kind for kind in EVERY_KIND if kind not in EVERY_PAIR], ids=" ".join)
def test_all_other_combinations_do_so_too(kind: Kind, archives: Path) -> None:
    _rehearse(kind, archives)


def test_the_stacks_of_every_run_pair_each_value_with_each_other() -> None:
    for first, second in itertools.combinations(range(len(EVERY_KIND[0])), 2):
        pairs = {(kind[first], kind[second]) for kind in EVERY_PAIR}
        assert pairs == {(kind[first], kind[second]) for kind in EVERY_KIND}, "a pair that only `make matrix` tries"

"""Settings and surroundings that change under a stack that runs: nothing that is in use is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Rehearsal, rehearse

Update = Callable[..., Rehearsal]


@pytest.fixture
def update(archives: Path) -> Iterator[Update]:
    """Run the program over what the account has, with these settings over the stack's file."""
    with Account() as account:

        def run(stack: str = "cn-north-1", **config: Any) -> Rehearsal:
            settings = {"cvat:modelArchives": str(archives)} | {f"cvat:{key}": value for key, value in config.items()}
            return rehearse(stack, config=settings, account=account, judge=False)

        yield run


def done(rehearsal: Rehearsal) -> set[str]:
    """Resources that were not left as they were."""
    assert rehearsal.error is None, rehearsal.error
    return rehearsal.outcome.touched()


def test_a_stack_stays_in_its_zones_though_it_would_choose_others_today(update: Update) -> None:
    zones = ["cn-north-1d", "cn-north-1b", "cn-north-1a"]
    done(update(availabilityZones=zones))
    assert done(update()) == set(), "a new VPC would take the first three zones in the order of their names"
    refused = update(availabilityZones=zones[::-1])
    assert "AWS cannot move those in cn-north-1d, cn-north-1a" in str(refused.error)
    assert refused.outcome.touched() == set(), "it is refused before anything changes"

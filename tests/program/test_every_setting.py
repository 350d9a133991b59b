"""Every setting, set to something else than by default, changes what AWS holds: in China and elsewhere.

The claims are in tests/program/every_setting, which also says how to add one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rehearsal import Account, rehearse
from settings.presets import PRESETS
from settings.sections import SECTIONS
from tests.support.every_setting.ground import prepare
from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import OTHER, ROUNDS, collect, configuration

CLAIMS = collect()
FIELDS = {str(field.alias): (name, field) for section in SECTIONS for name, field in section.model_fields.items()}
FALSE = (AssertionError, LookupError, ValueError, ClientError)
"""How a claim fails that asks for what is not there."""
STACKS = [(name, region) for name, regions in ROUNDS.items() for region in regions]


@pytest.fixture(scope="module", params=STACKS, ids="-".join)
def seen(request: pytest.FixtureRequest, archives: Path) -> Iterator[Seen]:
    """A stack with all settings of a round, in an account that holds what they name."""
    name, region = request.param
    with Account() as account:
        ground = prepare(account, region, archives)
        config = {"cvat:modelArchives": str(archives)} | configuration(name, ground)
        done = rehearse(region, config=config, account=account)
        assert done.error is None, done.error
        yield Seen(name, done, ground)


def test_every_setting_of_the_round_does_what_is_claimed(seen: Seen, subtests: pytest.Subtests) -> None:
    for claim in CLAIMS.values():
        if claim.round == seen.round:
            with subtests.test(key=claim.key):
                claim.holds(seen, claim.given(seen.ground))


def test_no_claim_holds_where_its_setting_is_left_alone(seen: Seen, subtests: pytest.Subtests) -> None:
    for claim in CLAIMS.values():
        if OTHER.get(claim.round, "own") == seen.round:
            # A claim that holds all the same would not notice a program that ignores the setting.
            with subtests.test(key=claim.key), pytest.raises(FALSE):
                claim.holds(seen, claim.given(seen.ground))


def test_a_stack_with_all_of_them_is_whole(seen: Seen) -> None:
    broken = [verdict for verdict in seen.done.checks if not verdict.ok]
    assert not broken, broken


def test_every_setting_has_a_claim() -> None:
    missing = sorted(set(FIELDS) - set(CLAIMS))
    assert not missing, (
        f"No test says what {', '.join(missing)} does to the account: add a claim for each in "
        "tests/program/every_setting (three lines; claims.py says how)."
    )


def test_every_claim_is_about_a_setting() -> None:
    unknown = sorted(set(CLAIMS) - set(FIELDS))
    assert not unknown, f"{', '.join(unknown)}: there is no such setting in settings/sections. Remove the claim."


@pytest.mark.parametrize("key", [key for key, claimed in CLAIMS.items() if not callable(claimed.value)])
def test_a_value_is_neither_the_default_nor_the_presets(key: str) -> None:
    (name, field), claimed = FIELDS[key], CLAIMS[key]
    preset = PRESETS["standard" if claimed.round != CLAIMS["preset"].round else CLAIMS["preset"].value]
    usual = [field.get_default(call_default_factory=True), preset.get(name)]
    usual = [list(value) if isinstance(value, tuple) else value for value in usual]
    assert claimed.value not in usual, f"cvat:{key}: a program that ignores it would do the same"


def test_every_round_is_rehearsed_in_china_and_elsewhere() -> None:
    for name, regions in ROUNDS.items():
        assert {region.startswith("cn-") for region in regions} == {True, False}, f"round {name}: {regions}"
    assert {claim.round for claim in CLAIMS.values()} == set(ROUNDS), "a round without claims proves nothing"

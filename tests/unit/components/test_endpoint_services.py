"""endpoint_services.py: which interface endpoints AWS makes in which of the stack's zones; pure."""

from __future__ import annotations

from components.network.endpoint_services import missing_everywhere, missing_somewhere
from settings.zones import Zone

ZONES = [Zone(f"cn-north-1{letter}", f"cnn1-az{number}") for number, letter in enumerate("abd", 1)]
NAMES = [zone.name for zone in ZONES]


def test_an_endpoint_in_every_zone_is_worth_no_word() -> None:
    assert not list(missing_everywhere({"ecr.api": NAMES}, ZONES))
    assert not list(missing_somewhere({"ecr.api": NAMES}, ZONES))


def test_an_endpoint_in_some_of_the_zones_is_used_and_the_others_are_named() -> None:
    offered = {"logs": [NAMES[0], "cn-north-1c"]}
    (warning,) = missing_somewhere(offered, ZONES)
    assert "in cn-north-1a, and not in cn-north-1b, cn-north-1d." in warning
    assert not list(missing_everywhere(offered, ZONES))


def test_an_endpoint_in_none_of_the_zones_is_refused_with_those_that_have_it() -> None:
    offered = {"logs": ["cn-north-1c"], "kms": []}
    elsewhere, nowhere = missing_everywhere(offered, ZONES)
    assert "none of the stack's zones cn-north-1a, cn-north-1b, cn-north-1d, but in cn-north-1c." in elsewhere
    assert "but in no other either" in nowhere
    assert not list(missing_somewhere(offered, ZONES)), "one sentence for one mistake"

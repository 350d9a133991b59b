"""Which zones a stack uses, and whether a VPC can be adopted."""

from __future__ import annotations

import pytest

from components.adopted.network import AdoptedSubnet, subnet_problems
from settings.errors import ZonesError
from settings.zones import Zone, choose_zones

ZONES = [Zone(f"cn-north-1{letter}", f"cnn1-az{n}") for letter, n in (("a", 1), ("b", 2), ("d", 4))]


def subnet(name: str, zone: Zone, *, public: bool, vpc: str = "vpc-1") -> AdoptedSubnet:
    return AdoptedSubnet(name, vpc, zone, public)


def test_the_first_three_zones_are_taken_unless_others_are_wanted() -> None:
    four = [*ZONES, Zone("cn-north-1e", "cnn1-az5")]
    assert choose_zones(four, ()) == tuple(ZONES)
    assert choose_zones(four, ("cn-north-1e", "cn-north-1a", "cn-north-1b"))[0].zone_id == "cnn1-az5"


def test_a_zone_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ZonesError, match="names cn-north-1z, but this account sees only cn-north-1a"):
        choose_zones(ZONES, ("cn-north-1a", "cn-north-1b", "cn-north-1z"))


def test_two_zones_are_not_enough() -> None:
    with pytest.raises(ZonesError, match="shows 2 availability zones"):
        choose_zones(ZONES[:2], ())


def test_zones_of_existing_subnets_stay_though_another_zone_is_new_and_one_is_impaired() -> None:
    new, used = Zone("cn-north-1c", "cnn1-az3"), dict(enumerate(ZONES))
    assert choose_zones([ZONES[0], new, ZONES[2]], (), used) == tuple(ZONES)


def test_a_network_that_is_half_made_keeps_the_zones_that_it_has() -> None:
    assert choose_zones(ZONES, (), {1: ZONES[0]}) == (ZONES[1], ZONES[0], ZONES[2])


def test_other_zones_than_those_of_the_subnets_are_refused() -> None:
    with pytest.raises(ZonesError, match="has subnets in cn-north-1a, cn-north-1b, cn-north-1d, and AWS cannot move"):
        choose_zones(ZONES, ("cn-north-1b", "cn-north-1a", "cn-north-1d"), dict(enumerate(ZONES)))


def test_subnets_of_three_zones_and_of_the_right_kind_are_adopted() -> None:
    public = [subnet(f"p{i}", zone, public=True) for i, zone in enumerate(ZONES)]
    private = [subnet(f"q{i}", zone, public=False) for i, zone in enumerate(ZONES)]
    assert not list(subnet_problems("vpc-1", public, private))


def test_all_that_is_wrong_with_subnets_is_said_at_once() -> None:
    public = [subnet("p0", ZONES[0], public=False)] + [subnet(f"p{i}", ZONES[1], public=True) for i in (1, 2)]
    private = [subnet(f"q{i}", zone, public=False, vpc="vpc-2") for i, zone in enumerate(ZONES)]
    problems = " ".join(subnet_problems("vpc-1", public, private))
    for said in (
        "q0 belongs to vpc-2",
        "publicSubnetIds lie in cn-north-1a, cn-north-1b only",
        "p0, which has no route",
    ):
        assert said in problems

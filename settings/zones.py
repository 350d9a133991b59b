"""Which availability zones a stack uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settings.errors import ZonesError

ZONES = 3
"""Availability zones that a stack spreads over."""


@dataclass(frozen=True)
class Zone:
    """An availability zone: its name in this account, and the id that is the same in every account."""

    name: str
    zone_id: str


def choose_zones(
    available: Sequence[Zone], names: Sequence[str], in_use: Mapping[int, Zone] | None = None
) -> tuple[Zone, ...]:
    """The zones of these names, else the first three; the zones of subnets that exist stay.

    `in_use`: zones of the stack's subnets, by their place. AWS cannot move a subnet, so a zone that is new or impaired
    changes nothing for a stack that exists. Raises ZonesError where a zone does not exist, where there are fewer than
    three, and where the names are not those of the stack's subnets.
    """
    used = dict(sorted((in_use or {}).items()))
    if moved := [zone.name for place, zone in used.items() if names and names[place] != zone.name]:
        zones = ", ".join(zone.name for zone in used.values())
        raise ZonesError(
            f"cvat:availabilityZones = {', '.join(names)}: the stack has subnets in {zones}, and AWS cannot move "
            f"those in {', '.join(moved)}. Name the zones of the subnets in their order, or remove the key."
        )
    by_name = {zone.name: zone for zone in available} | {zone.name: zone for zone in used.values()}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise ZonesError(
            f"cvat:availabilityZones names {', '.join(missing)}, but this account sees only "
            f"{', '.join(by_name)}. Choose {ZONES} of these."
        )
    others = iter([zone for zone in available if zone not in used.values()])
    chosen = [by_name[name] for name in names] or [
        zone for place in range(ZONES) if (zone := used.get(place) or next(others, None))
    ]
    if len(chosen) < ZONES:
        raise ZonesError(
            f"This region shows {len(chosen)} availability zones to the account, and CVAT needs {ZONES}. "
            "Deploy to another region."
        )
    return tuple(chosen)

"""Which availability zones a stack uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from settings.errors import ZonesError

ZONES = 3
"""Availability zones that a stack spreads over."""


@dataclass(frozen=True)
class Zone:
    """An availability zone: its name in this account, and the id that is the same in every account."""

    name: str
    zone_id: str


def choose_zones(available: Sequence[Zone], names: Sequence[str]) -> tuple[Zone, ...]:
    """The zones of these names, else the first three.

    Raises ZonesError where a zone does not exist, or where there are fewer than three.
    """
    by_name = {zone.name: zone for zone in available}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise ZonesError(
            f"cvat:availabilityZones names {', '.join(missing)}, but this account sees only "
            f"{', '.join(by_name)}. Choose {ZONES} of these."
        )
    chosen = [by_name[name] for name in names] or list(available[:ZONES])
    if len(chosen) < ZONES:
        raise ZonesError(
            f"This region shows {len(chosen)} availability zones to the account, and CVAT needs {ZONES}. "
            "Deploy to another region."
        )
    return tuple(chosen)

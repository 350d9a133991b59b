"""How many IPv4 addresses a stack takes in each of its subnets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from settings.zones import ZONES

RESERVED = 5
"""Addresses of every subnet that AWS keeps (VPC user guide, "Subnet CIDR blocks",
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html, read 2026-11)."""
SMALLEST_OF_BALANCER = 27
"""Prefix length of the smallest subnet that an application load balancer takes, which also wants eight free addresses
in it (ELB user guide, "Subnets for your load balancer",
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html, read 2026-11)."""
SMALLEST = 28
"""Prefix length of the smallest subnet of all
(https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html, read 2026-11)."""
_OF_BALANCER = 8
_UPDATED = 2
"""A rolling update runs what is new beside what is old."""


@dataclass(frozen=True, kw_only=True)
class AddressDemand:
    """What takes addresses. The methods answer for one subnet: by what takes them, and how many at most."""

    tasks: int
    """ECS tasks at most."""
    task_zones: int
    """Zones over which ECS spreads them."""
    cache_nodes: int
    models: int
    """Instances of all SageMaker endpoints at most."""
    interface_endpoints: int
    """In each private subnet."""
    internal: bool
    """Whether the load balancer is in the private subnets."""

    def private(self, *, tasks: bool = True) -> Mapping[str, int]:
        """In a private subnet. tasks: whether Fargate runs in its zone."""
        return {
            "tasks during an update": _share(_UPDATED * self.tasks, self.task_zones) if tasks else 0,
            "database and its replacement": 2,
            "Redis": _share(self.cache_nodes, ZONES) + 1,
            "mount target": 1,
            "model instances during an update": _share(_UPDATED * self.models, ZONES),
            "interface endpoints": self.interface_endpoints,
            "load balancer": _OF_BALANCER if self.internal else 0,
        }

    def public(self) -> Mapping[str, int]:
        """In a public subnet."""
        return {"load balancer": 0 if self.internal else _OF_BALANCER, "NAT gateway": 1}


def too_small(takers: Mapping[str, int], free: int) -> str | None:
    """Why a subnet with so many free addresses does not do, as a clause; None where it does."""
    needed = sum(takers.values())
    if needed <= free:
        return None
    parts = ", ".join(f"{count} for {taker}" for taker, count in takers.items() if count)
    return f"{free} addresses are free in it, and the stack takes up to {needed} there: {parts}"


def prefix_for(needed: int) -> int:
    """Prefix length of the smallest subnet in which so many addresses are free."""
    return 32 - (needed + RESERVED - 1).bit_length()


def _share(number: int, zones: int) -> int:
    """The most that one of the zones gets."""
    return -(-number // max(zones, 1))

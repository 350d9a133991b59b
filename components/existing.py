"""What exists already and is used instead of something new: all of it is looked at before anything is made."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws

from components.existing_balancer import ExistingBalancer, NamedBalancer, existing_balancer
from components.existing_database import ExistingDatabase, NamedDatabase, existing_database
from components.existing_files import Files, NamedFiles, existing_files
from components.front_door import FrontDoor
from components.network import Adopted
from components.problems import Problems
from components.restore import database_snapshot
from components.site import Site
from components.sizes import DatabaseSize
from components.zones import adopt


@dataclass(frozen=True, kw_only=True)
class Named:
    """What the operator named; all may be empty."""

    vpc_id: str
    public_subnet_ids: tuple[str, ...]
    private_subnet_ids: tuple[str, ...]
    snapshot: str
    """Identifier or ARN of an RDS snapshot, of which a new database is made."""
    database: NamedDatabase
    files: NamedFiles
    balancer: NamedBalancer
    front: FrontDoor
    """Whose hosted zone is looked at."""


@dataclass(frozen=True, kw_only=True)
class Existing:
    """What there is, and fits; None: the stack makes its own."""

    network: Adopted | None = None
    snapshot_id: str | None = None
    database: ExistingDatabase | None = None
    files: Files | None = None
    balancer: ExistingBalancer | None = None


def find(site: Site, named: Named, size: DatabaseSize) -> Existing:
    """Look at all that is named. Raises ExistingError with everything that does not fit."""
    problems = Problems()
    network = _network(named, problems)
    zones = [subnet.zone.name for subnet in network.private_subnets] if network else []
    existing = Existing(
        network=network,
        snapshot_id=database_snapshot(site, named.snapshot, size, problems) if named.snapshot else None,
        database=existing_database(site, named.database, named.vpc_id, problems),
        files=existing_files(site, named.files, zones, problems),
        balancer=existing_balancer(named.balancer, named.vpc_id, problems),
    )
    _hosted_zone(named.front, problems)
    problems.check()
    return existing


def _hosted_zone(front: FrontDoor, problems: Problems) -> None:
    """The zone that the public name is to stand in."""
    wanted = front.hosted_zone_id
    zone = problems.ask("hostedZoneId", wanted, lambda: aws.route53.get_zone(zone_id=wanted)) if wanted else None
    if zone and (why := front.why_not_in(zone.name.rstrip("."), private=bool(zone.private_zone))):
        problems.add([why])


def _network(named: Named, problems: Problems) -> Adopted | None:
    if not named.vpc_id:
        return None
    private = adopt(named.vpc_id, named.public_subnet_ids, named.private_subnet_ids, problems)
    return Adopted(vpc_id=named.vpc_id, public_subnet_ids=named.public_subnet_ids, private_subnets=private)

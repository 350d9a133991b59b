"""What exists already and is used instead of something new: all of it is looked at before anything is made."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.database import AdoptedDatabase, adopted_database
from components.adopted.file_system import Files, adopted_files
from components.adopted.load_balancer import AdoptedLoadBalancer, adopted_load_balancer
from components.adopted.restore import database_snapshot
from components.context import StackContext
from components.network import Adopted
from components.network.zones import adopt
from components.problems import Problems
from settings.ingress_options import IngressOptions
from settings.values import AdoptedReferences, DatabaseSize


@dataclass(frozen=True, kw_only=True)
class Existing:
    """What there is, and fits; None: the stack makes its own."""

    network: Adopted | None = None
    snapshot_id: str | None = None
    database: AdoptedDatabase | None = None
    files: Files | None = None
    balancer: AdoptedLoadBalancer | None = None


def find(context: StackContext, named: AdoptedReferences, size: DatabaseSize) -> Existing:
    """Look at all that is named. Raises ExistingError with everything that does not fit."""
    problems = Problems()
    network = _network(named, problems)
    zones = [subnet.zone.name for subnet in network.private_subnets] if network else []
    existing = Existing(
        network=network,
        snapshot_id=database_snapshot(context, named.snapshot, size, problems) if named.snapshot else None,
        database=adopted_database(context, named.database, named.vpc_id, problems),
        files=adopted_files(context, named.files, zones, problems),
        balancer=adopted_load_balancer(named.balancer, named.vpc_id, problems),
    )
    _hosted_zone(named.front, problems)
    problems.check()
    return existing


def _hosted_zone(front: IngressOptions, problems: Problems) -> None:
    """The zone that the public name is to stand in."""
    wanted = front.hosted_zone_id
    zone = problems.ask("hostedZoneId", wanted, lambda: aws.route53.get_zone(zone_id=wanted)) if wanted else None
    if zone and (why := front.hosted_zone_problem(zone.name.rstrip("."), private=bool(zone.private_zone))):
        problems.add([why])


def _network(named: AdoptedReferences, problems: Problems) -> Adopted | None:
    if not named.vpc_id:
        return None
    private = adopt(named.vpc_id, named.public_subnet_ids, named.private_subnet_ids, problems)
    return Adopted(vpc_id=named.vpc_id, public_subnet_ids=named.public_subnet_ids, private_subnets=private)

"""Resources that exist already and are used instead of new ones: each is checked before anything is created."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.database import AdoptedDatabase, adopted_database
from components.adopted.file_system import AdoptedFileSystem, adopted_file_system
from components.adopted.load_balancer import AdoptedLoadBalancer, adopted_load_balancer
from components.adopted.network import AdoptedNetwork, adopted_network
from components.adopted.problems import Problems
from components.adopted.restore import database_snapshot
from components.context import StackContext
from settings.addresses import AddressDemand
from settings.ingress_options import IngressOptions
from settings.values import AdoptedReferences, DatabaseSize


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """What the stack can use; None: it creates its own."""

    network: AdoptedNetwork | None = None
    snapshot_id: str | None = None
    database: AdoptedDatabase | None = None
    file_system: AdoptedFileSystem | None = None
    load_balancer: AdoptedLoadBalancer | None = None


def find(context: StackContext, references: AdoptedReferences, size: DatabaseSize, demand: AddressDemand) -> Adopted:
    """Ask AWS about everything that the settings name. Raises AdoptionError with all that cannot be used."""
    problems = Problems()
    network = adopted_network(context, references, demand, problems)
    zones = [subnet.zone.name for subnet in network.private_subnets] if network else []
    snapshot_id = database_snapshot(context, references.snapshot, size, problems) if references.snapshot else None
    adopted = Adopted(
        network=network,
        snapshot_id=snapshot_id,
        database=adopted_database(context, references.database, references.vpc_id, problems),
        file_system=adopted_file_system(context, references.files, zones, problems),
        load_balancer=adopted_load_balancer(context, references.balancer, references.vpc_id, problems),
    )
    _check_hosted_zone(references.ingress, problems)
    problems.check()
    return adopted


def _check_hosted_zone(ingress: IngressOptions, problems: Problems) -> None:
    """The hosted zone in which the public name gets its record."""
    zone_id = ingress.hosted_zone_id
    zone = problems.ask("hostedZoneId", zone_id, lambda: aws.route53.get_zone(zone_id=zone_id)) if zone_id else None
    if zone and (problem := ingress.hosted_zone_problem(zone.name.rstrip("."), private=bool(zone.private_zone))):
        problems.add([problem])

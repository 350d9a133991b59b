"""Which interface endpoints a region has, and in which of the stack's zones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.problems import Problems
from region import Region
from settings.zones import Zone


@dataclass(frozen=True)
class InterfaceEndpoint:
    """An endpoint that AWS can make."""

    service: str
    """Its short name, such as `ecr.api`."""
    zones: Sequence[int]
    """Places, from 0, of the stack's zones in which the service has it."""


def interface_endpoints(
    region: Region, services: Sequence[str], zones: Sequence[Zone]
) -> tuple[list[InterfaceEndpoint], list[str]]:
    """The endpoints of these services, and warnings of zones without them.

    Raises AdoptionError with a sentence for each service that the region lacks in all of the stack's zones.
    """
    problems = Problems()
    answers = {service: _zones_of(region, service, problems) for service in services}
    offered = {service: names for service, names in answers.items() if names is not None}
    problems.add(missing_everywhere(offered, zones))
    problems.check()
    endpoints = [
        InterfaceEndpoint(service, [place for place, zone in enumerate(zones) if zone.name in names])
        for service, names in offered.items()
    ]
    return endpoints, list(missing_somewhere(offered, zones))


def _zones_of(region: Region, service: str, problems: Problems) -> Sequence[str] | None:
    return problems.ask(
        "interfaceEndpoints",
        service,
        lambda: (
            aws.ec2.get_vpc_endpoint_service(
                service_name=region.interface_endpoint(service), service_type="Interface"
            ).availability_zones
        ),
        remedy=f"Remove it, or correct it: `aws ec2 describe-vpc-endpoint-services --region {region.name}` lists those "
        "that exist.",
    )


def missing_everywhere(offered: Mapping[str, Sequence[str]], zones: Sequence[Zone]) -> Iterator[str]:
    """Services that have no endpoint in any of the zones, a sentence each; pure."""
    names = [zone.name for zone in zones]
    for service, zone_names in offered.items():
        if not set(zone_names) & set(names):
            yield (
                f"cvat:interfaceEndpoints = {service}: AWS makes this endpoint in none of the stack's zones "
                f"{', '.join(names)}, but in {', '.join(zone_names) or 'no other either'}. Name other zones in "
                "cvat:availabilityZones, or remove the service."
            )


def missing_somewhere(offered: Mapping[str, Sequence[str]], zones: Sequence[Zone]) -> Iterator[str]:
    """Services that have an endpoint in some of the zones only, a sentence each; pure."""
    for service, zone_names in offered.items():
        absent = [zone.name for zone in zones if zone.name not in zone_names]
        if absent and len(absent) < len(zones):
            yield (
                f"cvat:interfaceEndpoints = {service}: AWS makes this endpoint in "
                f"{', '.join(zone.name for zone in zones if zone.name in zone_names)}, and not in {', '.join(absent)}. "
                "Calls from there go to an endpoint in another zone; to avoid that, name other zones in "
                "cvat:availabilityZones."
            )

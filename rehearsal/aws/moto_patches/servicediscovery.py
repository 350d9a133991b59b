"""Cloud Map."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.route53.models import route53_backends
from moto.servicediscovery.models import ServiceDiscoveryBackend

from region import Region
from rehearsal.aws.moto_patches.patch import Client, after, moto_patch


def _makes_a_zone_for_the_vpc(client: Client) -> bool:
    """The zone of a private namespace has the namespace's name, and its VPC can ask it."""
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    client("servicediscovery").create_private_dns_namespace(Name="example.internal", Vpc=vpc)
    (zone,) = client("route53").list_hosted_zones()["HostedZones"]
    vpcs = client("route53").get_hosted_zone(Id=zone["Id"])["VPCs"]
    return bool(zone["Name"] == "example.internal." and [member["VPCId"] for member in vpcs] == [vpc])


@moto_patch(_makes_a_zone_for_the_vpc)
def zones_of_private_namespaces(stack: ExitStack) -> None:
    """moto's Cloud Map makes a zone with another name, and associates it with no VPC: its names cannot be resolved.

    API reference: CreatePrivateDnsNamespace.
    """

    def associate(answer: str, self: Any, *_: Any, **__: Any) -> str:
        namespace = list(self.namespaces.values())[-1]
        zones = route53_backends[self.account_id][Region(self.region_name).partition].zones
        zone = zones[namespace.dns_properties["HostedZoneId"].rpartition("/")[2]]
        zone.name = f"{namespace.name}."
        zone.add_vpc(namespace.vpc, self.region_name)
        return answer

    after(stack, ServiceDiscoveryBackend, "create_private_dns_namespace", associate)

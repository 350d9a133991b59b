"""Cloud Map."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.route53.models import route53_backends
from moto.servicediscovery.models import ServiceDiscoveryBackend

from region import Region
from rehearsal.aws.moto_patches.patch import Client, after, moto_patch, replace


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


def _deletes_the_zone(client: Client) -> bool:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    discovery = client("servicediscovery")
    discovery.create_private_dns_namespace(Name="example.internal", Vpc=vpc)
    (namespace,) = discovery.list_namespaces()["Namespaces"]
    discovery.delete_namespace(Id=namespace["Id"])
    return not client("route53").list_hosted_zones()["HostedZones"]


@moto_patch(_deletes_the_zone)
def zones_of_deleted_namespaces(stack: ExitStack) -> None:
    """moto's Cloud Map leaves the hosted zone of a namespace that is deleted.

    Cloud Map developer guide, "Deleting a namespace": the zone in Route 53 is deleted, too.
    """
    original = ServiceDiscoveryBackend.delete_namespace

    def delete(self: Any, namespace_id: str) -> str:
        namespace = self.namespaces.get(namespace_id)
        operation = original(self, namespace_id)
        zone_id = (namespace.dns_properties or {}).get("HostedZoneId", "").rpartition("/")[2]
        route53_backends[self.account_id][Region(self.region_name).partition].zones.pop(zone_id, None)
        return operation

    replace(stack, ServiceDiscoveryBackend, "delete_namespace", delete)

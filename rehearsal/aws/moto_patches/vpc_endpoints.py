"""Services behind VPC endpoints: their names, and the zones that they have."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.vpcs import VPCBackend
from moto.moto_api._internal import mock_random

from region import Region
from rehearsal.aws.moto_patches.patch import Client, before, moto_patch, refusal, replace, subnet_ids

ZONES_WITHOUT: dict[str, frozenset[str]] = {}
"""Service -> zones that lack it. Empty: which zones lack which is known to no one but the region itself."""


def _uses_the_names_of_china(client: Client) -> bool:
    names = ["cn.com.amazonaws.cn-northwest-1.ecr.api", "com.amazonaws.cn-northwest-1.logs"]
    wrong = ["com.amazonaws.cn-northwest-1.ecr.api"]
    described = client("ec2").describe_vpc_endpoint_services(ServiceNames=names)["ServiceNames"]
    refused = refusal(client("ec2").describe_vpc_endpoint_services, ServiceNames=wrong)
    return (sorted(described), refused) == (names, "InvalidServiceName")


@moto_patch(_uses_the_names_of_china)
def names_of_endpoint_services(stack: ExitStack) -> None:
    """moto gives every service the prefix com.amazonaws, which some have in China and others have not.

    AWS CDK, vpc-endpoint.ts; region.py has the table. moto also keeps its list for all accounts of a process.
    """
    collect: Any = VPCBackend._collect_default_endpoint_services

    def described(account_id: str, region_name: str) -> list[dict[str, Any]]:
        region, prefix = Region(region_name), f"com.amazonaws.{region_name}."
        services, drawn = [], mock_random.getstate()
        listed = collect(account_id, region_name)
        mock_random.setstate(drawn)  # it draws identifiers when a process asks first, and never again
        for service in listed:
            is_gateway = any(kind["ServiceType"] == "Gateway" for kind in service["ServiceType"])
            name = str(service["ServiceName"])
            if name.startswith(prefix) and not is_gateway:
                name = region.interface_endpoint(name.removeprefix(prefix))
            zones = [zone for zone in service["AvailabilityZones"] if zone not in ZONES_WITHOUT.get(name, ())]
            services.append({**service, "ServiceName": name, "AvailabilityZones": zones})
        return services

    replace(stack, VPCBackend, "_collect_default_endpoint_services", staticmethod(described))


def _refuses_what_is_not_offered(client: Client) -> bool:
    vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    endpoint = {"VpcId": vpc, "VpcEndpointType": "Interface", "SubnetIds": subnet_ids(client)[:1]}
    return refusal(
        client("ec2").create_vpc_endpoint, **endpoint, ServiceName="com.amazonaws.cn-northwest-1.nothing"
    ) == ("InvalidServiceName")


@moto_patch(_refuses_what_is_not_offered)
def endpoints_of_services_that_exist(stack: ExitStack) -> None:
    """moto makes an endpoint of any service in any zone. EC2 API reference, CreateVpcEndpoint."""

    def check(self: Any, vpc_id: str, service_name: str, *args: Any, **kwargs: Any) -> None:
        del vpc_id, args
        services = self._collect_default_endpoint_services(self.account_id, self.region_name)
        zones = {
            zone
            for service in services
            if service["ServiceName"] == service_name
            for zone in service["AvailabilityZones"]
        }
        if not zones:
            raise EC2ClientError("InvalidServiceName", f"The Vpc Endpoint Service '{service_name}' does not exist")
        for subnet_id in kwargs.get("subnet_ids") or ():
            if self.get_subnet(subnet_id).availability_zone not in zones:
                text = f"The VPC endpoint service {service_name} does not support the availability zone of the subnet"
                raise EC2ClientError("InvalidParameter", f"{text}: {subnet_id}.")

    before(stack, VPCBackend, "create_vpc_endpoint", check)

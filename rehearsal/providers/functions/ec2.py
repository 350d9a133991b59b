"""Networks that exist."""

from __future__ import annotations

from typing import Any

from rehearsal.errors import FunctionError, RehearsalError
from rehearsal.providers.functions import FunctionCall, function


def _by_id(call: FunctionCall, operation: str, key: str, member: str) -> dict[str, Any]:
    identifier = call.arguments.take("id")
    if not identifier:
        raise RehearsalError(f"{operation}: only looking up by id is rehearsed.")
    described: dict[str, Any] = getattr(call.client("ec2"), operation)(**{key: [identifier]})[member][0]
    return described


def _filters(call: FunctionCall) -> list[dict[str, Any]]:
    return [{"Name": item["name"], "Values": item["values"]} for item in call.arguments.take("filters") or []]


def _tags(thing: dict[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}


@function("aws:ec2/getSubnet:getSubnet")
def subnet(call: FunctionCall) -> dict[str, Any]:
    """A subnet of an adopted VPC."""
    described = _by_id(call, "describe_subnets", "SubnetIds", "Subnets")
    return {
        "id": described["SubnetId"],
        "vpcId": described["VpcId"],
        "arn": described["SubnetArn"],
        "cidrBlock": described["CidrBlock"],
        "availabilityZone": described["AvailabilityZone"],
        "availabilityZoneId": described["AvailabilityZoneId"],
        "availableIpAddressCount": described["AvailableIpAddressCount"],
        "mapPublicIpOnLaunch": described["MapPublicIpOnLaunch"],
        "state": described["State"],
        "region": call.region,
        "tags": _tags(described),
    }


@function("aws:ec2/getVpc:getVpc")
def vpc(call: FunctionCall) -> dict[str, Any]:
    """An adopted VPC."""
    described = _by_id(call, "describe_vpcs", "VpcIds", "Vpcs")
    client, vpc_id = call.client("ec2"), described["VpcId"]
    support = client.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")
    hostnames = client.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")
    return {
        "id": vpc_id,
        "cidrBlock": described["CidrBlock"],
        "state": described["State"],
        "default": described["IsDefault"],
        "enableDnsSupport": support["EnableDnsSupport"]["Value"],
        "enableDnsHostnames": hostnames["EnableDnsHostnames"]["Value"],
        "region": call.region,
        "tags": _tags(described),
    }


@function("aws:ec2/getRouteTable:getRouteTable")
def route_table(call: FunctionCall) -> dict[str, Any]:
    """The table that a subnet uses: its own, else the VPC's main one."""
    client = call.client("ec2")
    arguments = {
        "route-table-id": call.arguments.take("routeTableId"),
        "association.subnet-id": call.arguments.take("subnetId"),
        "vpc-id": call.arguments.take("vpcId"),
    }
    filters = [{"Name": name, "Values": [value]} for name, value in arguments.items() if value]
    tables = client.describe_route_tables(Filters=[*filters, *_filters(call)])["RouteTables"]
    if len(tables) != 1:
        raise FunctionError(f"getRouteTable: {len(tables)} tables match {arguments}; exactly one must.")
    routes = [
        {
            "cidrBlock": route.get("DestinationCidrBlock", ""),
            "gatewayId": route.get("GatewayId", ""),
            "natGatewayId": route.get("NatGatewayId", ""),
            "transitGatewayId": route.get("TransitGatewayId", ""),
            "networkInterfaceId": route.get("NetworkInterfaceId", ""),
            "vpcPeeringConnectionId": route.get("VpcPeeringConnectionId", ""),
        }
        for route in tables[0]["Routes"]
    ]
    table_id = tables[0]["RouteTableId"]
    return {
        "id": table_id,
        "routeTableId": table_id,
        "vpcId": tables[0]["VpcId"],
        "routes": routes,
        "region": call.region,
        "tags": _tags(tables[0]),
    }


@function("aws:ec2/getRouteTables:getRouteTables")
def route_tables(call: FunctionCall) -> dict[str, Any]:
    """Ids of a VPC's route tables."""
    vpc_id = call.arguments.take("vpcId")
    filters = [*_filters(call), *([{"Name": "vpc-id", "Values": [vpc_id]}] if vpc_id else [])]
    tables = call.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
    return {"id": call.region, "ids": sorted(table["RouteTableId"] for table in tables), "region": call.region}


@function("aws:ec2/getVpcEndpointService:getVpcEndpointService")
def endpoint_service(call: FunctionCall) -> dict[str, Any]:
    """A service that can be reached by endpoint, and the zones in which it can."""
    name, kind = call.arguments.take("serviceName"), call.arguments.take("serviceType")
    filters = [{"Name": "service-type", "Values": [kind]}] if kind else []
    details = call.client("ec2").describe_vpc_endpoint_services(ServiceNames=[name], Filters=filters)["ServiceDetails"]
    if len(details) != 1:
        raise FunctionError(f"getVpcEndpointService: {len(details)} services match {name}; exactly one must.")
    return {
        "id": details[0]["ServiceId"],
        "serviceName": name,
        "serviceType": details[0]["ServiceType"][0]["ServiceType"],
        "availabilityZones": sorted(details[0]["AvailabilityZones"]),
        "privateDnsName": details[0].get("PrivateDnsName", ""),
        "region": call.region,
    }


@function("aws:ec2/getVpcEndpoint:getVpcEndpoint")
def endpoint(call: FunctionCall) -> dict[str, Any]:
    """An endpoint of a VPC."""
    arguments = {
        "vpc-id": call.arguments.take("vpcId"),
        "service-name": call.arguments.take("serviceName"),
        "vpc-endpoint-type": call.arguments.take("vpcEndpointType"),
    }
    filters = [{"Name": name, "Values": [value]} for name, value in arguments.items() if value]
    endpoints = call.client("ec2").describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    endpoints = [endpoint for endpoint in endpoints if endpoint["State"].lower() != "deleted"]
    if len(endpoints) != 1:
        raise FunctionError(f"getVpcEndpoint: {len(endpoints)} endpoints match {arguments}; exactly one must.")
    described = endpoints[0]
    return {
        "id": described["VpcEndpointId"],
        "vpcId": described["VpcId"],
        "serviceName": described["ServiceName"],
        "vpcEndpointType": described["VpcEndpointType"],
        "state": described["State"].lower(),
        "privateDnsEnabled": bool(described.get("PrivateDnsEnabled")),
        "subnetIds": described.get("SubnetIds", []),
        "routeTableIds": described.get("RouteTableIds", []),
        "securityGroupIds": [group["GroupId"] for group in described.get("Groups", [])],
        "region": call.region,
    }


@function("aws:ec2/getNetworkInterfaces:getNetworkInterfaces")
def interfaces(call: FunctionCall) -> dict[str, Any]:
    """Ids of network interfaces."""
    described = call.client("ec2").describe_network_interfaces(Filters=_filters(call))["NetworkInterfaces"]
    ids = sorted(interface["NetworkInterfaceId"] for interface in described)
    return {"id": call.region, "ids": ids, "region": call.region}


@function("aws:ec2/getNetworkInterface:getNetworkInterface")
def interface(call: FunctionCall) -> dict[str, Any]:
    """One network interface."""
    interface_id = call.arguments.take("id")
    (described,) = call.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[interface_id])[
        "NetworkInterfaces"
    ]
    return {
        "id": interface_id,
        "vpcId": described["VpcId"],
        "subnetId": described["SubnetId"],
        "availabilityZone": described["AvailabilityZone"],
        "description": described["Description"],
        "securityGroups": [group["GroupId"] for group in described["Groups"]],
        "region": call.region,
    }


@function("aws:ec2/getSubnets:getSubnets")
def subnets(call: FunctionCall) -> dict[str, Any]:
    """Ids of subnets with these tags."""
    tags = call.arguments.take("tags") or {}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    described = call.client("ec2").describe_subnets(Filters=filters)["Subnets"]
    return {"id": call.region, "ids": [subnet["SubnetId"] for subnet in described], "tags": tags}


@function("aws:ec2/getSecurityGroups:getSecurityGroups")
def security_groups(call: FunctionCall) -> dict[str, Any]:
    """Ids of security groups with these tags."""
    tags = call.arguments.take("tags") or {}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    groups = call.client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    return {
        "id": call.region,
        "ids": sorted(group["GroupId"] for group in groups),
        "vpcIds": sorted({group["VpcId"] for group in groups}),
        "region": call.region,
    }


@function("aws:ec2/getVpcs:getVpcs")
def vpcs(call: FunctionCall) -> dict[str, Any]:
    """Ids of VPCs with these tags."""
    tags = call.arguments.take("tags") or {}
    filters = [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items()]
    described = call.client("ec2").describe_vpcs(Filters=filters)["Vpcs"]
    return {"id": call.region, "ids": [vpc["VpcId"] for vpc in described], "region": call.region}

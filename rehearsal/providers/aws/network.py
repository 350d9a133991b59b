"""VPC, subnets, routes, NAT and endpoints (Amazon EC2 API)."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.resource import Made, Make, handles


def tag_specifications(make: Make, resource_type: str) -> dict[str, Any]:
    """EC2's way of tagging at creation: the request member TagSpecifications."""
    make.tagged = True
    if not make.tags:
        return {}
    tags = [{"Key": key, "Value": value} for key, value in make.tags.items()]
    return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": tags}]}


def arn(make: Make, path: str) -> str:
    """ARN of an EC2 thing, e.g. path 'vpc/vpc-1'; most of EC2's answers carry none."""
    partition = make.client("ec2").meta.partition
    return f"arn:{partition}:ec2:{make.region}:{make.account.id}:{path}"


@handles("aws:ec2/vpc:Vpc", tags=True)
def vpc(make: Make) -> Made:
    """A VPC with its DNS attributes (the provider's default: DNS support on, host names off)."""
    support = make.inputs.take("enableDnsSupport", True)
    hostnames = make.inputs.take("enableDnsHostnames", False)
    created = make.call("ec2", "CreateVpc", tag_specifications(make, "vpc"))["Vpc"]
    vpc_id = created["VpcId"]
    make.ask("ec2", "ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": support})
    make.ask("ec2", "ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": hostnames})
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    groups = make.ask("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
    tables = make.ask("ec2", "DescribeRouteTables", Filters=filters)["RouteTables"]
    return Made(
        vpc_id,
        {
            "arn": arn(make, f"vpc/{vpc_id}"),
            "cidrBlock": created["CidrBlock"],
            "ownerId": make.account.id,
            "enableDnsSupport": support,
            "enableDnsHostnames": hostnames,
            "defaultSecurityGroupId": groups[0]["GroupId"],
            "mainRouteTableId": tables[0]["RouteTableId"],
        },
    )


@handles("aws:ec2/internetGateway:InternetGateway", tags=True)
def internet_gateway(make: Make) -> Made:
    """An Internet gateway, attached."""
    created = make.call("ec2", "CreateInternetGateway", tag_specifications(make, "internet-gateway"))
    gateway_id = created["InternetGateway"]["InternetGatewayId"]
    make.call("ec2", "AttachInternetGateway", {"InternetGatewayId": gateway_id}, only=["vpcId"])
    return Made(gateway_id, {"arn": arn(make, f"internet-gateway/{gateway_id}"), "ownerId": make.account.id})


@handles("aws:ec2/subnet:Subnet", tags=True)
def subnet(make: Make) -> Made:
    """A subnet; whether it gives out public addresses is an attribute set afterwards."""
    public = make.inputs.take("mapPublicIpOnLaunch", False)
    ipv6 = make.inputs.take("assignIpv6AddressOnCreation", False)
    created = make.call("ec2", "CreateSubnet", tag_specifications(make, "subnet"))["Subnet"]
    subnet_id = created["SubnetId"]
    make.ask("ec2", "ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": public})
    if ipv6:
        make.ask("ec2", "ModifySubnetAttribute", SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
    return Made(
        subnet_id,
        {
            "arn": created["SubnetArn"],
            "availabilityZone": created["AvailabilityZone"],
            "availabilityZoneId": created.get("AvailabilityZoneId"),
            "mapPublicIpOnLaunch": public,
            "ownerId": make.account.id,
        },
    )


@handles("aws:ec2/routeTable:RouteTable", tags=True)
def route_table(make: Make) -> Made:
    """A route table without routes but the local one."""
    created = make.call("ec2", "CreateRouteTable", tag_specifications(make, "route-table"))["RouteTable"]
    table_id = created["RouteTableId"]
    return Made(table_id, {"arn": arn(make, f"route-table/{table_id}"), "ownerId": make.account.id})


@handles("aws:ec2/routeTableAssociation:RouteTableAssociation")
def route_table_association(make: Make) -> Made:
    """Which subnet uses which table."""
    return Made(make.call("ec2", "AssociateRouteTable")["AssociationId"])


@handles("aws:ec2/route:Route")
def route(make: Make) -> Made:
    """One route; the provider's id is made of the table and a hash of the destination."""
    table, target = make.inputs.peek("routeTableId"), make.inputs.peek("destinationCidrBlock")
    make.call("ec2", "CreateRoute")
    return Made(f"r-{table}{target}", {"state": "active", "origin": "CreateRoute"})


@handles("aws:ec2/eip:Eip", tags=True)
def elastic_ip(make: Make) -> Made:
    """An elastic address for a NAT gateway."""
    created = make.call("ec2", "AllocateAddress", {"Domain": "vpc"} | tag_specifications(make, "elastic-ip"))
    allocation = created["AllocationId"]
    return Made(
        allocation,
        {
            "allocationId": allocation,
            "publicIp": created["PublicIp"],
            "domain": "vpc",
            "arn": arn(make, f"elastic-ip/{allocation}"),
        },
    )


@handles("aws:ec2/natGateway:NatGateway", tags=True)
def nat_gateway(make: Make) -> Made:
    """A NAT gateway in a public subnet."""
    created = make.call("ec2", "CreateNatGateway", tag_specifications(make, "natgateway"))["NatGateway"]
    gateway_id = created["NatGatewayId"]
    (found,) = make.ask("ec2", "DescribeNatGateways", NatGatewayIds=[gateway_id])["NatGateways"]
    address = (found.get("NatGatewayAddresses") or [{}])[0]
    return Made(
        gateway_id,
        {"publicIp": address.get("PublicIp", ""), "privateIp": address.get("PrivateIp", "")},
    )


@handles("aws:ec2/vpcEndpoint:VpcEndpoint", tags=True, provider_only={"autoAccept": "accepts on the owner's side"})
def vpc_endpoint(make: Make) -> Made:
    """A gateway or interface endpoint."""
    policy = make.inputs.take("policy")
    extra = {"PolicyDocument": policy} if policy else {}
    created = make.call("ec2", "CreateVpcEndpoint", extra | tag_specifications(make, "vpc-endpoint"))["VpcEndpoint"]
    endpoint_id = created["VpcEndpointId"]
    prefixes = make.ask("ec2", "DescribeManagedPrefixLists")["PrefixLists"]
    prefix = next((one["PrefixListId"] for one in prefixes if one["PrefixListName"] == created["ServiceName"]), None)
    outputs = {
        "arn": arn(make, f"vpc-endpoint/{endpoint_id}"),
        "state": created.get("State", "available"),
        "dnsEntries": [
            {"dnsName": one["DnsName"], "hostedZoneId": one.get("HostedZoneId", "")}
            for one in created.get("DnsEntries", [])
        ],
        "networkInterfaceIds": created.get("NetworkInterfaceIds", []),
        "ownerId": make.account.id,
    }
    return Made(endpoint_id, outputs | ({"prefixListId": prefix} if prefix else {}))

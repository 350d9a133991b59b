"""A network that somebody else has made in the account."""

from __future__ import annotations

from typing import Any


def build_vpc(ec2: Any, zones: list[str]) -> tuple[str, list[str], list[str]]:
    """A VPC with a public and a private subnet in each zone, as somebody else may have made it."""
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnets: dict[bool, list[str]] = {True: [], False: []}
    for index, (public, zone) in enumerate((public, zone) for public in (True, False) for zone in zones):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=zone)["Subnet"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=made["SubnetId"])
        if public:
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        else:
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat(ec2, subnets[True]))
        subnets[public].append(made["SubnetId"])
    return vpc, subnets[True], subnets[False]


def nat(ec2: Any, public: list[str]) -> str:
    """A NAT gateway in the first public subnet, which is the way out of all private ones."""
    found = ec2.describe_nat_gateways(Filters=[{"Name": "subnet-id", "Values": public[:1]}])["NatGateways"]
    if not found:
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        found = [ec2.create_nat_gateway(SubnetId=public[0], AllocationId=address)["NatGateway"]]
    return str(found[0]["NatGatewayId"])

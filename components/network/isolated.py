"""A VPC of private subnets without a way to the Internet, tagged as awsx tags its own.

`awsx.ec2.Vpc` attaches an Internet gateway even where nothing leads to it, which some organisations forbid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from settings.values import AddressPlan
from settings.zones import Zone


@dataclass(frozen=True)
class IsolatedVpc:
    vpc: aws.ec2.Vpc
    private_subnet_ids: pulumi.Output[Sequence[str]]


def isolated_vpc(
    name: str, addresses: AddressPlan, zones: Sequence[Zone], s3_service: str, opts: pulumi.ResourceOptions
) -> IsolatedVpc:
    """A private subnet in each zone, and S3's gateway endpoint in their route table."""
    vpc = aws.ec2.Vpc(name, cidr_block=addresses.vpc_cidr, enable_dns_hostnames=True, tags={"Name": name}, opts=opts)
    table_name = f"{name}-isolated"
    table = aws.ec2.RouteTable(table_name, vpc_id=vpc.id, tags={"Name": table_name}, opts=opts)
    subnets = []
    for index, (zone, cidr) in enumerate(zip(zones, addresses.private_cidrs, strict=True), start=1):
        subnet_name = f"{table_name}-{index}"
        subnet = aws.ec2.Subnet(
            subnet_name,
            vpc_id=vpc.id,
            availability_zone=zone.name,
            cidr_block=cidr,
            tags={"Name": subnet_name, "SubnetType": "Isolated"},
            opts=opts,
        )
        aws.ec2.RouteTableAssociation(subnet_name, route_table_id=table.id, subnet_id=subnet.id, opts=opts)
        subnets.append(subnet)
    aws.ec2.VpcEndpoint(
        f"{name}-s3",
        vpc_id=vpc.id,
        service_name=s3_service,
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id],
        opts=opts,
    )
    return IsolatedVpc(vpc, pulumi.Output.all(*(subnet.id for subnet in subnets)).apply(list))

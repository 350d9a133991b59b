"""A VPC that exists already, with its subnets."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.problems import Problems
from settings.values import AdoptedReferences
from settings.zones import ZONES, Zone


@dataclass(frozen=True)
class AdoptedSubnet:
    """What decides whether a subnet can be used."""

    subnet_id: str
    vpc_id: str
    zone: Zone
    public: bool
    """Whether its route table leads to an Internet gateway."""


@dataclass(frozen=True, kw_only=True)
class AdoptedNetwork:
    """A VPC that the stack can use."""

    vpc_id: str
    public_subnet_ids: Sequence[str]
    private_subnets: Sequence[AdoptedSubnet]


def subnet_problems(vpc_id: str, public: Sequence[AdoptedSubnet], private: Sequence[AdoptedSubnet]) -> Iterator[str]:
    """Why the subnets cannot be used, one sentence each; pure."""
    for subnet in (*public, *private):
        if subnet.vpc_id != vpc_id:
            yield f"{subnet.subnet_id} belongs to {subnet.vpc_id}, not to cvat:vpcId = {vpc_id}. Name one of that VPC."
    for key, subnets, is_public in (("public", public, True), ("private", private, False)):
        if len({subnet.zone.zone_id for subnet in subnets}) < ZONES:
            zones = ", ".join(sorted({subnet.zone.name for subnet in subnets}))
            yield f"cvat:{key}SubnetIds lie in {zones} only, but {ZONES} zones are needed. Name a subnet in each."
        for subnet in subnets:
            if subnet.public is not is_public:
                yield (
                    f"cvat:{key}SubnetIds names {subnet.subnet_id}, which has {'no' if is_public else 'a'} route to an "
                    f"Internet gateway. Name a {key} subnet."
                )


def vpc_dns_problems(vpc_id: str, *, dns_support: bool, dns_hostnames: bool) -> Iterator[str]:
    """Why names of file system, gateway and endpoints do not resolve in a VPC; nothing where they do."""
    if not (dns_support and dns_hostnames):
        yield (
            f"cvat:vpcId = {vpc_id}: CVAT finds its file system and its gateway by name, so the VPC needs DNS support "
            "and DNS hostnames. Switch both on with `aws ec2 modify-vpc-attribute`."
        )


def adopted_network(references: AdoptedReferences, problems: Problems) -> AdoptedNetwork | None:
    """The VPC that the settings name, or None. Adds to `problems` what makes it unusable."""
    vpc_id = references.vpc_id
    if not vpc_id:
        return None
    vpc = problems.ask("vpcId", vpc_id, lambda: aws.ec2.get_vpc(id=vpc_id))
    public = _subnets("publicSubnetIds", references.public_subnet_ids, problems)
    private = _subnets("privateSubnetIds", references.private_subnet_ids, problems)
    if vpc:
        problems.add(
            vpc_dns_problems(vpc_id, dns_support=vpc.enable_dns_support, dns_hostnames=vpc.enable_dns_hostnames)
        )
    if len(public) + len(private) == len(references.public_subnet_ids) + len(references.private_subnet_ids):
        problems.add(subnet_problems(vpc_id, public, private))
    # In the order of their zones: another order of the list would move mount targets, of which a zone takes one.
    private.sort(key=lambda subnet: subnet.zone.name)
    return AdoptedNetwork(vpc_id=vpc_id, public_subnet_ids=references.public_subnet_ids, private_subnets=private)


def _subnets(key: str, ids: Sequence[str], problems: Problems) -> list[AdoptedSubnet]:
    """Those of the subnets that exist."""
    subnets = [problems.ask(key, subnet_id, functools.partial(_describe, subnet_id)) for subnet_id in ids]
    return [subnet for subnet in subnets if subnet]


def _describe(subnet_id: str) -> AdoptedSubnet:
    subnet = aws.ec2.get_subnet(id=subnet_id)
    routes = aws.ec2.get_route_table(subnet_id=subnet_id).routes
    return AdoptedSubnet(
        subnet_id=subnet_id,
        vpc_id=subnet.vpc_id,
        zone=Zone(subnet.availability_zone, subnet.availability_zone_id),
        public=any((route.gateway_id or "").startswith("igw-") for route in routes),
    )

"""Availability zones and adopted subnets: the questions to AWS whose answers decide which resources exist."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.problems import Problems
from settings.zones import ZONES, Zone


@dataclass(frozen=True)
class AdoptedSubnet:
    """What AWS says about a subnet that exists already."""

    subnet_id: str
    vpc_id: str
    zone: Zone
    public: bool
    """Whether its route table leads to an Internet gateway."""


def available_zones() -> list[Zone]:
    """The zones that the account sees, without local and wavelength zones."""
    found = aws.get_availability_zones(
        state="available",
        filters=[aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])],
    )
    return [Zone(name, zone_id) for name, zone_id in zip(found.names, found.zone_ids, strict=True)]


def describe_subnet(subnet_id: str) -> AdoptedSubnet:
    """Ask AWS about a subnet."""
    subnet = aws.ec2.get_subnet(id=subnet_id)
    routes = aws.ec2.get_route_table(subnet_id=subnet_id).routes
    return AdoptedSubnet(
        subnet_id=subnet_id,
        vpc_id=subnet.vpc_id,
        zone=Zone(subnet.availability_zone, subnet.availability_zone_id),
        public=any((route.gateway_id or "").startswith("igw-") for route in routes),
    )


def subnet_problems(vpc_id: str, public: Sequence[AdoptedSubnet], private: Sequence[AdoptedSubnet]) -> Iterator[str]:
    """All that is wrong with subnets to be adopted; pure."""
    for subnet in (*public, *private):
        if subnet.vpc_id != vpc_id:
            yield f"{subnet.subnet_id} belongs to {subnet.vpc_id}, not to cvat:vpcId = {vpc_id}. Name one of that VPC."
    for key, subnets, kind in (("public", public, True), ("private", private, False)):
        if len({subnet.zone.zone_id for subnet in subnets}) < ZONES:
            zones = ", ".join(sorted({subnet.zone.name for subnet in subnets}))
            yield f"cvat:{key}SubnetIds lie in {zones} only, but {ZONES} zones are needed. Name a subnet in each."
        for subnet in subnets:
            if subnet.public is not kind:
                yield (
                    f"cvat:{key}SubnetIds names {subnet.subnet_id}, which has {'no' if kind else 'a'} route to an "
                    f"Internet gateway. Name a {key} subnet."
                )


def vpc_dns_problems(vpc_id: str, *, dns_support: bool, dns_hostnames: bool) -> Iterator[str]:
    """Why a VPC to be adopted cannot resolve the names of file system, gateway and endpoints; nothing if it can."""
    if not (dns_support and dns_hostnames):
        yield (
            f"cvat:vpcId = {vpc_id}: CVAT finds its file system and its gateway by name, so the VPC needs DNS support "
            "and DNS hostnames. Switch both on with `aws ec2 modify-vpc-attribute`."
        )


def adopt(
    vpc_id: str, public_ids: Sequence[str], private_ids: Sequence[str], problems: Problems
) -> tuple[AdoptedSubnet, ...]:
    """The private subnets of an existing VPC, checked together with the public ones."""
    vpc = problems.ask("vpcId", vpc_id, lambda: aws.ec2.get_vpc(id=vpc_id))
    public = _described("publicSubnetIds", public_ids, problems)
    private = _described("privateSubnetIds", private_ids, problems)
    if vpc:
        names = {"dns_support": vpc.enable_dns_support, "dns_hostnames": vpc.enable_dns_hostnames}
        problems.add(vpc_dns_problems(vpc_id, **names))
    if len(public) + len(private) == len(public_ids) + len(private_ids):
        problems.add(subnet_problems(vpc_id, public, private))
    return tuple(private)


def _described(key: str, ids: Sequence[str], problems: Problems) -> list[AdoptedSubnet]:
    """Those of the subnets that exist."""
    found = [problems.ask(key, one, functools.partial(describe_subnet, one)) for one in ids]
    return [subnet for subnet in found if subnet]

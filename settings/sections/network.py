"""Section "Network": a new VPC, or an existing one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator

from settings.addresses import RESERVED, SMALLEST, SMALLEST_OF_BALANCER, AddressDemand, prefix_for, too_small
from settings.fields import Cidr, IpRanges, Many, Pattern, ResourceId, ZoneName
from settings.sections.section import Section
from settings.values import AddressPlan
from settings.zones import ZONES

VpcRange = Annotated[
    str,
    AfterValidator(Cidr(largest=16, smallest=28, why="AWS takes no larger and no smaller range for a VPC")),
]
VpcId = Annotated[str, AfterValidator(ResourceId(prefix="vpc", what="a VPC"))]
SubnetId = Annotated[str, AfterValidator(ResourceId(prefix="subnet", what="a subnet", optional=False))]
Zone = Annotated[str, AfterValidator(ZoneName(optional=False))]
EndpointService = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="ecr.api",
            optional=False,
            pattern=r"(?!(cn\.)?com\.)[a-z0-9-]+(\.[a-z0-9-]+)*",
            rule="must be the short name of a service, without com.amazonaws and region, such as ecr.api",
        )
    ),
]


class Network(Section):
    """Network"""

    vpc_cidr: VpcRange = "10.192.0.0/16"
    """Address range of the new VPC, a /16 to a /28."""
    public_subnet_cidrs: IpRanges = ("10.192.0.0/22", "10.192.4.0/22", "10.192.8.0/22")
    """Three ranges inside the VPC for load balancer and NAT gateways, one a zone."""
    private_subnet_cidrs: IpRanges = ("10.192.64.0/19", "10.192.96.0/19", "10.192.128.0/19")
    """Three ranges inside the VPC for tasks, stores and endpoints, one a zone."""
    availability_zones: Annotated[tuple[Zone, ...], Many] = ()
    """Three zone names, where the first three that the account sees will not do."""
    nat_gateways: Literal["one-per-zone", "single", "none"]
    """`one-per-zone` survives the loss of a zone; `single` costs a third. `none`: the VPC has no way to or from the
    Internet, and reaches AWS by interface endpoints, which the stack makes; it needs internal (see docs/network.md)."""
    interface_endpoints: Annotated[tuple[EndpointService, ...], Many] = ()
    """AWS services that are reached by a private endpoint instead of NAT, such as ecr.api, ecr.dkr, logs,
    secretsmanager, sagemaker.runtime. With natGateways none, these are made besides what the stack needs."""
    flow_logs: Literal["off", "rejected", "all"]
    """Which connections of a new VPC are logged, by addresses and ports: `rejected` those that a security group
    refused, `all` every one. An existing VPC keeps its own flow logs."""
    vpc_id: VpcId = ""
    """Id of an existing VPC to use instead of a new one; then both lists of subnet ids are needed."""
    public_subnet_ids: Annotated[tuple[SubnetId, ...], Many] = ()
    """Three public subnets of the existing VPC, each in another zone. None needed where internal is true."""
    private_subnet_ids: Annotated[tuple[SubnetId, ...], Many] = ()
    """Three private subnets of the existing VPC, in the same zones, with a way out or with interface endpoints."""

    @property
    def addresses(self) -> AddressPlan:
        return AddressPlan(
            vpc_cidr=self.vpc_cidr,
            public_cidrs=self.public_subnet_cidrs,
            private_cidrs=self.private_subnet_cidrs,
        )

    @property
    def flow_log_traffic(self) -> str:
        """As EC2 names the traffic; empty: none."""
        return {"off": "", "rejected": "REJECT", "all": "ALL"}[self.flow_logs]

    @property
    def single_nat(self) -> bool:
        return self.nat_gateways == "single"

    @property
    def isolated(self) -> bool:
        """Whether the new VPC has no way to the Internet."""
        return self.nat_gateways == "none" and not self.vpc_id


def adoption(network: Network, *, internal: bool) -> Iterator[str]:
    """An existing VPC comes with its subnets, and without anything that is made in a new one only."""
    public, private = len(network.public_subnet_ids), len(network.private_subnet_ids)
    enough = private == ZONES and public in ((0, ZONES) if internal else (ZONES,))
    if network.vpc_id and not enough:
        or_none = "" if internal else ", which only cvat:internal = true can do without,"
        yield (
            f"cvat:vpcId = {network.vpc_id}: it needs {ZONES} cvat:publicSubnetIds{or_none} and {ZONES} "
            f"cvat:privateSubnetIds, and there are {public} and {private}. List them, or leave vpcId empty for a new "
            "VPC."
        )
    if not network.vpc_id and public + private:
        yield (
            "cvat:publicSubnetIds and cvat:privateSubnetIds belong to an existing VPC, but cvat:vpcId is empty. "
            "Set it, or remove the lists."
        )
    if network.vpc_id and network.interface_endpoints:
        yield (
            f"cvat:interfaceEndpoints = {', '.join(network.interface_endpoints)}: endpoints are made in a new VPC "
            f"only, and cvat:vpcId = {network.vpc_id} exists already. Make them there, and empty the list."
        )


def zones(network: Network) -> Iterator[str]:
    if len(network.availability_zones) not in (0, ZONES):
        yield (
            f"cvat:availabilityZones names {len(network.availability_zones)} zones for {ZONES} pairs of subnets. "
            f"Name {ZONES} or none."
        )


def isolation(network: Network, *, internal: bool, login: bool) -> Iterator[str]:
    """A VPC without a way to the Internet: nobody comes in, and the load balancer asks no identity provider."""
    if network.isolated and not internal:
        yield (
            "cvat:natGateways = none: the VPC has no Internet gateway, so the load balancer can only be internal. Set "
            "cvat:internal to true, or cvat:natGateways to single."
        )
    if network.isolated and login:
        yield (
            "cvat:natGateways = none: a load balancer that logs people in asks an identity provider on the Internet, "
            "to which there is no way. Remove the keys that begin with cvat:oidc, or set cvat:natGateways to single."
        )


def subnets(network: Network, demand: AddressDemand) -> Iterator[str]:
    """Ranges of a new VPC: three of each kind, inside the VPC, large enough, disjoint."""
    if network.vpc_id:
        return
    named = _named("privateSubnetCidrs", network.private_subnet_cidrs)
    yield from _ranges("privateSubnetCidrs", network.private_subnet_cidrs, network.vpc_cidr, demand)
    if not network.isolated:
        named = [*_named("publicSubnetCidrs", network.public_subnet_cidrs), *named]
        yield from _ranges("publicSubnetCidrs", network.public_subnet_cidrs, network.vpc_cidr, demand)
    for (entry, cidr), (other_entry, other) in itertools.combinations(named, 2):
        twice_in_a_list = cidr == other and entry.partition("[")[0] == other_entry.partition("[")[0]
        if IPv4Network(cidr).overlaps(IPv4Network(other)) and not twice_in_a_list:  # which is reported of every list
            yield (
                f"cvat:{entry} = {cidr} and cvat:{other_entry} = {other} overlap: subnets must be disjoint. "
                "Move one of them."
            )


def _named(key: str, cidrs: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"{key}[{index}]", cidr) for index, cidr in enumerate(cidrs)]


def _ranges(key: str, cidrs: Sequence[str], vpc_cidr: str, demand: AddressDemand) -> Iterator[str]:
    if len(cidrs) != ZONES:
        yield f"cvat:{key} has {len(cidrs)} ranges: it must have {ZONES}, one a zone. Add or remove some."
    is_public = key == "publicSubnetCidrs"
    takers = demand.public() if is_public else demand.private()
    for index, cidr in enumerate(cidrs):
        subnet, subject = IPv4Network(cidr), f"cvat:{key}[{index}] = {cidr}"
        if not subnet.subnet_of(IPv4Network(vpc_cidr)):
            yield f"{subject}: it must lie inside cvat:vpcCidr = {vpc_cidr}. Choose a range of that VPC."
        smallest = SMALLEST_OF_BALANCER if is_public is not demand.internal else SMALLEST
        problem = too_small(takers, subnet.num_addresses - RESERVED)
        if problem or subnet.prefixlen > smallest:
            prefix = min(smallest, prefix_for(sum(takers.values())))
            rule = problem or f"AWS takes no subnet smaller than a /{smallest} for what is there"
            yield f"{subject}: {rule}. Choose a /{prefix} or larger{_or_less(is_public=is_public)}."


def _or_less(*, is_public: bool) -> str:
    return "" if is_public else ", or lower the cvat:...MaxCount of tasks"

"""A VPC that exists already, with its subnets: zones, routes, addresses."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.problems import Problems
from components.adopted.vpc_endpoints import endpoint_problem, gateway_endpoint_tables
from components.context import StackContext
from settings.addresses import SMALLEST_OF_BALANCER, AddressDemand, too_small
from settings.values import AdoptedReferences
from settings.zones import ZONES, Zone

_EVERYWHERE = "0.0.0.0/0"
_CALLED_BY_PROXY = ("monitoring", "sagemaker.runtime", "sagemaker.api")
"""What containers call, and so by their proxy. ECS itself calls the other services, and knows of none."""


@dataclass(frozen=True)
class AdoptedSubnet:
    """What decides whether a subnet can be used."""

    subnet_id: str
    vpc_id: str
    zone: Zone
    public: bool
    """Whether its route table leads to an Internet gateway."""
    way_out: bool = True
    """Whether its route table has a default route: to a NAT or transit gateway, a firewall, a VPN."""
    table_id: str = ""
    """Of the route table that it uses: its own, or the VPC's main one."""
    prefix: int = 0
    """Length of its range's prefix."""
    free: int = 1 << 16
    """Addresses that are free in it, with those that this stack has there already."""


@dataclass(frozen=True, kw_only=True)
class AdoptedNetwork:
    """A VPC that the stack can use."""

    vpc_id: str
    public_subnet_ids: Sequence[str]
    private_subnets: Sequence[AdoptedSubnet]
    endpoints: Sequence[str] = ()
    """Services that have an interface endpoint, where that was asked for: subnets without a way out, or a proxy."""


def subnet_problems(vpc_id: str, public: Sequence[AdoptedSubnet], private: Sequence[AdoptedSubnet]) -> Iterator[str]:
    """Why the subnets cannot be used, one sentence each; pure. No public ones: the stack needs none."""
    for subnet in (*public, *private):
        if subnet.vpc_id != vpc_id:
            yield f"{subnet.subnet_id} belongs to {subnet.vpc_id}, not to cvat:vpcId = {vpc_id}. Name one of that VPC."
    for key, subnets, is_public in (("public", public, True), ("private", private, False)):
        if subnets and len({subnet.zone.zone_id for subnet in subnets}) < ZONES:
            zones = ", ".join(sorted({subnet.zone.name for subnet in subnets}))
            yield f"cvat:{key}SubnetIds lie in {zones} only, but {ZONES} zones are needed. Name a subnet in each."
        for subnet in subnets:
            if subnet.public is not is_public:
                yield (
                    f"cvat:{key}SubnetIds names {subnet.subnet_id}, which has {'no' if is_public else 'a'} route to an "
                    f"Internet gateway. Name a {key} subnet."
                )


def way_out_problems(private: Sequence[AdoptedSubnet], missing: Mapping[str, str]) -> Iterator[str]:
    """What private subnets without a default route lack; pure. missing: why, by service without a usable endpoint."""
    closed = [subnet.subnet_id for subnet in private if not subnet.way_out and not subnet.public]
    if closed and missing:
        services = "; ".join(f"{service} ({reason})" for service, reason in missing.items())
        yield (
            f"cvat:privateSubnetIds names {', '.join(closed)}, whose route tables have no default route, and the VPC "
            f"has no endpoint for what tasks call there: {services}. Add a default route (to a NAT or transit "
            "gateway), or make these endpoints in the VPC, the interface endpoints with private DNS."
        )


def address_problems(
    public: Sequence[AdoptedSubnet], private: Sequence[AdoptedSubnet], demand: AddressDemand, tasks: Sequence[bool]
) -> Iterator[str]:
    """Which subnets have too few free addresses; pure. tasks: for each private subnet, whether Fargate runs there."""
    takers = [("public", subnet, demand.public()) for subnet in public if not demand.internal]
    takers += [("private", subnet, demand.private(tasks=runs)) for subnet, runs in zip(private, tasks, strict=True)]
    for key, subnet, taken in takers:
        with_balancer = (key == "public") is not demand.internal
        if problem := too_small(taken, subnet.free):
            yield (
                f"cvat:{key}SubnetIds names {subnet.subnet_id}, and {problem}. Name a larger subnet"
                f"{', or lower the cvat:...MaxCount of tasks' if key == 'private' else ''}."
            )
        elif with_balancer and subnet.prefix > SMALLEST_OF_BALANCER:
            yield (
                f"cvat:{key}SubnetIds names {subnet.subnet_id}, which is a /{subnet.prefix}: a load balancer needs a "
                f"/{SMALLEST_OF_BALANCER} or larger. Name a larger subnet."
            )


def vpc_dns_problems(vpc_id: str, *, dns_support: bool, dns_hostnames: bool) -> Iterator[str]:
    """Why names of file system, gateway and endpoints do not resolve in a VPC; nothing where they do."""
    if not (dns_support and dns_hostnames):
        yield (
            f"cvat:vpcId = {vpc_id}: CVAT finds its file system and its gateway by name, so the VPC needs DNS support "
            "and DNS hostnames. Switch both on with `aws ec2 modify-vpc-attribute`."
        )


def adopted_network(
    context: StackContext, references: AdoptedReferences, demand: AddressDemand, problems: Problems
) -> AdoptedNetwork | None:
    """The VPC that the settings name, or None. Adds to `problems` what makes it unusable."""
    vpc_id = references.vpc_id
    if not vpc_id:
        return None
    vpc = problems.ask("vpcId", vpc_id, lambda: aws.ec2.get_vpc(id=vpc_id))
    groups = _own_groups(context)
    public = _subnets("publicSubnetIds", references.public_subnet_ids, groups, problems)
    private = _subnets("privateSubnetIds", references.private_subnet_ids, groups, problems)
    if vpc:
        problems.add(
            vpc_dns_problems(vpc_id, dns_support=vpc.enable_dns_support, dns_hostnames=vpc.enable_dns_hostnames)
        )
    if len(public) + len(private) == len(references.public_subnet_ids) + len(references.private_subnet_ids):
        problems.add(subnet_problems(vpc_id, public, private))
        tasks = [context.region.runs_fargate(subnet.zone.zone_id) for subnet in private]
        problems.add(address_problems(public, private, demand, tasks))
    closed = [subnet for subnet in private if not subnet.way_out]
    missing = _missing_endpoints(context, references, closed) if vpc and (closed or context.proxy) else {}
    by_proxy = _CALLED_BY_PROXY if context.proxy else ()
    problems.add(
        way_out_problems(private, {service: why for service, why in missing.items() if service not in by_proxy})
    )
    # In the order of their zones: another order of the list would move mount targets, of which a zone takes one.
    private.sort(key=lambda subnet: subnet.zone.name)
    return AdoptedNetwork(
        vpc_id=vpc_id,
        public_subnet_ids=references.public_subnet_ids,
        private_subnets=private,
        endpoints=[service for service in references.aws_services if service not in missing],
    )


def _subnets(key: str, ids: Sequence[str], groups: Sequence[str], problems: Problems) -> list[AdoptedSubnet]:
    """Those of the subnets that exist."""
    subnets = [problems.ask(key, subnet_id, functools.partial(_describe, subnet_id, groups)) for subnet_id in ids]
    return [subnet for subnet in subnets if subnet]


def _describe(subnet_id: str, groups: Sequence[str]) -> AdoptedSubnet:
    subnet = aws.ec2.get_subnet(id=subnet_id)
    table = _route_table(subnet.vpc_id, subnet_id)
    return AdoptedSubnet(
        subnet_id=subnet_id,
        vpc_id=subnet.vpc_id,
        zone=Zone(subnet.availability_zone, subnet.availability_zone_id),
        public=any((route.gateway_id or "").startswith("igw-") for route in table.routes),
        way_out=any(route.cidr_block == _EVERYWHERE for route in table.routes),
        table_id=table.route_table_id,
        prefix=int(subnet.cidr_block.rpartition("/")[2]),
        free=subnet.available_ip_address_count + _own_addresses(subnet_id, groups),
    )


def _route_table(vpc_id: str, subnet_id: str) -> aws.ec2.GetRouteTableResult:
    """The subnet's own table, else the VPC's main one."""
    own = aws.ec2.GetRouteTablesFilterArgs(name="association.subnet-id", values=[subnet_id])
    if aws.ec2.get_route_tables(vpc_id=vpc_id, filters=[own]).ids:
        return aws.ec2.get_route_table(subnet_id=subnet_id)
    main = aws.ec2.GetRouteTableFilterArgs(name="association.main", values=["true"])
    return aws.ec2.get_route_table(vpc_id=vpc_id, filters=[main])


def _own_groups(context: StackContext) -> Sequence[str]:
    """Security groups of a stack that exists: what carries them is counted in its demand."""
    return aws.ec2.get_security_groups(tags=context.own_tags).ids


def _own_addresses(subnet_id: str, groups: Sequence[str]) -> int:
    if not groups:
        return 0
    values_by_name = {"subnet-id": [subnet_id], "group-id": list(groups)}
    filters = [
        aws.ec2.GetNetworkInterfacesFilterArgs(name=name, values=values) for name, values in values_by_name.items()
    ]
    return len(aws.ec2.get_network_interfaces(filters=filters).ids)


def _missing_endpoints(
    context: StackContext, references: AdoptedReferences, closed: Sequence[AdoptedSubnet]
) -> dict[str, str]:
    """Why tasks in subnets without a way out do not reach services, by service."""
    region, vpc_id = context.region, references.vpc_id
    reasons = {
        service: endpoint_problem(vpc_id, region.interface_endpoint(service)) for service in references.aws_services
    }
    tables = gateway_endpoint_tables(vpc_id, region.s3_gateway_endpoint)
    if closed and tables is None:
        reasons["s3"] = "no gateway endpoint"
    elif outside := sorted({subnet.table_id for subnet in closed} - set(tables or ())):
        reasons["s3"] = f"its gateway endpoint is not in route table {', '.join(outside)}"
    return {service: reason for service, reason in reasons.items() if reason}

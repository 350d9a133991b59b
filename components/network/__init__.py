"""Network: a new VPC with three public and three private subnets, or one that exists already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components.context import StackContext
from components.network import security_groups
from components.network.zones import AdoptedSubnet
from settings.values import AddressPlan
from settings.zones import Zone


@dataclass(frozen=True, kw_only=True)
class Adopted:
    """A VPC that exists already, its subnets checked by `zones.adopt`."""

    vpc_id: str
    public_subnet_ids: Sequence[str]
    private_subnets: Sequence[AdoptedSubnet]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    context: StackContext
    zones: Sequence[Zone]
    """Three availability zones. Ignored with `adopted`."""
    addresses: AddressPlan
    """Address ranges of the new VPC. Ignored with `adopted`."""
    single_nat: bool = False
    """One NAT gateway for all zones instead of one in each."""
    interface_endpoints: Sequence[str] = ()
    """Services to reach by interface endpoint, such as `ecr.api`. Needs a new VPC."""
    adopted: Adopted | None = None
    """Use this VPC and create nothing. Default: a new VPC."""


class Network(pulumi.ComponentResource):
    """VPC, subnets, ways out.

    Depend on this component to start only once the routes exist.
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: pulumi.Output[Sequence[str]]
    private_subnet_ids: pulumi.Output[Sequence[str]]
    each_private_subnet_id: list[pulumi.Output[str]]
    fargate_subnet_ids: pulumi.Output[Sequence[str]]
    """The private subnets in whose zones Fargate runs: in Beijing and Tokyo not all do."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Network", name, None, opts)
        self._name, self._args = name, args
        self._made: awsx.ec2.Vpc | None = None
        zones: Sequence[Zone] = args.zones
        if args.adopted:
            zones = [subnet.zone for subnet in args.adopted.private_subnets]
            self.vpc_id = pulumi.Output.from_input(args.adopted.vpc_id)
            self.public_subnet_ids = pulumi.Output.from_input(list(args.adopted.public_subnet_ids))
            private = [subnet.subnet_id for subnet in args.adopted.private_subnets]
            self.private_subnet_ids = pulumi.Output.from_input(private)
        else:
            self._made = vpc = self._vpc()
            self.vpc_id = vpc.vpc_id
            self.public_subnet_ids = vpc.public_subnet_ids
            self.private_subnet_ids = vpc.private_subnet_ids
            self._interface_endpoints()
        self.fargate_subnet_ids = self._where_fargate_runs(zones)
        # The length is plain: it decides how many mount targets there are.
        self.each_private_subnet_id = [_item(self.private_subnet_ids, index) for index in range(len(zones))]
        self.register_outputs({"vpc_id": self.vpc_id, "private_subnet_ids": self.private_subnet_ids})

    def ways_out(self) -> list[pulumi.Output[str]]:
        """Public addresses of the NAT gateways, from which the private subnets call the Internet.

        None in somebody else's VPC: whether those may call is a matter of cvat:allowedCidrs. The length is plain.
        """
        many = 1 if self._args.single_nat else len(self._args.zones)
        return [_address(self._made, index) for index in range(many)] if self._made else []

    def _vpc(self) -> awsx.ec2.Vpc:
        args, plan = self._args, self._args.addresses
        strategy = awsx.ec2.NatGatewayStrategy.SINGLE if args.single_nat else awsx.ec2.NatGatewayStrategy.ONE_PER_AZ
        return awsx.ec2.Vpc(
            self._name,
            awsx.ec2.VpcArgs(
                cidr_block=plan.vpc_cidr,
                availability_zone_names=[zone.name for zone in args.zones],
                enable_dns_hostnames=True,
                subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
                subnet_specs=[
                    _subnets(awsx.ec2.SubnetType.PUBLIC, plan.public_cidrs),
                    _subnets(awsx.ec2.SubnetType.PRIVATE, plan.private_cidrs),
                ],
                nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=strategy),
                # "Auto" puts the gateway endpoint into every route table; "Legacy" would leave it out of all.
                vpc_endpoint_strategy=awsx.ec2.VpcEndpointStrategy.AUTO,
                vpc_endpoint_specs=[
                    awsx.ec2.VpcEndpointSpecArgs(
                        service_name=args.context.region.s3_gateway_endpoint, vpc_endpoint_type="Gateway"
                    )
                ],
                tags=dict(args.context.tags),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _interface_endpoints(self) -> None:
        name, args, child = self._name, self._args, pulumi.ResourceOptions(parent=self)
        if not args.interface_endpoints:
            return
        group = security_groups.group(f"{name}-endpoints", "endpoints", self.vpc_id, args.context.tags, child)
        security_groups.allow_from(
            f"{name}-endpoints-in", args.addresses.vpc_cidr, group, security_groups.HTTPS, args.context.tags, child
        )
        for service in args.interface_endpoints:
            aws.ec2.VpcEndpoint(
                f"{name}-{service.replace('.', '-')}",
                aws.ec2.VpcEndpointArgs(
                    vpc_id=self.vpc_id,
                    service_name=args.context.region.interface_endpoint(service),
                    vpc_endpoint_type="Interface",
                    private_dns_enabled=True,
                    subnet_ids=self.private_subnet_ids,
                    security_group_ids=[group.id],
                    tags=dict(args.context.tags),
                ),
                opts=child,
            )

    def _where_fargate_runs(self, zones: Sequence[Zone]) -> pulumi.Output[Sequence[str]]:
        suited = [index for index, zone in enumerate(zones) if self._args.context.region.runs_fargate(zone.zone_id)]
        if not suited:
            names = ", ".join(zone.name for zone in zones)
            raise pulumi.RunError(f"Fargate runs in none of the zones {names}. Set cvat:availabilityZones to others.")
        return self.private_subnet_ids.apply(lambda ids: [ids[index] for index in suited])


def _item(values: pulumi.Output[Sequence[str]], index: int) -> pulumi.Output[str]:
    return values.apply(lambda found: found[index])


def _address(vpc: awsx.ec2.Vpc, index: int) -> pulumi.Output[str]:
    return vpc.eips.apply(lambda eips: eips[index].public_ip)


def _subnets(kind: awsx.ec2.SubnetType, cidrs: Sequence[str]) -> awsx.ec2.SubnetSpecArgs:
    return awsx.ec2.SubnetSpecArgs(type=kind, name=kind.value.lower(), cidr_blocks=list(cidrs))

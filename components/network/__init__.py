"""Network: a VPC with public and private subnets in three zones, or one that exists already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx

from components import iam
from components.adopted.network import AdoptedNetwork
from components.context import StackContext
from components.network import security_groups
from components.network.egress import Egress, egress
from components.network.endpoint_services import InterfaceEndpoint
from components.network.isolated import isolated_vpc
from settings.values import AddressPlan
from settings.zones import Zone


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    context: StackContext
    zones: Sequence[Zone]
    """Three availability zones. Ignored with `adopted`."""
    addresses: AddressPlan
    """Address ranges of the new VPC. Ignored with `adopted`."""
    single_nat: bool = False
    """One NAT gateway for all zones instead of one in each."""
    isolated: bool = False
    """Neither NAT nor Internet gateways, and no public subnets: interface endpoints serve everything."""
    interface_endpoints: Sequence[InterfaceEndpoint] = ()
    """Services to reach by interface endpoint. Needs a new VPC."""
    flow_logs: str = ""
    """Traffic of a new VPC that is logged: `ALL` or `REJECT`. Default: none."""
    log_retention_days: int = 30
    """Days for which flow logs are kept."""
    adopted: AdoptedNetwork | None = None
    """Use this VPC and create nothing. Default: a new VPC."""


class Network(pulumi.ComponentResource):
    """Depend on this component to start only once the routes exist."""

    vpc_id: pulumi.Output[str]
    public_subnet_ids: pulumi.Output[Sequence[str]]
    private_subnet_ids: pulumi.Output[Sequence[str]]
    each_private_subnet_id: list[pulumi.Output[str]]
    """The same as `private_subnet_ids`, in a list whose length is known before the subnets exist."""
    fargate_subnet_ids: pulumi.Output[Sequence[str]]
    """The private subnets in whose zones Fargate runs: in Beijing and Tokyo not all do."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Network", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._created: awsx.ec2.Vpc | None = None
        if args.adopted:
            self._adopt(args.adopted)
        elif args.isolated:
            self._isolate()
        else:
            self._create()
        zones = [subnet.zone for subnet in args.adopted.private_subnets] if args.adopted else args.zones
        self.fargate_subnet_ids = self._fargate_subnets(zones)
        self.each_private_subnet_id = [_item(self.private_subnet_ids, index) for index in range(len(zones))]
        self.register_outputs({"vpc_id": self.vpc_id, "private_subnet_ids": self.private_subnet_ids})

    @property
    def nat_addresses(self) -> list[pulumi.Output[str]]:
        """Public addresses from which the private subnets call the Internet.

        Empty for an adopted VPC, whose NAT gateways are not known: its operator names them in cvat:allowedCidrs. Empty
        for an isolated one, which has none.
        """
        if self._created is None:
            return []
        nat_gateways = 1 if self._args.single_nat else len(self._args.zones)
        return [_public_address(self._created, index) for index in range(nat_gateways)]

    @property
    def egress(self) -> Egress:
        """How tasks call what is outside."""
        args = self._args
        services = (
            args.adopted.endpoints if args.adopted else [endpoint.service for endpoint in args.interface_endpoints]
        )
        return egress(args.context, services)

    def _adopt(self, network: AdoptedNetwork) -> None:
        self.vpc_id = pulumi.Output.from_input(network.vpc_id)
        self.public_subnet_ids = pulumi.Output.from_input(list(network.public_subnet_ids))
        self.private_subnet_ids = pulumi.Output.from_input([subnet.subnet_id for subnet in network.private_subnets])

    def _create(self) -> None:
        self._created = vpc = self._vpc()
        self.vpc_id = vpc.vpc_id
        self.public_subnet_ids = vpc.public_subnet_ids
        self.private_subnet_ids = vpc.private_subnet_ids
        self._furnish()

    def _furnish(self) -> None:
        """What every new VPC has."""
        self._close_default_group()
        self._interface_endpoints()
        if self._args.flow_logs:
            self._flow_logs()

    def _close_default_group(self) -> None:
        """Every VPC has a group that lets its members call each other; whatever names no group would get it."""
        aws.ec2.DefaultSecurityGroup(
            self._name,
            vpc_id=self.vpc_id,
            ingress=[],
            egress=[],
            tags={"Name": f"{self._name}-default", security_groups.EDGE_TAG: "default"},
            opts=self._child,
        )

    def _flow_logs(self) -> None:
        name, args = f"{self._name}-flow-logs", self._args
        group = aws.cloudwatch.LogGroup(
            name, retention_in_days=args.log_retention_days, kms_key_id=args.context.key, opts=self._child
        )
        trust = iam.trust(args.context.region.principal("vpc-flow-logs"), args.context.account)
        role = aws.iam.Role(name, assume_role_policy=trust, opts=self._child)
        policy = aws.iam.RolePolicy(
            name, role=role.name, policy=iam.document(iam.deliver_flow_logs(group.arn)), opts=self._child
        )
        aws.ec2.FlowLog(
            self._name,
            vpc_id=self.vpc_id,
            traffic_type=args.flow_logs,
            log_destination=group.arn,
            iam_role_arn=role.arn,
            # EC2 refuses a second one with the same destination (FlowLogAlreadyExists) when other traffic is asked for.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy], delete_before_replace=True),
        )

    def _isolate(self) -> None:
        args = self._args
        network = isolated_vpc(
            self._name, args.addresses, args.zones, args.context.region.s3_gateway_endpoint, self._child
        )
        self.vpc_id = network.vpc.id
        self.public_subnet_ids = pulumi.Output.from_input(list[str]())
        self.private_subnet_ids = network.private_subnet_ids
        self._furnish()

    def _vpc(self) -> awsx.ec2.Vpc:
        args, plan = self._args, self._args.addresses
        strategy = awsx.ec2.NatGatewayStrategy.SINGLE if args.single_nat else awsx.ec2.NatGatewayStrategy.ONE_PER_AZ
        s3 = args.context.region.s3_gateway_endpoint
        return awsx.ec2.Vpc(
            self._name,
            cidr_block=plan.vpc_cidr,
            availability_zone_names=[zone.name for zone in args.zones],
            enable_dns_hostnames=True,
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            subnet_specs=[
                _subnet_spec(awsx.ec2.SubnetType.PUBLIC, plan.public_cidrs),
                _subnet_spec(awsx.ec2.SubnetType.PRIVATE, plan.private_cidrs),
            ],
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=strategy),
            # "Auto" puts the gateway endpoint into every route table; "Legacy" would leave it out of all.
            vpc_endpoint_strategy=awsx.ec2.VpcEndpointStrategy.AUTO,
            vpc_endpoint_specs=[awsx.ec2.VpcEndpointSpecArgs(service_name=s3, vpc_endpoint_type="Gateway")],
            opts=self._child,
        )

    def _interface_endpoints(self) -> None:
        name, args = f"{self._name}-endpoints", self._args
        if not args.interface_endpoints:
            return
        group = security_groups.group(name, "endpoints", self.vpc_id, self._child)
        cidr = args.addresses.vpc_cidr
        security_groups.allow_from(f"{name}-in", cidr, group, security_groups.HTTPS, self._child)
        for endpoint in args.interface_endpoints:
            aws.ec2.VpcEndpoint(
                f"{self._name}-{endpoint.service.replace('.', '-')}",
                vpc_id=self.vpc_id,
                service_name=args.context.region.interface_endpoint(endpoint.service),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=_items(self.private_subnet_ids, endpoint.zones),
                security_group_ids=[group.id],
                opts=self._child,
            )

    def _fargate_subnets(self, zones: Sequence[Zone]) -> pulumi.Output[Sequence[str]]:
        region = self._args.context.region
        indexes = [index for index, zone in enumerate(zones) if region.runs_fargate(zone.zone_id)]
        if not indexes:
            names = ", ".join(zone.name for zone in zones)
            raise pulumi.RunError(f"Fargate runs in none of the zones {names}. Set cvat:availabilityZones to others.")
        return _items(self.private_subnet_ids, indexes)


def _items(values: pulumi.Output[Sequence[str]], indexes: Sequence[int]) -> pulumi.Output[Sequence[str]]:
    return values.apply(lambda items: [items[index] for index in indexes])


def _item(values: pulumi.Output[Sequence[str]], index: int) -> pulumi.Output[str]:
    return values.apply(lambda items: items[index])


def _public_address(vpc: awsx.ec2.Vpc, index: int) -> pulumi.Output[str]:
    return vpc.eips.apply(lambda eips: eips[index].public_ip)


def _subnet_spec(kind: awsx.ec2.SubnetType, cidrs: Sequence[str]) -> awsx.ec2.SubnetSpecArgs:
    return awsx.ec2.SubnetSpecArgs(type=kind, name=kind.value.lower(), cidr_blocks=list(cidrs))

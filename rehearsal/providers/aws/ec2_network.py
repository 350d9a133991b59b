"""EC2's network: VPC, gateways, subnets, route tables, addresses, endpoints."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, ClassVar

from rehearsal.engine.state import Record
from rehearsal.errors import RehearsalError
from rehearsal.providers.aws.endpoints import ec2_arn
from rehearsal.providers.resource import (
    RESOURCE_TYPES,
    Attributes,
    ResourceRequest,
    ResourceType,
    deleted_by,
    words,
)


def tag_specifications(request: ResourceRequest, resource_type: str) -> dict[str, Any]:
    """EC2's way of tagging at creation: the request member TagSpecifications."""
    request.tagged = True
    if not request.tags:
        return {}
    return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": request.tag_pairs()}]}


def _refusal_if_stores_inside(subnets: set[str], reasons: Collection[str], records: Collection[Record]) -> str:
    """Stores stay in the subnets of their groups: AWS moves none to other subnets."""
    groups = {
        (record.type.partition("/")[0], record.id)
        for record in records
        if record.type.endswith(":SubnetGroup") and subnets & set(record.inputs.get("subnetIds", ()))
    }
    for record in records:
        kind = RESOURCE_TYPES.get(record.type)
        group = record.inputs.get(kind.subnet_group_input) if kind and kind.subnet_group_input else None
        if (record.type.partition("/")[0], group) in groups:
            return (
                f"it would be replaced because of {', '.join(reasons)}, but {record.type} '{record.name}' "
                "is inside, and AWS moves no store to other subnets: the update would fail half-way. Keep the "
                "network as it is, or restore a snapshot into a new stack."
            )
    return ""


class Vpc(ResourceType, token="aws:ec2/vpc:Vpc"):
    """A VPC with its DNS attributes (the provider's default: DNS support on, host names off)."""

    tags = True
    replace_on = words("cidrBlock ipv4IpamPoolId ipv4NetmaskLength")
    reset_to: ClassVar = {"enableDnsHostnames": False, "enableDnsSupport": True}
    delete_call = deleted_by("ec2:DeleteVpc", VpcId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        support = request.inputs.take("enableDnsSupport", True)
        hostnames = request.inputs.take("enableDnsHostnames", False)
        vpc = request.call_with_inputs("ec2", "CreateVpc", tag_specifications(request, "vpc"))["Vpc"]
        vpc_id = vpc["VpcId"]
        self._modify(request, vpc_id, "EnableDnsSupport", support)
        self._modify(request, vpc_id, "EnableDnsHostnames", hostnames)
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        groups = request.call("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
        tables = request.call("ec2", "DescribeRouteTables", Filters=filters)["RouteTables"]
        outputs = {
            "arn": ec2_arn(request, f"vpc/{vpc_id}"),
            "cidrBlock": vpc["CidrBlock"],
            "ownerId": request.account.id,
            "enableDnsSupport": support,
            "enableDnsHostnames": hostnames,
            "defaultSecurityGroupId": groups[0]["GroupId"],
            "mainRouteTableId": tables[0]["RouteTableId"],
        }
        return Attributes(vpc_id, outputs)

    def update(self, request: ResourceRequest) -> None:
        """Its DNS attributes."""
        for key, name in (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames")):
            if key in request.inputs.unused():
                self._modify(request, request.id, name, request.inputs.take(key))

    def refusal_to_replace(self, old: Record, reasons: Collection[str], records: Collection[Record]) -> str:
        """A store is in one of its subnets."""
        subnets = [record for record in records if record.type == Subnet.token]
        inside = {subnet.id for subnet in subnets if subnet.inputs.get("vpcId") == old.id}
        return _refusal_if_stores_inside(inside, reasons, records)

    def _modify(self, request: ResourceRequest, vpc_id: str, attribute: str, value: bool) -> None:
        request.call("ec2", "ModifyVpcAttribute", VpcId=vpc_id, **{attribute: {"Value": value}})


class InternetGateway(ResourceType, token="aws:ec2/internetGateway:InternetGateway"):
    """An Internet gateway, attached."""

    tags = True
    replace_on = frozenset()

    def create(self, request: ResourceRequest) -> Attributes:
        extra = tag_specifications(request, "internet-gateway")
        gateway = request.call_with_inputs("ec2", "CreateInternetGateway", extra)["InternetGateway"]
        gateway_id = gateway["InternetGatewayId"]
        extra = {"InternetGatewayId": gateway_id}
        request.call_with_inputs("ec2", "AttachInternetGateway", extra, only=["vpcId"])
        outputs = {"arn": ec2_arn(request, f"internet-gateway/{gateway_id}"), "ownerId": request.account.id}
        return Attributes(gateway_id, outputs)

    def delete(self, request: ResourceRequest) -> None:
        """Detached first."""
        vpc_id = request.attribute("vpcId")
        request.call("ec2", "DetachInternetGateway", InternetGatewayId=request.id, VpcId=vpc_id)
        request.call("ec2", "DeleteInternetGateway", InternetGatewayId=request.id)


class Subnet(ResourceType, token="aws:ec2/subnet:Subnet"):
    """A subnet; whether it gives out public addresses is an attribute set afterwards."""

    tags = True
    replace_on = words(
        "availabilityZone availabilityZoneId cidrBlock ipv4IpamPoolId ipv4NetmaskLength ipv6Native outpostArn vpcId"
    )
    reset_to: ClassVar = {"mapPublicIpOnLaunch": False}
    delete_call = deleted_by("ec2:DeleteSubnet", SubnetId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        public = request.inputs.take("mapPublicIpOnLaunch", False)
        ipv6 = request.inputs.take("assignIpv6AddressOnCreation", False)
        subnet = request.call_with_inputs("ec2", "CreateSubnet", tag_specifications(request, "subnet"))["Subnet"]
        subnet_id = subnet["SubnetId"]
        self._modify(request, subnet_id, "MapPublicIpOnLaunch", public)
        if ipv6:
            self._modify(request, subnet_id, "AssignIpv6AddressOnCreation", True)
        outputs = {
            "arn": subnet["SubnetArn"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet.get("AvailabilityZoneId"),
            "mapPublicIpOnLaunch": public,
            "ownerId": request.account.id,
        }
        return Attributes(subnet_id, outputs)

    def update(self, request: ResourceRequest) -> None:
        """Whether it gives out public addresses."""
        self._modify(request, request.id, "MapPublicIpOnLaunch", request.inputs.take("mapPublicIpOnLaunch"))

    def refusal_to_replace(self, old: Record, reasons: Collection[str], records: Collection[Record]) -> str:
        """A store is in it."""
        return _refusal_if_stores_inside({old.id}, reasons, records)

    def _modify(self, request: ResourceRequest, subnet_id: str, attribute: str, value: bool) -> None:
        request.call("ec2", "ModifySubnetAttribute", SubnetId=subnet_id, **{attribute: {"Value": value}})


class RouteTable(ResourceType, token="aws:ec2/routeTable:RouteTable"):
    """A route table without routes but the local one."""

    tags = True
    replace_on = words("vpcId")
    delete_call = deleted_by("ec2:DeleteRouteTable", RouteTableId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = tag_specifications(request, "route-table")
        table_id = request.call_with_inputs("ec2", "CreateRouteTable", extra)["RouteTable"]["RouteTableId"]
        outputs = {"arn": ec2_arn(request, f"route-table/{table_id}"), "ownerId": request.account.id}
        return Attributes(table_id, outputs)


class RouteTableAssociation(ResourceType, token="aws:ec2/routeTableAssociation:RouteTableAssociation"):
    """Which subnet uses which table."""

    replace_on = words("gatewayId subnetId")
    delete_call = deleted_by("ec2:DisassociateRouteTable", AssociationId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        return Attributes(request.call_with_inputs("ec2", "AssociateRouteTable")["AssociationId"])

    def update(self, request: ResourceRequest) -> Attributes:
        """Another table for the subnet; the association gets another id."""
        extra = {"AssociationId": request.id}
        answer = request.call_with_inputs("ec2", "ReplaceRouteTableAssociation", extra)
        return Attributes(answer["NewAssociationId"])


class Route(ResourceType, token="aws:ec2/route:Route"):
    """A route; the provider's id consists of the table and the destination."""

    replace_on = words("destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId routeTableId")
    delete_call = deleted_by(
        "ec2:DeleteRoute", RouteTableId="routeTableId", DestinationCidrBlock="destinationCidrBlock"
    )

    def create(self, request: ResourceRequest) -> Attributes:
        table, destination = request.inputs.peek("routeTableId"), request.inputs.peek("destinationCidrBlock")
        request.call_with_inputs("ec2", "CreateRoute")
        return Attributes(f"r-{table}{destination}", {"state": "active", "origin": "CreateRoute"})

    def update(self, request: ResourceRequest) -> None:
        """Another target for the same destination, in place of the old one."""
        for key in [key for key, value in request.inputs.unused().items() if value is None]:
            request.inputs.take(key)
        extra = {
            "RouteTableId": request.attribute("routeTableId"),
            "DestinationCidrBlock": request.attribute("destinationCidrBlock"),
        }
        request.call_with_inputs("ec2", "ReplaceRoute", extra)


class Eip(ResourceType, token="aws:ec2/eip:Eip"):
    """An elastic IP address for a NAT gateway."""

    tags = True
    replace_on = words("address customerOwnedIpv4Pool domain ipamPoolId networkBorderGroup publicIpv4Pool")
    delete_call = deleted_by("ec2:ReleaseAddress", AllocationId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = {"Domain": "vpc"} | tag_specifications(request, "elastic-ip")
        address = request.call_with_inputs("ec2", "AllocateAddress", extra)
        allocation = address["AllocationId"]
        outputs = {
            "allocationId": allocation,
            "publicIp": address["PublicIp"],
            "domain": "vpc",
            "arn": ec2_arn(request, f"elastic-ip/{allocation}"),
        }
        return Attributes(allocation, outputs)


class NatGateway(ResourceType, token="aws:ec2/natGateway:NatGateway"):
    """A NAT gateway in a public subnet."""

    tags = True
    replace_on = words("allocationId connectivityType privateIp subnetId vpcId")
    defaults: ClassVar = {"connectivityType": "public"}
    delete_call = deleted_by("ec2:DeleteNatGateway", NatGatewayId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = tag_specifications(request, "natgateway")
        gateway_id = request.call_with_inputs("ec2", "CreateNatGateway", extra)["NatGateway"]["NatGatewayId"]
        (gateway,) = request.call("ec2", "DescribeNatGateways", NatGatewayIds=[gateway_id])["NatGateways"]
        address = (gateway.get("NatGatewayAddresses") or [{}])[0]
        outputs = {"publicIp": address.get("PublicIp", ""), "privateIp": address.get("PrivateIp", "")}
        return Attributes(gateway_id, outputs)


class FlowLog(ResourceType, token="aws:ec2/flowLog:FlowLog"):
    """Flow logs of a VPC, a subnet or an interface."""

    tags = True
    replace_on = words(
        "destinationOptions eniId iamRoleArn logDestination logDestinationType logFormat maxAggregationInterval "
        "subnetId trafficType vpcId"
    )
    delete_call = deleted_by("ec2:DeleteFlowLogs", FlowLogIds="id")

    def create(self, request: ResourceRequest) -> Attributes:
        extra = {
            "ResourceIds": [request.inputs.take("vpcId")],
            "ResourceType": "VPC",
            "DeliverLogsPermissionArn": request.inputs.take("iamRoleArn"),
            "LogDestinationType": request.inputs.take("logDestinationType", "cloud-watch-logs"),
        } | tag_specifications(request, "vpc-flow-log")
        answer = request.call_with_inputs("ec2", "CreateFlowLogs", extra)
        if refused := answer.get("Unsuccessful"):
            raise RehearsalError(f"EC2 makes no flow logs: {refused[0]['Error']['Message']}")
        (flow_log,) = answer["FlowLogIds"]
        return Attributes(flow_log, {"arn": ec2_arn(request, f"vpc-flow-log/{flow_log}")})


ENDPOINT_LISTS = {"routeTableIds": "RouteTable", "securityGroupIds": "SecurityGroup", "subnetIds": "Subnet"}
"""Lists of an endpoint, and the words of the API's Add<word>Ids and Remove<word>Ids."""


class VpcEndpoint(ResourceType, token="aws:ec2/vpcEndpoint:VpcEndpoint"):
    """A gateway or interface endpoint."""

    tags = True
    replace_on = words("resourceConfigurationArn serviceName serviceNetworkArn serviceRegion vpcEndpointType vpcId")
    defaults: ClassVar = {"privateDnsEnabled": False}
    reset_to: ClassVar = {key: [] for key in ENDPOINT_LISTS}
    provider_only: ClassVar = {"autoAccept": "accepts on the owner's side"}
    delete_call = deleted_by("ec2:DeleteVpcEndpoints", VpcEndpointIds="id")

    def create(self, request: ResourceRequest) -> Attributes:
        policy = request.inputs.take("policy")
        extra = ({"PolicyDocument": policy} if policy else {}) | tag_specifications(request, "vpc-endpoint")
        endpoint = request.call_with_inputs("ec2", "CreateVpcEndpoint", extra)["VpcEndpoint"]
        endpoint_id = endpoint["VpcEndpointId"]
        outputs = {
            "arn": ec2_arn(request, f"vpc-endpoint/{endpoint_id}"),
            "state": endpoint.get("State", "available"),
            "dnsEntries": [
                {"dnsName": entry["DnsName"], "hostedZoneId": entry.get("HostedZoneId", "")}
                for entry in endpoint.get("DnsEntries", [])
            ],
            "networkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
            "ownerId": request.account.id,
        }
        for prefix_list in request.call("ec2", "DescribeManagedPrefixLists")["PrefixLists"]:
            if prefix_list["PrefixListName"] == endpoint["ServiceName"]:
                outputs.setdefault("prefixListId", prefix_list["PrefixListId"])
        return Attributes(endpoint_id, outputs)

    def update(self, request: ResourceRequest) -> None:
        """EC2 takes what to add and what to remove."""
        extra: dict[str, Any] = {"VpcEndpointId": request.id}
        for key, word in ENDPOINT_LISTS.items():
            if key in request.inputs.unused():
                new, old = set(request.inputs.take(key)), set(request.attribute(key) or [])
                extra |= {f"Add{word}Ids": sorted(new - old)} if new - old else {}
                extra |= {f"Remove{word}Ids": sorted(old - new)} if old - new else {}
        if "policy" in request.inputs.unused():
            policy = request.inputs.take("policy")
            extra |= {"PolicyDocument": policy} if policy else {"ResetPolicy": True}
        request.call_with_inputs("ec2", "ModifyVpcEndpoint", extra)

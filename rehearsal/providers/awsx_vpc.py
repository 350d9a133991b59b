"""awsx.ec2.Vpc, expanded into the same resources, names, tags and parents as its provider (pulumi-awsx 3.11, vpc.ts).

Only what has one obvious answer is done here: subnet specs with explicit CIDR blocks. Layouts that awsx computes, IPAM
and IPv6 are refused by name.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import rpc

from rehearsal.engine.inputs import Inputs
from rehearsal.engine.state import Record
from rehearsal.errors import RehearsalError
from rehearsal.providers.functions import FunctionCall
from rehearsal.providers.functions.index import availability_zones
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType

ORDER = {"public": 0, "private": 1, "isolated": 2}
"""Within a zone awsx creates public subnets first, since NAT gateways are in them."""

STRATEGIES = ("Auto", "Exact")
NAT_STRATEGIES = ("none", "single", "oneperaz")


@dataclass
class Expansion:
    """A VPC while its resources are being registered."""

    request: ResourceRequest
    zones: list[str]
    tags: dict[str, str]
    nat: str
    addresses: list[str]
    vpc: Record
    gateway: Record
    children: dict[str, list[Record]] = field(default_factory=dict)
    """By output of the component."""

    def add(self, key: str, token: str, name: str, values: dict[str, Any], parent: Record) -> Record:
        """Register a child and keep it under this output."""
        record = child(self.request, token, name, values, parent.urn)
        self.children.setdefault(key, []).append(record)
        return record

    def under(self, key: str) -> list[Record]:
        """Children under this output so far."""
        return self.children.get(key, [])


def child(request: ResourceRequest, token: str, name: str, values: dict[str, Any], parent: str) -> Record:
    """Register a resource as the component's provider would."""
    if request.register_child is None:
        raise RehearsalError(f"{token} '{name}' cannot have children.")
    return request.register_child(
        token, name, {key: value for key, value in values.items() if value is not None}, parent
    )


def reference(record: Record) -> dict[str, str]:
    """A resource reference on the wire."""
    return {rpc._special_sig_key: rpc._special_resource_sig, "urn": record.urn, "id": record.id}


def known(record: Record) -> str:
    """A resource's id; in a preview, which creates nothing, Pulumi's marker for an unknown value."""
    return record.id or str(rpc.UNKNOWN)


class Vpc(ResourceType, token="awsx:ec2:Vpc"):
    """The whole network. Its resources are deleted one by one, as registrations of their own."""

    replace_on = frozenset()

    def create(self, request: ResourceRequest) -> Attributes:
        inputs = request.inputs
        tags = {"Name": request.name, **(inputs.take("tags") or {})}
        zones = _zones(request)
        nat_gateways = inputs.take("natGateways") or {}
        nat = str(nat_gateways.get("strategy", "OnePerAz")).lower()
        addresses = list(nat_gateways.get("elasticIpAllocationIds") or [])
        strategy = inputs.take("subnetStrategy", "Legacy")
        if strategy not in STRATEGIES:
            raise RehearsalError(f"subnetStrategy: only {' and '.join(STRATEGIES)} are rehearsed, got '{strategy}'.")
        specs, cidr = inputs.require("subnetSpecs"), str(inputs.require("cidrBlock"))
        _validate(cidr, specs, zones, strategy, nat)
        endpoints = inputs.take("vpcEndpointSpecs") or []
        automatic = inputs.take("vpcEndpointStrategy", "Legacy") == "Auto"
        dns = _dns_attributes(request, endpoints, automatic)
        values = {"cidrBlock": cidr, **dns, "instanceTenancy": inputs.take("instanceTenancy"), "tags": tags}
        vpc = child(request, "aws:ec2/vpc:Vpc", request.name, values, request.urn)
        values = {"vpcId": vpc.id, "tags": tags}
        gateway = child(request, "aws:ec2/internetGateway:InternetGateway", request.name, values, vpc.urn)
        expansion = Expansion(request, zones, tags, nat, addresses, vpc, gateway)
        for index in range(len(zones)):
            for spec in sorted(specs, key=lambda spec: ORDER.get(str(spec["type"]).lower(), 9)):
                if str(spec["type"]).lower() != "unused":
                    _subnet(expansion, index, spec)
        for spec in endpoints:
            _endpoint(expansion, spec, automatic)
        return Attributes("", _outputs(expansion, specs))

    def delete(self, request: ResourceRequest) -> None:
        """Nothing: its resources are deleted by themselves."""


def _dns_attributes(request: ResourceRequest, endpoints: list[dict[str, Any]], automatic: bool) -> dict[str, Any]:
    """Both default to on where interface endpoints have private names."""
    private_names = automatic and any(
        _kind(endpoint) == "interface" and endpoint.get("privateDnsEnabled", True) for endpoint in endpoints
    )
    keys = ("enableDnsHostnames", "enableDnsSupport")
    return {key: request.inputs.take(key, True if private_names else None) for key in keys}


def _zones(request: ResourceRequest) -> list[str]:
    names = request.inputs.take("availabilityZoneNames")
    count = request.inputs.take("numberOfAvailabilityZones")
    if names and count:
        raise RehearsalError("Only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified.")
    if names:
        return list(names)
    call = FunctionCall(request.account, request.region, Inputs({}))
    available = availability_zones(call)["names"]
    count = count or 3
    if len(available) < count:
        raise RehearsalError(f"the region does not have at least {count} availability zones.")
    return list(available[:count])


def _validate(cidr: str, specs: list[dict[str, Any]], zones: list[str], strategy: str, nat: str) -> None:
    """awsx's own rules for explicit layouts."""
    if any(len(spec.get("cidrBlocks", [])) != len(zones) for spec in specs):
        raise RehearsalError(f"subnetSpecs: each needs cidrBlocks, one for each of the {len(zones)} zones.")
    blocks = [ipaddress.ip_network(spec["cidrBlocks"][i]) for i in range(len(zones)) for spec in specs]
    for block, other in itertools.combinations(blocks, 2):
        if block.overlaps(other):
            raise RehearsalError(f"The following subnets overlap with at least one other subnet: {block}, {other}.")
    if strategy == "Exact":
        covered = list(ipaddress.collapse_addresses(blocks))  # type: ignore[type-var]
        if covered != [ipaddress.ip_network(cidr)]:
            raise RehearsalError(f"There are gaps in the subnet ranges: they do not fill {cidr}.")
    if nat not in NAT_STRATEGIES:
        raise RehearsalError(f"Unknown NatGatewayStrategy '{nat}'.")
    kinds = {str(spec["type"]).lower() for spec in specs}
    if nat != "none" and not ("public" in kinds and kinds & {"private", "isolated"}):
        raise RehearsalError("a NAT gateway needs public subnets, and private or isolated ones to route through it.")


def _subnet(expansion: Expansion, index: int, spec: Mapping[str, Any]) -> None:
    kind = str(spec["type"]).lower()
    name = f"{expansion.request.name}-{spec.get('name') or kind}-{index + 1}"
    own = expansion.tags | {"Name": name, "SubnetType": spec["type"]}
    subnet = expansion.add(
        "subnets",
        "aws:ec2/subnet:Subnet",
        name,
        {
            "vpcId": expansion.vpc.id,
            "availabilityZone": expansion.zones[index],
            "mapPublicIpOnLaunch": kind == "public",
            "cidrBlock": spec["cidrBlocks"][index],
            "assignIpv6AddressOnCreation": bool(spec.get("assignIpv6AddressOnCreation", False)),
            "tags": expansion.tags | dict(spec.get("tags") or {}) | own,
        },
        expansion.vpc,
    )
    expansion.children.setdefault(f"{kind}Subnets", []).append(subnet)
    table = expansion.add(
        "routeTables", "aws:ec2/routeTable:RouteTable", name, {"vpcId": expansion.vpc.id, "tags": own}, subnet
    )
    expansion.add(
        "routeTableAssociations",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        name,
        {"routeTableId": table.id, "subnetId": subnet.id},
        table,
    )
    if kind == "public":
        _nat(expansion, index, subnet)
    target = _default_route(expansion, index, kind)
    if target:
        values = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", **target}
        expansion.add("routes", "aws:ec2/route:Route", name, values, table)


def _default_route(expansion: Expansion, index: int, kind: str) -> dict[str, str]:
    if kind == "public":
        return {"gatewayId": expansion.gateway.id}
    if kind == "private" and expansion.nat != "none":
        gateways = expansion.under("natGateways")
        return {"natGatewayId": gateways[0 if expansion.nat == "single" else index].id}
    return {}


def _nat(expansion: Expansion, index: int, subnet: Record) -> None:
    count = {"none": 0, "single": 1, "oneperaz": index + 1}[expansion.nat]
    if len(expansion.under("natGateways")) >= count:
        return
    name = f"{expansion.request.name}-{index + 1}"
    tags = expansion.tags | {"Name": name}
    if expansion.addresses:
        allocation = expansion.addresses[index]
    else:
        allocation = expansion.add("eips", "aws:ec2/eip:Eip", name, {"tags": tags}, subnet).id
    values = {"subnetId": subnet.id, "allocationId": allocation, "tags": tags}
    expansion.add("natGateways", "aws:ec2/natGateway:NatGateway", name, values, subnet)


def _kind(spec: Mapping[str, Any]) -> str:
    return str(spec.get("vpcEndpointType", "Gateway")).lower()


def _endpoint(expansion: Expansion, spec: Mapping[str, Any], automatic: bool) -> None:
    values: dict[str, Any] = {
        **spec,
        "vpcId": expansion.vpc.id,
        "tags": expansion.tags | dict(spec.get("tags") or {}),
    }
    if automatic and _kind(spec) == "gateway":
        values.setdefault("routeTableIds", [table.id for table in expansion.under("routeTables")])
    if automatic and _kind(spec) == "interface":
        values.setdefault("privateDnsEnabled", True)
        if "subnetConfigurations" not in spec:
            values.setdefault("subnetIds", _one_per_zone(expansion))
        if "securityGroupIds" not in spec:
            values["securityGroupIds"] = [_endpoint_group(expansion, spec["serviceName"], values["tags"])]
    expansion.add("vpcEndpoints", "aws:ec2/vpcEndpoint:VpcEndpoint", spec["serviceName"], values, expansion.vpc)


def _endpoint_group(expansion: Expansion, service: str, tags: dict[str, str]) -> str:
    values = {"vpcId": expansion.vpc.id, "tags": tags}
    group = child(expansion.request, "aws:ec2/securityGroup:SecurityGroup", f"{service}-sg", values, expansion.vpc.urn)
    rule = {
        "type": "ingress",
        "securityGroupId": group.id,
        "protocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrBlocks": [expansion.vpc.outputs["cidrBlock"]],
    }
    child(
        expansion.request, "aws:ec2/securityGroupRule:SecurityGroupRule", f"{service}-ingress", rule, expansion.vpc.urn
    )
    return group.id


def _one_per_zone(expansion: Expansion) -> list[str]:
    chosen = []
    for zone in expansion.zones:
        for kind in ("private", "isolated", "public"):
            subnets = expansion.under(f"{kind}Subnets")
            in_zone = [subnet.id for subnet in subnets if subnet.outputs["availabilityZone"] == zone]
            if in_zone:
                chosen.append(in_zone[0])
                break
    return chosen


def _outputs(expansion: Expansion, specs: list[dict[str, Any]]) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "vpcId": known(expansion.vpc),
        "vpc": reference(expansion.vpc),
        "internetGateway": reference(expansion.gateway),
        "subnetLayout": specs,
    }
    for kind in ("public", "private", "isolated"):
        outputs[f"{kind}SubnetIds"] = [known(subnet) for subnet in expansion.under(f"{kind}Subnets")]
    for key in (
        "subnets",
        "publicSubnets",
        "privateSubnets",
        "isolatedSubnets",
        "routeTables",
        "routeTableAssociations",
        "routes",
        "natGateways",
        "eips",
        "vpcEndpoints",
    ):
        outputs[key] = [reference(record) for record in expansion.under(key)]
    return outputs

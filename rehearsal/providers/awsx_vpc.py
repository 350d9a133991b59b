"""awsx.ec2.Vpc, expanded into the same resources, names, tags and parents as its provider (pulumi-awsx 3.11, vpc.ts).

Only what has one obvious answer is done here: subnet specs with explicit CIDR blocks. Layouts that awsx computes, IPAM
and IPv6 are refused by name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime import rpc

from rehearsal.engine.inputs import Inputs
from rehearsal.engine.state import Record
from rehearsal.errors import RehearsalError
from rehearsal.providers import functions
from rehearsal.providers.resource import Made, Make, handles

ORDER = {"public": 0, "private": 1, "isolated": 2}
"""Within a zone awsx makes public subnets first, since NAT gateways stand in them."""

STRATEGIES = ("Auto", "Exact")
NAT = {"none": 0, "single": 1, "oneperaz": 3}


@dataclass
class Building:
    """A VPC while it is being built."""

    make: Make
    zones: list[str]
    tags: dict[str, str]
    nat: str
    addresses: list[str]
    vpc: Record
    gateway: Record
    made: dict[str, list[Record]] = field(default_factory=dict)

    def add(self, key: str, token: str, name: str, values: dict[str, Any], parent: Record) -> Record:
        """Make a child and keep it under this output."""
        record = child(self.make, token, name, values, parent.urn)
        self.made.setdefault(key, []).append(record)
        return record

    def listed(self, key: str) -> list[Record]:
        """What has been made under this output so far."""
        return self.made.get(key, [])


def child(make: Make, token: str, name: str, values: dict[str, Any], parent: str) -> Record:
    """Register a resource as the component's provider would."""
    if make.child is None:
        raise RehearsalError(f"{token} '{name}' cannot have children.")
    return make.child(token, name, {key: value for key, value in values.items() if value is not None}, parent)


def reference(record: Record) -> dict[str, str]:
    """A resource reference on the wire."""
    return {rpc._special_sig_key: rpc._special_resource_sig, "urn": record.urn, "id": record.id}


def known(record: Record) -> str:
    """A resource's id; in a preview, which creates nothing, Pulumi's sign for what is not known yet."""
    return record.id or str(rpc.UNKNOWN)


@handles("awsx:ec2:Vpc")
def vpc(make: Make) -> Made:
    """The whole network."""
    given = make.inputs
    tags = {"Name": make.name, **(given.take("tags") or {})}
    zones = _zones(make)
    nat_args = given.take("natGateways") or {}
    nat = str(nat_args.get("strategy", "OnePerAz")).lower()
    addresses = list(nat_args.get("elasticIpAllocationIds") or [])
    strategy = given.take("subnetStrategy", "Legacy")
    if strategy not in STRATEGIES:
        raise RehearsalError(f"subnetStrategy: only {' and '.join(STRATEGIES)} are rehearsed, got '{strategy}'.")
    specs = given.require("subnetSpecs")
    cidr = str(given.require("cidrBlock"))
    _validate(cidr, specs, zones, strategy, nat)
    endpoints = given.take("vpcEndpointSpecs") or []
    automatic = given.take("vpcEndpointStrategy", "Legacy") == "Auto"
    private_dns = automatic and any(
        _kind(one) == "interface" and one.get("privateDnsEnabled", True) for one in endpoints
    )
    dns = {key: given.take(key, True if private_dns else None) for key in ("enableDnsHostnames", "enableDnsSupport")}
    tenancy = given.take("instanceTenancy")
    network = child(
        make,
        "aws:ec2/vpc:Vpc",
        make.name,
        {"cidrBlock": cidr, **dns, "instanceTenancy": tenancy, "tags": tags},
        make.urn,
    )
    gateway = child(
        make, "aws:ec2/internetGateway:InternetGateway", make.name, {"vpcId": network.id, "tags": tags}, network.urn
    )
    building = Building(make, zones, tags, nat, addresses, network, gateway)
    for index in range(len(zones)):
        for spec in sorted(specs, key=lambda one: ORDER.get(str(one["type"]).lower(), 9)):
            if str(spec["type"]).lower() != "unused":
                _subnet(building, index, spec)
    for spec in endpoints:
        _endpoint(building, spec, automatic)
    return Made("", _outputs(building, specs))


def _zones(make: Make) -> list[str]:
    names = make.inputs.take("availabilityZoneNames")
    count = make.inputs.take("numberOfAvailabilityZones")
    if names and count:
        raise RehearsalError("Only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified.")
    if names:
        return list(names)
    question = functions.Question(make.account, make.region, Inputs({}))
    found = functions.availability_zones(question)["names"]
    wanted = count or 3
    if len(found) < wanted:
        raise RehearsalError(f"the region does not have at least {wanted} availability zones.")
    return list(found[:wanted])


def _validate(cidr: str, specs: list[dict[str, Any]], zones: list[str], strategy: str, nat: str) -> None:
    """awsx's own rules for explicit layouts."""
    if any(len(spec.get("cidrBlocks", [])) != len(zones) for spec in specs):
        raise RehearsalError(f"subnetSpecs: each needs cidrBlocks, one for each of the {len(zones)} zones.")
    blocks = [ipaddress.ip_network(spec["cidrBlocks"][i]) for i in range(len(zones)) for spec in specs]
    for i, one in enumerate(blocks):
        for other in blocks[i + 1 :]:
            if one.overlaps(other):
                raise RehearsalError(f"The following subnets overlap with at least one other subnet: {one}, {other}.")
    if strategy == "Exact":
        covered = list(ipaddress.collapse_addresses(blocks))  # type: ignore[type-var]
        if covered != [ipaddress.ip_network(cidr)]:
            raise RehearsalError(f"There are gaps in the subnet ranges: they do not fill {cidr}.")
    if nat not in NAT:
        raise RehearsalError(f"Unknown NatGatewayStrategy '{nat}'.")
    kinds = {str(spec["type"]).lower() for spec in specs}
    if nat != "none" and not ("public" in kinds and kinds & {"private", "isolated"}):
        raise RehearsalError("a NAT gateway needs public subnets, and private or isolated ones to route through it.")


def _subnet(building: Building, index: int, spec: Mapping[str, Any]) -> None:
    kind = str(spec["type"]).lower()
    name = f"{building.make.name}-{spec.get('name') or kind}-{index + 1}"
    own = building.tags | {"Name": name, "SubnetType": spec["type"]}
    subnet = building.add(
        "subnets",
        "aws:ec2/subnet:Subnet",
        name,
        {
            "vpcId": building.vpc.id,
            "availabilityZone": building.zones[index],
            "mapPublicIpOnLaunch": kind == "public",
            "cidrBlock": spec["cidrBlocks"][index],
            "assignIpv6AddressOnCreation": bool(spec.get("assignIpv6AddressOnCreation", False)),
            "tags": building.tags | dict(spec.get("tags") or {}) | own,
        },
        building.vpc,
    )
    building.made.setdefault(f"{kind}Subnets", []).append(subnet)
    table = building.add(
        "routeTables", "aws:ec2/routeTable:RouteTable", name, {"vpcId": building.vpc.id, "tags": own}, subnet
    )
    building.add(
        "routeTableAssociations",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        name,
        {"routeTableId": table.id, "subnetId": subnet.id},
        table,
    )
    if kind == "public":
        _nat(building, index, subnet)
    target = _way_out(building, index, kind)
    if target:
        values = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", **target}
        building.add("routes", "aws:ec2/route:Route", name, values, table)


def _way_out(building: Building, index: int, kind: str) -> dict[str, str]:
    if kind == "public":
        return {"gatewayId": building.gateway.id}
    if kind == "private" and building.nat != "none":
        gateways = building.listed("natGateways")
        return {"natGatewayId": gateways[0 if building.nat == "single" else index].id}
    return {}


def _nat(building: Building, index: int, subnet: Record) -> None:
    wanted = {"none": 0, "single": 1, "oneperaz": index + 1}[building.nat]
    if len(building.listed("natGateways")) >= wanted:
        return
    name = f"{building.make.name}-{index + 1}"
    tags = building.tags | {"Name": name}
    if building.addresses:
        allocation = building.addresses[index]
    else:
        allocation = building.add("eips", "aws:ec2/eip:Eip", name, {"tags": tags}, subnet).id
    values = {"subnetId": subnet.id, "allocationId": allocation, "tags": tags}
    building.add("natGateways", "aws:ec2/natGateway:NatGateway", name, values, subnet)


def _kind(spec: Mapping[str, Any]) -> str:
    return str(spec.get("vpcEndpointType", "Gateway")).lower()


def _endpoint(building: Building, spec: Mapping[str, Any], automatic: bool) -> None:
    values: dict[str, Any] = {
        **spec,
        "vpcId": building.vpc.id,
        "tags": building.tags | dict(spec.get("tags") or {}),
    }
    if automatic and _kind(spec) == "gateway":
        values.setdefault("routeTableIds", [table.id for table in building.listed("routeTables")])
    if automatic and _kind(spec) == "interface":
        values.setdefault("privateDnsEnabled", True)
        if "subnetConfigurations" not in spec:
            values.setdefault("subnetIds", _one_per_zone(building))
        if "securityGroupIds" not in spec:
            values["securityGroupIds"] = [_endpoint_group(building, spec["serviceName"], values["tags"])]
    building.add("vpcEndpoints", "aws:ec2/vpcEndpoint:VpcEndpoint", spec["serviceName"], values, building.vpc)


def _endpoint_group(building: Building, service: str, tags: dict[str, str]) -> str:
    values = {"vpcId": building.vpc.id, "tags": tags}
    group = child(building.make, "aws:ec2/securityGroup:SecurityGroup", f"{service}-sg", values, building.vpc.urn)
    rule = {
        "type": "ingress",
        "securityGroupId": group.id,
        "protocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrBlocks": [building.vpc.outputs["cidrBlock"]],
    }
    child(building.make, "aws:ec2/securityGroupRule:SecurityGroupRule", f"{service}-ingress", rule, building.vpc.urn)
    return group.id


def _one_per_zone(building: Building) -> list[str]:
    chosen = []
    for zone in building.zones:
        for kind in ("private", "isolated", "public"):
            here = [one for one in building.listed(f"{kind}Subnets") if one.outputs["availabilityZone"] == zone]
            if here:
                chosen.append(here[0].id)
                break
    return chosen


def _outputs(building: Building, specs: list[dict[str, Any]]) -> dict[str, Any]:
    outputs: dict[str, Any] = {
        "vpcId": known(building.vpc),
        "vpc": reference(building.vpc),
        "internetGateway": reference(building.gateway),
        "subnetLayout": specs,
    }
    for kind in ("public", "private", "isolated"):
        outputs[f"{kind}SubnetIds"] = [known(one) for one in building.listed(f"{kind}Subnets")]
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
        outputs[key] = [reference(one) for one in building.listed(key)]
    return outputs

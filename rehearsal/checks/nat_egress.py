"""Private subnets: each has a way out, and none gives out public addresses."""

from __future__ import annotations

from rehearsal.checks import cached_query
from rehearsal.checks.cached_query import Thing
from rehearsal.result import Rehearsal, Verdict

NAME = "Every private subnet has a way out and no public address"
EVERYWHERE = "0.0.0.0/0"


def _subnets(rehearsal: Rehearsal) -> list[Thing]:
    """The subnets in which tasks, stores and models stand."""
    wanted = sorted(cached_query.private_subnets(rehearsal))
    return list(rehearsal.client("ec2").describe_subnets(SubnetIds=wanted)["Subnets"]) if wanted else []


def _findings(rehearsal: Rehearsal) -> list[str]:
    """What is wrong, in sentences."""
    tables = cached_query.in_network(rehearsal, "describe_route_tables", "RouteTables")
    found = cached_query.in_network(rehearsal, "describe_nat_gateways", "NatGateways")
    gateways = {one["NatGatewayId"]: one for one in found}
    findings = []
    for subnet in _subnets(rehearsal):
        name = f"Private subnet {subnet['SubnetId']} ({subnet['AvailabilityZone']})"
        if subnet["MapPublicIpOnLaunch"]:
            findings.append(f"{name} gives out public addresses: switch mapPublicIpOnLaunch off.")
        findings += [f"{name} {problem}" for problem in way_out(subnet, tables, gateways)]
    for service in cached_query.services(rehearsal):
        if service["networkConfiguration"]["awsvpcConfiguration"].get("assignPublicIp") == "ENABLED":
            findings.append(f"Service {service['serviceName']} asks for public addresses: set assignPublicIp to false.")
    return findings


def private_subnets(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    return cached_query.verdict(NAME, _findings(rehearsal), len(_subnets(rehearsal)))


def table_of(subnet: Thing, tables: list[Thing]) -> Thing | None:
    """The route table of a subnet: its own, else the VPC's main one."""
    main = None
    for table in tables:
        for association in table["Associations"]:
            if association.get("SubnetId") == subnet["SubnetId"]:
                return table
            if association.get("Main") and table["VpcId"] == subnet["VpcId"]:
                main = table
    return main


def _default_route(table: Thing | None) -> Thing:
    routes = table["Routes"] if table else []
    return next((one for one in routes if one.get("DestinationCidrBlock") == EVERYWHERE), {})


def way_out(subnet: Thing, tables: list[Thing], gateways: dict[str, Thing]) -> list[str]:
    """What keeps a private subnet from reaching the Internet by NAT: at most one sentence, without its subject."""
    route = _default_route(table_of(subnet, tables))
    if str(route.get("GatewayId", "")).startswith("igw-"):
        return ["is public: its default route leads straight to the Internet gateway."]
    gateway = gateways.get(route.get("NatGatewayId", ""))
    if gateway is None:
        return ["has no way out: its route table needs a default route to a NAT gateway."]
    if gateway["State"] != "available":
        return [f"leads to NAT gateway {gateway['NatGatewayId']}, which is {gateway['State']}."]
    beyond = _default_route(table_of({"SubnetId": gateway["SubnetId"], "VpcId": subnet["VpcId"]}, tables))
    if not str(beyond.get("GatewayId", "")).startswith("igw-"):
        return [f"leads to NAT gateway {gateway['NatGatewayId']}, whose own subnet does not reach the Internet."]
    return []

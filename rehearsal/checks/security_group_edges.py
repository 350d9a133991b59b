"""Who may call whom by security groups: the open edges equal the intended list, no more and no less."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from rehearsal.checks import nodes, stack_queries
from rehearsal.checks.cached_query import Described, tag, verdict
from rehearsal.checks.intended_connections import BY_PROXY, OUTWARD, intended
from rehearsal.checks.network_map import EVERYWHERE, NetworkMap, admits, network_map, port_range
from rehearsal.checks.nodes import ROLE_TAG, Node
from rehearsal.result import Rehearsal, Verdict

NAME = "Open edges between security groups equal the intended list"

Edge = tuple[str, str, str]
"""Source, target, port. Either end is a role or a CIDR."""


def open_edges(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    groups = nodes.groups(rehearsal)
    findings = [
        f"Security group {group['GroupId']} ({tag(group, 'Name') or group['GroupName']}) has no tag {ROLE_TAG}: "
        "say which end of which edge it is."
        for group in groups
        if not tag(group, ROLE_TAG)
    ]
    edges = _between(nodes.nodes(rehearsal), network_map(rehearsal)) | _with_addresses(groups)
    meant = _intended(rehearsal, {node.role for node in nodes.nodes(rehearsal)}, groups)
    findings += [f"{_text(edge)} is open but not intended: close it." for edge in sorted(edges - meant)]
    findings += [f"{_text(edge)} is intended but not open: a rule is missing." for edge in sorted(meant - edges)]
    return verdict(NAME, findings, len(edges))


def _text(edge: Edge) -> str:
    return f"{edge[0]} -> {edge[1]}:{edge[2]}"


def _intended(rehearsal: Rehearsal, roles: set[str], groups: list[Described]) -> set[Edge]:
    """The list that must be equal to what is open, for the roles that exist."""
    connections = intended(rehearsal).connections
    edges = {(source, target, str(port)) for source, target, port in connections if {source, target} <= roles}
    edges |= {(role, str(EVERYWHERE), "443") for role in OUTWARD if role in roles}
    edges |= {("server", str(EVERYWHERE), str(port)) for port in stack_queries.called_ports(rehearsal)}
    if proxy := stack_queries.proxy_port(rehearsal):
        edges |= {(role, str(EVERYWHERE), str(proxy)) for role in BY_PROXY if role in roles}
    edges |= {("alb", str(EVERYWHERE), "443")} if stack_queries.logs_people_in(rehearsal) else set()
    if "endpoints" in roles:
        edges |= {(_vpc_block(rehearsal, groups), "endpoints", "443")}
        edges |= {(role, "endpoints", "443") for role in OUTWARD if role in roles}
    for port in stack_queries.listener_ports(rehearsal):
        edges |= {(cidr, "alb", port) for cidr in stack_queries.allowed_cidrs(rehearsal)}
    return edges | (_canary(rehearsal) if "canary" in roles else set())


def _vpc_block(rehearsal: Rehearsal, groups: list[Described]) -> str:
    """The address range of the VPC that these groups are in."""
    ids = sorted({group["VpcId"] for group in groups})
    vpcs = rehearsal.client("ec2").describe_vpcs(VpcIds=ids)["Vpcs"] if ids else []
    return str(vpcs[0]["CidrBlock"]) if vpcs else ""


def _canary(rehearsal: Rehearsal) -> set[Edge]:
    """How the smoke test gets to the load balancer: within the VPC, or out by NAT and in like everybody."""
    address = urlsplit(str(rehearsal.outputs.get("url", "")))
    port = str(stack_queries.port_of(address))
    if stack_queries.setting(rehearsal, "internal") == "true":
        return {("canary", "alb", port)}
    edges = {("canary", str(EVERYWHERE), port)}
    if str(EVERYWHERE) in stack_queries.allowed_cidrs(rehearsal):
        return edges
    addresses = rehearsal.client("ec2").describe_addresses()["Addresses"]
    own = [address["PublicIp"] for address in addresses if tag(address, "stack") == rehearsal.stack]
    return edges | {(f"{ip}/32", "alb", port) for ip in own}


def _between(nodes: list[Node], network: NetworkMap) -> set[Edge]:
    """Edges between roles: the source's rule lets out, and the target's rule lets in."""
    edges: set[Edge] = set()
    for target in nodes:
        for permission in network.permissions(target, "IpPermissions"):
            ports = port_range(permission)
            for source in nodes:
                named = ports is not None and _named(permission) & source.groups
                leaving = network.permissions(source, "IpPermissionsEgress")
                admitted = named and ports and admits(leaving, ports, target.groups, EVERYWHERE)
                # An endpoint lets in the whole VPC; of that, only who may call out at all calls it.
                by_address = target.role == "endpoints" and source.role in OUTWARD and _addresses(permission)
                if admitted or by_address:
                    edges.add((source.role, target.role, _ports(permission)))
    return edges


def _with_addresses(groups: list[Described]) -> set[Edge]:
    """Edges from and to address ranges, whether anything carries the group or not."""
    edges: set[Edge] = set()
    for group in groups:
        role = tag(group, ROLE_TAG) or group["GroupId"]
        for permission in group["IpPermissions"]:
            edges |= {(_block(cidr), role, _ports(permission)) for cidr in _addresses(permission)}
        for permission in group["IpPermissionsEgress"]:
            edges |= {(role, _block(cidr), _ports(permission)) for cidr in _addresses(permission)}
    return edges


def _named(permission: Described) -> set[str]:
    return {pair["GroupId"] for pair in permission.get("UserIdGroupPairs", [])}


def _addresses(permission: Described) -> list[str]:
    return [entry["CidrIp"] for entry in permission.get("IpRanges", [])] + [
        entry["CidrIpv6"] for entry in permission.get("Ipv6Ranges", [])
    ]


def _block(cidr: str) -> str:
    return str(ipaddress.ip_network(cidr, strict=False))


def _ports(permission: Described) -> str:
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if permission["IpProtocol"] == "-1" or first is None:
        return "all"
    protocol = "" if permission["IpProtocol"] == "tcp" else f"{permission['IpProtocol']}/"
    return f"{protocol}{first}" if first == last else f"{protocol}{first}-{last}"

"""Who may call whom: the open edges between security groups equal the intended list, no more and no less."""

from __future__ import annotations

import ipaddress
import json
from typing import Any
from urllib.parse import urlsplit

from rehearsal.checks import cached_query, nodes
from rehearsal.checks.cached_query import Thing, tag, verdict
from rehearsal.checks.nodes import Node
from rehearsal.result import Rehearsal, Verdict

ROLE_TAG = nodes.ROLE_TAG

NAME = "Open edges between security groups equal the intended list"

STORES = {"postgresql": 5432, "redis": 6379, "efs": 2049}
INSIDE = (
    ("alb", "server", 8080),
    ("alb", "ui", 80),
    *((role, store, port) for role in ("server", "worker", "init") for store, port in STORES.items()),
    ("server", "gateway", 8070),
    ("worker", "gateway", 8070),
)
"""Intended edges between roles (the architecture's list). Where a role is absent, its edges are not expected."""

OUTWARD = ("server", "worker", "init", "ui", "gateway", "models", "canary")
"""Roles that may call anywhere on 443: AWS's APIs, by NAT or endpoint."""

Edge = tuple[str, str, str]
"""Source, target, port. Either end is a role or a CIDR."""


def open_edges(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    groups = nodes.groups(rehearsal)
    roles = {one["GroupId"]: tag(one, ROLE_TAG) for one in groups}
    findings = [
        f"Security group {one['GroupId']} ({tag(one, 'Name') or one['GroupName']}) has no tag {ROLE_TAG}: "
        "say which end of which edge it is."
        for one in groups
        if not roles[one["GroupId"]]
    ]
    vpc = vpc_block(rehearsal, groups)
    found = _open_now(rehearsal)
    wanted = intended(rehearsal, {node.role for node in nodes.nodes(rehearsal)}, vpc)
    findings += [f"{_say(edge)} is open but not intended: close it." for edge in sorted(found - wanted)]
    findings += [f"{_say(edge)} is intended but not open: a rule is missing." for edge in sorted(wanted - found)]
    return verdict(NAME, findings, len(found))


def _open_now(rehearsal: Rehearsal) -> set[Edge]:
    """What is open in the account, intended or not."""
    groups = nodes.groups(rehearsal)
    roles = {one["GroupId"]: tag(one, ROLE_TAG) for one in groups}
    return _between(nodes.nodes(rehearsal), groups) | _rules_with_addresses(groups, roles)


def _say(edge: Edge) -> str:
    return f"{edge[0]} -> {edge[1]}:{edge[2]}"


def vpc_block(rehearsal: Rehearsal, groups: list[Thing]) -> str:
    """The address range of the VPC that these groups are in."""
    ids = sorted({one["VpcId"] for one in groups})
    vpcs = rehearsal.client("ec2").describe_vpcs(VpcIds=ids)["Vpcs"] if ids else []
    return str(vpcs[0]["CidrBlock"]) if vpcs else ""


def intended(rehearsal: Rehearsal, roles: set[str], vpc: str) -> set[Edge]:
    """The list that must be equal to what is open, for the roles that exist."""
    wanted = {(source, target, str(port)) for source, target, port in INSIDE if {source, target} <= roles}
    wanted |= {(role, "0.0.0.0/0", "443") for role in OUTWARD if role in roles}
    wanted |= {("alb", "0.0.0.0/0", "443")} if asks_provider(rehearsal) else set()
    if "endpoints" in roles:
        wanted |= {(vpc, "endpoints", "443")}
        wanted |= {(role, "endpoints", "443") for role in OUTWARD if role in roles}
    for port in listener_ports(rehearsal):
        wanted |= {(cidr, "alb", port) for cidr in allowed_cidrs(rehearsal)}
    return wanted | (_canary(rehearsal) if "canary" in roles else set())


def _canary(rehearsal: Rehearsal) -> set[Edge]:
    """How the smoke test gets to the load balancer: within the VPC, or out by NAT and in like everybody."""
    address = urlsplit(str(rehearsal.outputs.get("url", "")))
    port = str(cached_query.port_of(address))
    if rehearsal.config.values.get("cvat:internal") == "true":
        return {("canary", "alb", port)}
    ways = {("canary", "0.0.0.0/0", port)}
    if "0.0.0.0/0" in allowed_cidrs(rehearsal):
        return ways
    addresses = rehearsal.client("ec2").describe_addresses()["Addresses"]
    mine = [one["PublicIp"] for one in addresses if tag(one, "stack") == rehearsal.stack]
    return ways | {(f"{ip}/32", "alb", port) for ip in mine}


def allowed_cidrs(rehearsal: Rehearsal) -> list[str]:
    """The setting cvat:allowedCidrs."""
    return [str(cidr) for cidr in json.loads(rehearsal.config.values.get("cvat:allowedCidrs", "[]"))]


def listener_ports(rehearsal: Rehearsal) -> list[str]:
    """Ports on which the stack's load balancer listens."""
    return [str(one["Port"]) for one in cached_query.listeners(rehearsal)]


def asks_provider(rehearsal: Rehearsal) -> bool:
    """Whether the load balancer logs people in, for which it calls an identity provider itself."""
    rules = cached_query.listener_rules(rehearsal)
    return any(action["Type"] == "authenticate-oidc" for _, rule in rules for action in rule["Actions"])


def _ports(permission: Thing) -> str:
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if permission["IpProtocol"] == "-1" or first is None:
        return "all"
    protocol = "" if permission["IpProtocol"] == "tcp" else f"{permission['IpProtocol']}/"
    return f"{protocol}{first}" if first == last else f"{protocol}{first}-{last}"


def _between(nodes: list[Node], groups: list[Thing]) -> set[Edge]:
    """Edges between roles: the source's rule lets out, and the target's rule lets in."""
    leaving = {one["GroupId"]: one["IpPermissionsEgress"] for one in groups}
    entering = {one["GroupId"]: one["IpPermissions"] for one in groups}
    found: set[Edge] = set()
    for target in nodes:
        for entry in (entry for group in target.groups for entry in entering.get(group, [])):
            for source in nodes:
                named = _named(entry) & source.groups and _lets_out(source, target, entry, leaving)
                # An endpoint lets in the whole VPC; of that, only who may call out at all calls it.
                by_address = target.role == "endpoints" and source.role in OUTWARD and _addresses(entry)
                if named or by_address:
                    found.add((source.role, target.role, _ports(entry)))
    return found


def _named(permission: Thing) -> set[str]:
    return {one["GroupId"] for one in permission.get("UserIdGroupPairs", [])}


def _addresses(permission: Thing) -> list[str]:
    return [one["CidrIp"] for one in permission.get("IpRanges", [])] + [
        one["CidrIpv6"] for one in permission.get("Ipv6Ranges", [])
    ]


def _lets_out(source: Node, target: Node, entry: Thing, leaving: dict[str, list[Any]]) -> bool:
    for group in source.groups:
        for permission in leaving.get(group, []):
            fits = _ports(permission) in ("all", _ports(entry))
            if fits and (_named(permission) & target.groups or "0.0.0.0/0" in _addresses(permission)):
                return True
    return False


def _rules_with_addresses(groups: list[Thing], roles: dict[str, str]) -> set[Edge]:
    """Edges from and to address ranges, whether anything carries the group or not."""
    found: set[Edge] = set()
    for group in groups:
        role = roles[group["GroupId"]] or group["GroupId"]
        for permission in group["IpPermissions"]:
            found |= {(_range(cidr), role, _ports(permission)) for cidr in _addresses(permission)}
        for permission in group["IpPermissionsEgress"]:
            found |= {(role, _range(cidr), _ports(permission)) for cidr in _addresses(permission)}
    return found


def _range(cidr: str) -> str:
    return str(ipaddress.ip_network(cidr, strict=False))

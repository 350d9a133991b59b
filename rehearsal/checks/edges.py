"""Who may call whom: the open edges between security groups equal the intended list, no more and no less."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehearsal.checks.ask import Thing, paged, services, tag, tasks_that_ran, verdict
from rehearsal.model import Verdict

if TYPE_CHECKING:
    from rehearsal.run import Rehearsal

NAME = "Open edges between security groups equal the intended list"

ROLE_TAG = "cvat:edge"
"""Tag by which a security group says which end of an edge it is."""

STORES = {"postgresql": 5432, "redis": 6379, "efs": 2049}
INSIDE = (
    ("alb", "server", 8080),
    ("alb", "ui", 80),
    *((role, store, port) for role in ("server", "worker", "init") for store, port in STORES.items()),
    ("server", "gateway", 8070),
    ("worker", "gateway", 8070),
)
"""Intended edges between roles (the architecture's list). Where a role is absent, its edges are not expected."""

OUTWARD = ("server", "worker", "init", "ui", "gateway", "models")
"""Roles that may call anywhere on 443: AWS's APIs, by NAT or endpoint."""

WORLD = "anywhere"


@dataclass(frozen=True)
class Node:
    """Something with security groups."""

    role: str
    groups: frozenset[str]
    what: str


Edge = tuple[str, str, str]
"""Source, target, port. Either end is a role or a CIDR."""


def open_edges(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    groups = _groups(rehearsal)
    roles = {one["GroupId"]: tag(one, ROLE_TAG) for one in groups}
    findings = [
        f"Security group {one['GroupId']} ({tag(one, 'Name') or one['GroupName']}) has no tag {ROLE_TAG}: "
        "say which end of which edge it is."
        for one in groups
        if not roles[one["GroupId"]]
    ]
    nodes = _nodes(rehearsal, roles)
    vpc = _vpc_block(rehearsal, groups)
    found = _between(nodes, groups) | _rules_with_addresses(groups, roles)
    wanted = intended(rehearsal, {node.role for node in nodes}, vpc)
    findings += [f"{_say(edge)} is open but not intended: close it." for edge in sorted(found - wanted)]
    findings += [f"{_say(edge)} is intended but not open: a rule is missing." for edge in sorted(wanted - found)]
    return verdict(NAME, findings, len(found))


def open_now(rehearsal: Rehearsal) -> set[Edge]:
    """What is open in the account, intended or not."""
    groups = _groups(rehearsal)
    roles = {one["GroupId"]: tag(one, ROLE_TAG) for one in groups}
    return _between(_nodes(rehearsal, roles), groups) | _rules_with_addresses(groups, roles)


def _say(edge: Edge) -> str:
    return f"{edge[0]} -> {edge[1]}:{edge[2]}"


def _groups(rehearsal: Rehearsal) -> list[Thing]:
    """Groups that carry the stack's tag, and those that the stack made without one."""
    made = {record.id for record in rehearsal.of_type("aws:ec2/securityGroup:SecurityGroup")}
    everything = paged(rehearsal.client("ec2"), "describe_security_groups", "SecurityGroups")
    return [one for one in everything if one["GroupId"] in made or tag(one, "stack") == rehearsal.stack]


def _vpc_block(rehearsal: Rehearsal, groups: list[Thing]) -> str:
    ids = sorted({one["VpcId"] for one in groups})
    vpcs = rehearsal.client("ec2").describe_vpcs(VpcIds=ids)["Vpcs"] if ids else []
    return str(vpcs[0]["CidrBlock"]) if vpcs else ""


def intended(rehearsal: Rehearsal, roles: set[str], vpc: str) -> set[Edge]:
    """The list that must be equal to what is open, for the roles that exist."""
    wanted = {(source, target, str(port)) for source, target, port in INSIDE if {source, target} <= roles}
    wanted |= {(role, "0.0.0.0/0", "443") for role in OUTWARD if role in roles}
    if "endpoints" in roles:
        wanted |= {(vpc, "endpoints", "443")}
        wanted |= {(role, "endpoints", "443") for role in OUTWARD if role in roles}
    for port in _listener_ports(rehearsal):
        wanted |= {(cidr, "alb", port) for cidr in _allowed(rehearsal)}
    return wanted


def _allowed(rehearsal: Rehearsal) -> list[str]:
    """The setting cvat:allowedCidrs."""
    return [str(cidr) for cidr in json.loads(rehearsal.config.values.get("cvat:allowedCidrs", "[]"))]


def _listener_ports(rehearsal: Rehearsal) -> list[str]:
    client, ports = rehearsal.client("elbv2"), []
    for record in rehearsal.of_type("aws:lb/loadBalancer:LoadBalancer"):
        ports += [
            str(one["Port"]) for one in paged(client, "describe_listeners", "Listeners", LoadBalancerArn=record.id)
        ]
    return ports


def _nodes(rehearsal: Rehearsal, roles: dict[str, str]) -> list[Node]:
    """Everything that carries groups; its role is the one that is no client group's."""

    def node(what: str, groups: Iterable[str]) -> Node:
        carried = frozenset(groups)
        own = sorted({roles.get(one, "") for one in carried} - {""})
        servers = [role for role in own if not role.endswith("-client")]
        return Node(servers[0] if servers else f"{what} without a role", carried, what)

    return [node(what, groups) for what, groups in _carriers(rehearsal)]


def _carriers(rehearsal: Rehearsal) -> list[tuple[str, list[str]]]:
    ec2 = rehearsal.client("ec2")
    carriers: list[tuple[str, list[str]]] = []
    for service in services(rehearsal):
        network = service["networkConfiguration"]["awsvpcConfiguration"]
        carriers.append((f"service {service['serviceName']}", network["securityGroups"]))
    for task in tasks_that_ran(rehearsal):
        details = {one["name"]: one["value"] for item in task["attachments"] for one in item["details"]}
        interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[details["networkInterfaceId"]])
        groups = [one["GroupId"] for one in interface["NetworkInterfaces"][0]["Groups"]]
        carriers.append((f"task of {task['group']}", groups))
    for record in rehearsal.of_type("aws:lb/loadBalancer:LoadBalancer"):
        (balancer,) = rehearsal.client("elbv2").describe_load_balancers(LoadBalancerArns=[record.id])["LoadBalancers"]
        carriers.append((f"load balancer {record.name}", balancer["SecurityGroups"]))
    return carriers + _stores(rehearsal)


def _stores(rehearsal: Rehearsal) -> list[tuple[str, list[str]]]:
    carriers: list[tuple[str, list[str]]] = []
    for record in rehearsal.of_type("aws:rds/instance:Instance"):
        answer = rehearsal.client("rds").describe_db_instances(DBInstanceIdentifier=record.outputs["identifier"])
        groups = answer["DBInstances"][0]["VpcSecurityGroups"]
        carriers.append((f"database {record.name}", [one["VpcSecurityGroupId"] for one in groups]))
    for record in rehearsal.of_type("aws:elasticache/replicationGroup:ReplicationGroup"):
        # A replication group's groups are told by its member clusters, which moto does not make.
        carriers.append((f"cache {record.name}", list(record.outputs.get("securityGroupIds") or [])))
    for record in rehearsal.of_type("aws:efs/mountTarget:MountTarget"):
        answer = rehearsal.client("efs").describe_mount_target_security_groups(MountTargetId=record.id)
        carriers.append((f"mount target {record.name}", answer["SecurityGroups"]))
    for record in rehearsal.of_type("aws:sagemaker/model:Model"):
        model = rehearsal.client("sagemaker").describe_model(ModelName=record.id)
        carriers.append((f"model {record.name}", model["VpcConfig"]["SecurityGroupIds"]))
    for record in rehearsal.of_type("aws:ec2/vpcEndpoint:VpcEndpoint"):
        groups = record.outputs.get("securityGroupIds")
        if groups:
            carriers.append((f"endpoint {record.name}", list(groups)))
    return carriers


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

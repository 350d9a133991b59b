"""The network as the account shows it, and whether a TCP connection can be opened in it: routes, ACLs, groups.

Each answer is empty when the connection can be opened, else a sentence that says what is in its way.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from rehearsal.checks import nodes, stack_queries
from rehearsal.checks.cached_query import Described, cached_query
from rehearsal.checks.nodes import Node
from rehearsal.result import Rehearsal

Block = ipaddress.IPv4Network
Ports = tuple[int, int]

EVERYWHERE = ipaddress.IPv4Network("0.0.0.0/0")
ABROAD = ipaddress.IPv4Network("198.51.100.0/24")
"""Stands for addresses of the Internet that no setting allows (TEST-NET-2, RFC 5737)."""

EPHEMERAL: Ports = (1024, 65535)
"""Ports to which answers come back; load balancers and NAT gateways use all of them (VPC user guide)."""

HTTPS: Ports = (443, 443)
ALL: Ports = (0, 65535)
TCP = ("-1", "6", "tcp")
"""How rules say TCP: by all protocols, by number, by name."""


BEYOND = ("TransitGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId", "CoreNetworkArn")
"""Targets of routes that lead out of the VPC, to where this account does not see."""


class NetworkMap:
    """Subnets, route tables, network ACLs and security groups of the stack's VPC, read once."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        def read(operation: str, member: str) -> list[Described]:
            return stack_queries.in_network(rehearsal, operation, member)

        self.subnets = {subnet["SubnetId"]: subnet for subnet in read("describe_subnets", "Subnets")}
        self._tables = read("describe_route_tables", "RouteTables")
        gateways = read("describe_nat_gateways", "NatGateways")
        self._gateways = {gateway["NatGatewayId"]: gateway for gateway in gateways}
        # Endpoints of an adopted VPC, and their groups, are its owner's: nothing else of his is looked at.
        owners = {
            group["GroupId"]
            for endpoint in read("describe_vpc_endpoints", "VpcEndpoints")
            for group in endpoint.get("Groups", [])
        }
        of_endpoints = [
            group for group in read("describe_security_groups", "SecurityGroups") if group["GroupId"] in owners
        ]
        self._groups = {group["GroupId"]: group for group in (*of_endpoints, *nodes.groups(rehearsal))}
        self._acls: dict[str, Described] = {}
        for acl in read("describe_network_acls", "NetworkAcls"):
            self._acls |= {association["SubnetId"]: acl for association in acl["Associations"]}
        self._blocks = {name: Block(subnet["CidrBlock"]) for name, subnet in self.subnets.items()}

    def vpc(self, subnet: str) -> str:
        """Id of a subnet's VPC."""
        return str(self.subnets[subnet]["VpcId"])

    def zone(self, subnet: str) -> str:
        """Availability zone of a subnet."""
        return str(self.subnets[subnet]["AvailabilityZone"])

    def route_table(self, subnet: str) -> Described:
        """The route table of a subnet: its own, else the VPC's main one."""
        main: Described = {"RouteTableId": "(none)", "Routes": []}
        for table in self._tables:
            for association in table["Associations"]:
                if association.get("SubnetId") == subnet:
                    return table
                if association.get("Main") and table["VpcId"] == self.vpc(subnet):
                    main = table
        return main

    def between(self, source: tuple[Node, str], target: tuple[Node, str], ports: Ports) -> str:
        """From a node in one of its subnets to another in one of its own."""
        (caller, here), (called, there) = source, target
        return (
            self._no_route(here, there)
            or self._acls_between(here, there, ports)
            or self._lets_out(caller, ports, called.groups, self._blocks[there])
            or self._lets_in(called, ports, caller.groups, self._blocks[here])
        )

    def from_outside(self, block: Block, target: tuple[Node, str], ports: Ports) -> str:
        """From an address range of the Internet to a node in one of its subnets."""
        called, subnet = target
        if not called.public:
            return f"{called.what} has no public address"
        if not self._leads_to_internet(subnet, block):
            table = self.route_table(subnet)["RouteTableId"]
            return f"route table {table} of {subnet} has no route to an Internet gateway"
        return self.from_private_networks(block, target, ports)

    def from_private_networks(self, block: Block, target: tuple[Node, str], ports: Ports) -> str:
        """From networks that are joined to the VPC; by which routes is not this account's matter."""
        called, subnet = target
        return (
            self._acl(subnet, False, block, ports)
            or self._acl(subnet, True, block, EPHEMERAL)
            or self._lets_in(called, ports, frozenset(), block)
        )

    def to_internet(self, source: tuple[Node, str], ports: Ports = HTTPS) -> str:
        """From a node in one of its subnets to anywhere, by NAT."""
        caller, subnet = source
        problem = self.nat_problem(subnet)
        if problem and not caller.public:
            return f"{subnet} {problem.rstrip('.')}"
        return self.leaves(source, ports) or self._past_gateway(subnet, ports)

    def by_gateway_endpoint(self, source: tuple[Node, str], endpoint: Described) -> str:
        """From a node in one of its subnets to a service behind a gateway endpoint that its route table leads to."""
        state = "" if endpoint["State"] == "available" else f"{endpoint['VpcEndpointId']} is {endpoint['State']}"
        return self.leaves(source, HTTPS) or state

    def nat_problem(self, subnet: str) -> str:
        """Why a private subnet does not reach the Internet by NAT: a sentence without its subject, or nothing.

        What is beyond a transit gateway or a firewall is its owner's matter: a default route to one is a way out.
        """
        route = self._route(subnet, ABROAD)
        if self._leads_to_internet(subnet, ABROAD):
            return "is public: its default route leads straight to the Internet gateway."
        if any(route.get(key) for key in BEYOND):
            return ""
        gateway = self._gateways.get(route.get("NatGatewayId", ""))
        if gateway is None:
            return "has no way out: its route table needs a default route to a NAT gateway."
        if gateway["State"] != "available":
            return f"leads to NAT gateway {gateway['NatGatewayId']}, which is {gateway['State']}."
        if not self._leads_to_internet(gateway["SubnetId"], ABROAD):
            return f"leads to NAT gateway {gateway['NatGatewayId']}, whose own subnet does not reach the Internet."
        return ""

    def has_default_route(self, subnet: str) -> bool:
        """Whether a subnet's route table leads anywhere but to the VPC itself and to gateway endpoints."""
        return bool(self._route(subnet, ABROAD))

    def leads_to(self, subnet: str, endpoint: str) -> bool:
        """Whether a subnet's route table has an entry of this gateway endpoint."""
        return any(route.get("GatewayId") == endpoint for route in self.route_table(subnet)["Routes"])

    def admitted_ports(self, node: Node) -> set[Ports]:
        """Port ranges on which a node's groups let anything in by TCP."""
        ranges = [port_range(permission) for permission in self.permissions(node, "IpPermissions")]
        return {ports for ports in ranges if ports is not None}

    def admitted_blocks(self, node: Node) -> list[Block]:
        """Address ranges that a node's groups let in."""
        permissions = self.permissions(node, "IpPermissions")
        return [Block(entry["CidrIp"], strict=False) for rule in permissions for entry in rule.get("IpRanges", [])]

    def permissions(self, node: Node, side: str) -> list[Described]:
        """Rules of a node's groups: `IpPermissions` or `IpPermissionsEgress`."""
        return [permission for group in sorted(node.groups) for permission in self._groups.get(group, {}).get(side, [])]

    def leaves(self, source: tuple[Node, str], ports: Ports) -> str:
        """Groups and ACL of a node, for a connection to anywhere."""
        caller, subnet = source
        return (
            self._lets_out(caller, ports, frozenset(), EVERYWHERE)
            or self._acl(subnet, True, ABROAD, ports)
            or self._acl(subnet, False, ABROAD, EPHEMERAL)
        )

    def _past_gateway(self, subnet: str, ports: Ports) -> str:
        """The NAT gateway is in a subnet of its own, with an ACL of its own."""
        gateway = self._gateways.get(self._route(subnet, ABROAD).get("NatGatewayId", ""))
        if gateway is None:
            return ""
        beyond = gateway["SubnetId"]
        return (
            self._acls_between(subnet, beyond, ports)
            or self._acl(beyond, True, ABROAD, ports)
            or self._acl(beyond, False, ABROAD, EPHEMERAL)
        )

    def _route(self, subnet: str, target: Block) -> Described:
        """The most specific active route to an address range, or nothing."""
        routes = [
            (Block(route["DestinationCidrBlock"]).prefixlen, index, route)
            for index, route in enumerate(self.route_table(subnet)["Routes"])
            if route.get("State", "active") == "active"
            and route.get("DestinationCidrBlock")
            and target.subnet_of(Block(route["DestinationCidrBlock"]))
        ]
        return max(routes)[2] if routes else {}

    def _leads_to_internet(self, subnet: str, block: Block) -> bool:
        return str(self._route(subnet, block).get("GatewayId", "")).startswith("igw-")

    def _no_route(self, here: str, there: str) -> str:
        for near, far in ((here, there), (there, here)):
            if self._route(near, self._blocks[far]).get("GatewayId") != "local":
                table = self.route_table(near)["RouteTableId"]
                return f"route table {table} of {near} has no local route to {far} ({self._blocks[far]})"
        return ""

    def _acls_between(self, here: str, there: str, ports: Ports) -> str:
        if here == there:
            return ""  # ACLs apply at a subnet's border
        return (
            self._acl(here, True, self._blocks[there], ports)
            or self._acl(there, False, self._blocks[here], ports)
            or self._acl(there, True, self._blocks[here], EPHEMERAL)
            or self._acl(here, False, self._blocks[there], EPHEMERAL)
        )

    def _acl(self, subnet: str, leaving: bool, block: Block, ports: Ports) -> str:
        """What a subnet's ACL says: its first entry that fits decides. Part of a range denied is denied."""
        acl = self._acls.get(subnet)
        if acl is None:
            return f"{subnet} has no network ACL"
        entries = [entry for entry in acl["Entries"] if entry["Egress"] is leaving and entry.get("CidrBlock")]
        for entry in sorted(entries, key=lambda entry: int(entry["RuleNumber"])):
            if _denies(entry, block, ports):
                break
            if entry["RuleAction"] == "allow" and _covers(entry, block, ports):
                return ""
        direction = "out to" if leaving else "in from"
        return f"network ACL {acl['NetworkAclId']} of {subnet} does not let {_text(ports)} {direction} {block}"

    def _lets_out(self, caller: Node, ports: Ports, groups: frozenset[str], block: Block) -> str:
        if admits(self.permissions(caller, "IpPermissionsEgress"), ports, groups, block):
            return ""
        return f"no security group of {caller.what} lets {_text(ports)} out"

    def _lets_in(self, called: Node, ports: Ports, groups: frozenset[str], block: Block) -> str:
        if admits(self.permissions(called, "IpPermissions"), ports, groups, block):
            return ""
        return f"no security group of {called.what} lets {_text(ports)} in from there"


@cached_query
def network_map(rehearsal: Rehearsal) -> NetworkMap:
    """The map of the stack's network, as the account is now."""
    return NetworkMap(rehearsal)


def admits(permissions: Iterable[Described], ports: Ports, groups: frozenset[str], block: Block) -> bool:
    """Whether a rule of a security group admits the peer by TCP, by its groups or by its addresses."""
    for permission in permissions:
        range_ = port_range(permission)
        if range_ is None or not _within(ports, range_):
            continue
        if {pair["GroupId"] for pair in permission.get("UserIdGroupPairs", [])} & groups:
            return True
        if any(block.subnet_of(Block(entry["CidrIp"], strict=False)) for entry in permission["IpRanges"]):
            return True
    return False


def port_range(permission: Described) -> Ports | None:
    """Ports of a group's rule; None if it is not about TCP."""
    if permission["IpProtocol"] not in TCP:
        return None
    return ALL if permission["IpProtocol"] == "-1" else (permission["FromPort"], permission["ToPort"])


def _denies(entry: Described, block: Block, ports: Ports) -> bool:
    if entry["RuleAction"] != "deny" or entry["Protocol"] not in TCP:
        return False
    low, high = _acl_ports(entry)
    return block.overlaps(Block(entry["CidrBlock"])) and low <= ports[1] and ports[0] <= high


def _covers(entry: Described, block: Block, ports: Ports) -> bool:
    fits = entry["Protocol"] in TCP and _within(ports, _acl_ports(entry))
    return fits and block.subnet_of(Block(entry["CidrBlock"]))


def _acl_ports(entry: Described) -> Ports:
    ports = entry.get("PortRange")
    return (ports["From"], ports["To"]) if ports else ALL


def _within(inner: Sequence[int], outer: Sequence[int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _text(ports: Ports) -> str:
    return f"port {ports[0]}" if ports[0] == ports[1] else f"ports {ports[0]}-{ports[1]}"

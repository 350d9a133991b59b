"""The network as the account shows it, and whether a TCP connection can be opened in it: routes, ACLs, groups.

Each answer is empty when the connection can be opened, else a sentence that says what stands in its way.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from rehearsal.checks import cached_query, nat_egress, nodes
from rehearsal.checks.cached_query import Thing
from rehearsal.checks.nodes import Node
from rehearsal.result import Rehearsal

Block = ipaddress.IPv4Network
Ports = tuple[int, int]

EVERYWHERE = ipaddress.IPv4Network("0.0.0.0/0")
ABROAD = ipaddress.IPv4Network("198.51.100.0/24")
"""Stands for addresses of the Internet that nobody allowed by name (TEST-NET-2, RFC 5737)."""

EPHEMERAL: Ports = (1024, 65535)
"""Ports to which answers come back; load balancers and NAT gateways use all of them (VPC user guide)."""

HTTPS: Ports = (443, 443)
TCP = ("-1", "6", "tcp")
"""How rules say TCP: by all protocols, by number, by name."""


class NetworkMap:
    """Subnets, route tables, network ACLs and security groups of the stack's VPC, read once."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        subnets = cached_query.in_network(rehearsal, "describe_subnets", "Subnets")
        self._subnets = {one["SubnetId"]: one for one in subnets}
        self._tables = cached_query.in_network(rehearsal, "describe_route_tables", "RouteTables")
        gateways = cached_query.in_network(rehearsal, "describe_nat_gateways", "NatGateways")
        self._gateways = {one["NatGatewayId"]: one for one in gateways}
        self._groups = {one["GroupId"]: one for one in nodes.groups(rehearsal)}
        self._acls: dict[str, Thing] = {}
        for acl in cached_query.in_network(rehearsal, "describe_network_acls", "NetworkAcls"):
            self._acls |= {one["SubnetId"]: acl for one in acl["Associations"]}
        self._blocks = {name: ipaddress.IPv4Network(one["CidrBlock"]) for name, one in self._subnets.items()}

    def vpc(self, subnet: str) -> str:
        """Id of a subnet's VPC."""
        return str(self._subnets[subnet]["VpcId"])

    def zone(self, subnet: str) -> str:
        """Availability zone of a subnet."""
        return str(self._subnets[subnet]["AvailabilityZone"])

    def table(self, subnet: str) -> Thing:
        """Route table of a subnet."""
        return nat_egress.table_of(self._subnets[subnet], self._tables) or {"RouteTableId": "(none)", "Routes": []}

    def between(self, source: tuple[Node, str], target: tuple[Node, str], ports: Ports) -> str:
        """From a node in one of its subnets to another in one of its own."""
        (caller, here), (called, there) = source, target
        return (
            self._no_way(here, there)
            or self._acls_between(here, there, ports)
            or self._lets_out(caller, ports, called.groups, self._blocks[there])
            or self._lets_in(called, ports, caller.groups, self._blocks[here])
        )

    def from_outside(self, block: Block, target: tuple[Node, str], ports: Ports) -> str:
        """From an address range of the Internet to a node in one of its subnets."""
        called, there = target
        if not called.public:
            return f"{called.what} has no public address"
        gateway = str(self._route(there, block).get("GatewayId", ""))
        if not gateway.startswith("igw-"):
            return f"route table {self.table(there)['RouteTableId']} of {there} has no route to an Internet gateway"
        return (
            self._acl(there, False, block, ports)
            or self._acl(there, True, block, EPHEMERAL)
            or self._lets_in(called, ports, frozenset(), block)
        )

    def from_private_networks(self, block: Block, target: tuple[Node, str], ports: Ports) -> str:
        """From networks that are joined to the VPC; by which routes is not this account's matter."""
        called, there = target
        return (
            self._acl(there, False, block, ports)
            or self._acl(there, True, block, EPHEMERAL)
            or self._lets_in(called, ports, frozenset(), block)
        )

    def to_internet(self, source: tuple[Node, str], ports: Ports = HTTPS) -> str:
        """From a node in one of its subnets to anywhere, by NAT."""
        caller, here = source
        problems = nat_egress.way_out(self._subnets[here], self._tables, self._gateways)
        if problems and not caller.public:
            return f"{here} {problems[0].rstrip('.')}"
        return (
            self._lets_out(caller, ports, frozenset(), EVERYWHERE)
            or self._acl(here, True, ABROAD, ports)
            or self._acl(here, False, ABROAD, EPHEMERAL)
            or self._past_gateway(here, ports)
        )

    def by_gateway_endpoint(self, source: tuple[Node, str], endpoint: Thing) -> str:
        """From a node in one of its subnets to a service behind a gateway endpoint that its route table leads to."""
        caller, here = source
        return (
            self._lets_out(caller, HTTPS, frozenset(), EVERYWHERE)
            or self._acl(here, True, ABROAD, HTTPS)
            or self._acl(here, False, ABROAD, EPHEMERAL)
            or ("" if endpoint["State"] == "available" else f"{endpoint['VpcEndpointId']} is {endpoint['State']}")
        )

    def leads_to(self, subnet: str, endpoint: str) -> bool:
        """Whether a subnet's route table has an entry of this gateway endpoint."""
        return any(route.get("GatewayId") == endpoint for route in self.table(subnet)["Routes"])

    def admitted(self, node: Node) -> set[Ports | None]:
        """Port ranges that a node's groups let anybody in on; None: all protocols and ports."""
        entries = [entry for group in node.groups for entry in self._rules(group, "IpPermissions")]
        return {
            None if entry["IpProtocol"] == "-1" else (entry["FromPort"], entry["ToPort"])
            for entry in entries
            if entry["IpProtocol"] in TCP
        }

    def open_to(self, node: Node) -> list[Block]:
        """Address ranges that a node's groups let in."""
        entries = [entry for group in node.groups for entry in self._rules(group, "IpPermissions")]
        return [ipaddress.IPv4Network(one["CidrIp"], strict=False) for e in entries for one in e.get("IpRanges", [])]

    def _past_gateway(self, here: str, ports: Ports) -> str:
        """The NAT gateway stands in a subnet of its own, with an ACL of its own."""
        gateway = self._gateways.get(self._route(here, ABROAD).get("NatGatewayId", ""))
        if gateway is None:
            return ""
        there = gateway["SubnetId"]
        return (
            self._acls_between(here, there, ports)
            or self._acl(there, True, ABROAD, ports)
            or self._acl(there, False, ABROAD, EPHEMERAL)
        )

    def _route(self, subnet: str, target: Block) -> Thing:
        """The most special active route to an address range, or nothing."""
        found = [
            (ipaddress.IPv4Network(route["DestinationCidrBlock"]).prefixlen, index, route)
            for index, route in enumerate(self.table(subnet)["Routes"])
            if route.get("State", "active") == "active"
            and route.get("DestinationCidrBlock")
            and target.subnet_of(ipaddress.IPv4Network(route["DestinationCidrBlock"]))
        ]
        return max(found)[2] if found else {}

    def _no_way(self, here: str, there: str) -> str:
        for near, far in ((here, there), (there, here)):
            if self._route(near, self._blocks[far]).get("GatewayId") != "local":
                table = self.table(near)["RouteTableId"]
                return f"route table {table} of {near} has no local route to {far} ({self._blocks[far]})"
        return ""

    def _acls_between(self, here: str, there: str, ports: Ports) -> str:
        if here == there:
            return ""  # ACLs stand at a subnet's border
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
        entries = [one for one in acl["Entries"] if one["Egress"] is leaving and one.get("CidrBlock")]
        for entry in sorted(entries, key=lambda one: int(one["RuleNumber"])):
            if _denies(entry, block, ports):
                break
            if entry["RuleAction"] == "allow" and _covers(entry, block, ports):
                return ""
        way = "out to" if leaving else "in from"
        return f"network ACL {acl['NetworkAclId']} of {subnet} does not let {_say(ports)} {way} {block}"

    def _rules(self, group: str, side: str) -> list[Thing]:
        return list(self._groups.get(group, {}).get(side, []))

    def _lets_out(self, caller: Node, ports: Ports, groups: frozenset[str], block: Block) -> str:
        if _any_opens(self._permissions(caller, "IpPermissionsEgress"), ports, groups, block):
            return ""
        return f"no security group of {caller.what} lets {_say(ports)} out"

    def _lets_in(self, called: Node, ports: Ports, groups: frozenset[str], block: Block) -> str:
        if _any_opens(self._permissions(called, "IpPermissions"), ports, groups, block):
            return ""
        return f"no security group of {called.what} lets {_say(ports)} in from there"

    def _permissions(self, node: Node, side: str) -> list[Thing]:
        return [entry for group in sorted(node.groups) for entry in self._rules(group, side)]


def _any_opens(entries: Iterable[Thing], ports: Ports, groups: frozenset[str], block: Block) -> bool:
    """Whether a rule of a security group admits the peer, by its groups or by its addresses."""
    return any(
        _port_range(entry) is not None
        and _within(ports, _port_range(entry) or ports)
        and (
            {pair["GroupId"] for pair in entry.get("UserIdGroupPairs", [])} & groups
            or any(block.subnet_of(ipaddress.IPv4Network(one["CidrIp"], strict=False)) for one in entry["IpRanges"])
        )
        for entry in entries
    )


def _port_range(entry: Thing) -> Ports | None:
    """Ports of a group's rule; None if it is not about TCP."""
    if entry["IpProtocol"] not in TCP:
        return None
    return (0, 65535) if entry["IpProtocol"] == "-1" else (entry["FromPort"], entry["ToPort"])


def _denies(entry: Thing, block: Block, ports: Ports) -> bool:
    if entry["RuleAction"] != "deny" or entry["Protocol"] not in TCP:
        return False
    low, high = _acl_ports(entry)
    return block.overlaps(ipaddress.IPv4Network(entry["CidrBlock"])) and low <= ports[1] and ports[0] <= high


def _covers(entry: Thing, block: Block, ports: Ports) -> bool:
    fits = entry["Protocol"] in TCP and _within(ports, _acl_ports(entry))
    return fits and block.subnet_of(ipaddress.IPv4Network(entry["CidrBlock"]))


def _acl_ports(entry: Thing) -> Ports:
    given = entry.get("PortRange")
    return (given["From"], given["To"]) if given else (0, 65535)


def _within(inner: Sequence[int], outer: Sequence[int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _say(ports: Ports) -> str:
    return f"port {ports[0]}" if ports[0] == ports[1] else f"ports {ports[0]}-{ports[1]}"

"""Who reaches whom on which port, by all that a connection has to pass; equal to the architecture's list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rehearsal.checks import nodes, stack_queries
from rehearsal.checks.aws_services import NEEDS, SERVICES, ServiceRoutes
from rehearsal.checks.cached_query import cached_query, verdict
from rehearsal.checks.intended_connections import OUTWARD, Intended, intended
from rehearsal.checks.network_map import ABROAD, ALL, EVERYWHERE, Block, Ports, network_map
from rehearsal.checks.nodes import Node
from rehearsal.result import Rehearsal, Verdict

NAME = "Who reaches whom equals the intended matrix, by routes, ACLs, groups and endpoints"

ELSEWHERE = "elsewhere"
"""Row of the addresses of the Internet that no setting allows."""

PROVIDER = "identity provider"
"""Column of whoever the load balancer asks about people, somewhere on the Internet."""

Column = tuple[str, str]
"""Target and port, such as ("server", "8080") or ("ecr.api", "443")."""


@dataclass(frozen=True)
class Cell:
    """Whether one row reaches one column."""

    intended: bool | None
    """None: it may."""
    routes: frozenset[str]
    """How: "direct", "Internet", "private network", "endpoint", "gateway endpoint", "NAT". Empty: not at all."""
    obstacles: tuple[str, ...]
    """What is in the way, from one subnet or another. Empty: nothing."""

    @property
    def open(self) -> bool:
        """From each of its subnets to each of the target's."""
        return bool(self.routes) and not self.obstacles

    @property
    def wrong(self) -> bool:
        """Closed although intended, or open, from one subnet at least, although not."""
        return not self.open if self.intended else self.intended is False and bool(self.routes)

    def __str__(self) -> str:
        """The routes, "partly" if some subnets cannot, nothing where it is closed."""
        if not self.routes:
            return ""
        return "partly" if self.obstacles else " or ".join(sorted(self.routes))


@dataclass(frozen=True)
class Matrix:
    """Rows reach columns."""

    rows: tuple[str, ...]
    """Address ranges, the addresses elsewhere, and what runs in the VPC by the name of its first container or role."""
    columns: tuple[Column, ...]
    cells: Mapping[tuple[str, Column], Cell]


def reachable(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    cells = matrix(rehearsal).cells
    findings = [_finding(row, column, cell) for (row, column), cell in cells.items() if cell.wrong]
    findings += [
        f"The {node.what} has a public address: make it private, although nothing leads to it now."
        for node in nodes.nodes(rehearsal)
        if node.public and node.role != "alb"
    ]
    return verdict(NAME, findings, sum(cell.open for cell in cells.values()))


def _finding(row: str, column: Column, cell: Cell) -> str:
    connection = f"{row} -> {column[0]}:{column[1]}"
    if cell.intended:
        return f"{connection} is intended, but {cell.obstacles[0] if cell.obstacles else 'nothing is there'}."
    return f"{connection} is open ({' or '.join(sorted(cell.routes))}), but not intended: close it."


@cached_query
def matrix(rehearsal: Rehearsal) -> Matrix:
    """The whole matrix, as the account is now."""
    return _Builder(rehearsal).matrix()


class _Builder:
    def __init__(self, rehearsal: Rehearsal) -> None:
        self.network, self.intended = network_map(rehearsal), intended(rehearsal)
        # Alike nodes, such as the models of two hundred endpoints, need one look.
        self.nodes = list({_likeness(node): node for node in nodes.nodes(rehearsal)}.values())
        interfaces = [node for node in self.nodes if node.role == "endpoints"]
        self.services = ServiceRoutes(rehearsal, self.network, interfaces)
        self.allowed = stack_queries.allowed_cidrs(rehearsal)
        self.listeners = stack_queries.listener_ports(rehearsal)
        self.login = stack_queries.logs_people_in(rehearsal)

    def matrix(self) -> Matrix:
        abroad = [*SERVICES, *([PROVIDER] if self.login else [])]
        columns = sorted(set(self._columns()), key=_order) + [(name, "443") for name in abroad]
        callers: dict[str, list[Node]] = {}
        for node in self.nodes:
            if node.role != "endpoints":
                callers.setdefault(node.label, []).append(node)
        outside = [*self.allowed] + ([] if str(EVERYWHERE) in self.allowed else [ELSEWHERE])
        cells = {(row, column): self._from_outside(row, column) for row in outside for column in columns}
        for row, members in callers.items():
            cells |= {(row, column): self._from_inside(members, column) for column in columns}
        rows = [*outside, *sorted(callers, key=lambda row: (_place(callers[row][0].role), row))]
        return Matrix(tuple(rows), tuple(columns), cells)

    def _columns(self) -> Iterator[Column]:
        """Intended ports, and whatever else a group lets in."""
        for node in self.nodes:
            if node.role in self.intended.ports:
                yield node.role, str(self.intended.ports[node.role])
            for ports in self.network.admitted_ports(node):
                yield node.role, _text(ports)
        yield from (("alb", port) for port in self.listeners)

    def _targets(self, role: str) -> list[Node]:
        return [node for node in self.nodes if node.role == role]

    def _from_outside(self, row: str, column: Column) -> Cell:
        role, port = column
        if role in (*SERVICES, PROVIDER):
            return Cell(None, frozenset(), ())
        intended = row != ELSEWHERE and role == "alb" and port in self.listeners
        tries = []
        for node in self._targets(role):
            internal = intended and not node.public
            route = "private network" if internal else "Internet"
            enters = self.network.from_private_networks if internal else self.network.from_outside
            pairs = [(block, subnet) for block in self._blocks(row, node) for subnet in node.subnets]
            tries += [(route, enters(block, (node, subnet), _ports(port))) for block, subnet in pairs]
        return _cell(intended, tries)

    def _blocks(self, row: str, node: Node) -> list[Block]:
        """Address ranges to try: the row's own; elsewhere, all that the node lets in but no setting allows."""
        if row != ELSEWHERE:
            return [Block(row)]
        allowed = [Block(cidr) for cidr in self.allowed]
        admitted = self.network.admitted_blocks(node)
        others = [block for block in admitted if not any(block.subnet_of(known) for known in allowed)]
        return [ABROAD, *(block for block in others if not block.is_private or block.prefixlen == 0)]

    def _from_inside(self, callers: list[Node], column: Column) -> Cell:
        tries = []
        for source in ((node, subnet) for node in callers for subnet in node.subnets):
            if column[0] == PROVIDER:
                route = "Internet" if source[0].public else "NAT"
                tries.append((route, self.network.to_internet(source)))
            elif column[0] in SERVICES:
                tries.append(self.services.route(source, column[0]))
            else:
                tries += [("direct", problem) for problem in self._direct(source, column)]
        return _cell(self._intended(callers[0], column), tries)

    def _intended(self, node: Node, column: Column) -> bool | None:
        if column[0] == PROVIDER:
            return True if node.role == "alb" else None
        if self.login and node.role == "alb" and column[0] in (*SERVICES, "endpoints"):
            return None  # the provider may be anywhere, so it may call out to all
        return _intended(node, column, self.intended)

    def _direct(self, source: tuple[Node, str], column: Column) -> Iterator[str]:
        role, port = column
        zone = self.network.zone(source[1])
        targets = [(node, subnet) for node in self._targets(role) for subnet in node.subnets]
        if role == "efs":  # its name leads to the mount target of the caller's own zone
            targets = [target for target in targets if self.network.zone(target[1]) == zone]
            if not targets:
                yield f"the file system has no mount target in {zone}"
        for target in targets:
            if target[0].label != source[0].label:
                yield self.network.between(source, target, _ports(port))


def _likeness(node: Node) -> tuple[object, ...]:
    what = node.what if node.role not in ("models", "endpoints") else ""
    return node.label, node.groups, node.subnets, node.public, what


def _cell(intended: bool | None, tries: Iterable[tuple[str, str]]) -> Cell:
    pairs = list(tries)
    routes = frozenset(route for route, problem in pairs if not problem)
    return Cell(intended, routes, tuple(dict.fromkeys(problem for _, problem in pairs if problem)))


def _intended(node: Node, column: Column, table: Intended) -> bool | None:
    role, port = column
    if role in SERVICES:
        return None if node.role in NEEDS and role not in NEEDS[node.role] else node.role in NEEDS
    if role == "endpoints":
        return node.role in OUTWARD and port == "443"
    if role == "alb" and port == "443" and node.role in OUTWARD:
        return None  # what may call anything by HTTPS may call what is open to everybody
    if role == "alb" and node.role == "canary":
        return None  # outside of the VPC it goes by NAT: see security_group_edges.py
    if role == "gateway":
        return any(command in table.callers(port) for command in node.commands)
    return (node.role, role, port) in {(source, target, str(number)) for source, target, number in table.connections}


def _place(role: str) -> int:
    order = (
        "alb",
        "ui",
        "server",
        "worker",
        "init",
        "gateway",
        "models",
        "endpoints",
        "postgresql",
        "redis",
        "media",
        "efs",
    )
    return order.index(role) if role in order else len(order)


def _order(column: Column) -> tuple[int, str, int]:
    return _place(column[0]), column[0], _ports(column[1])[0]


def _text(ports: Ports) -> str:
    if ports == ALL:
        return "0-65535"
    return str(ports[0]) if ports[0] == ports[1] else f"{ports[0]}-{ports[1]}"


def _ports(text: str) -> Ports:
    first, _, last = text.partition("-")
    return int(first), int(last or first)

"""The architecture diagram: zones as columns, subnets as rows, and every open edge as a line with its port.

Edges are bundled into lanes, one for each target, in the gutter left of the zones; each caller joins its target's lane
with a dot. So no line ever crosses a box, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rehearsal.report.connections import INTERNET, connections
from rehearsal.report.description import Description
from rehearsal.report.drawing import LINE, Box, Dot, Drawing, Line, wrapped
from rehearsal.report.edge_routing import Lane, lanes
from rehearsal.report.plan import Bar, Plan, Reader, Service, together

WIDTH = 1200
EDGE = 14
OUTSIDE_HEIGHT = 34
REGION_TOP = 66
VPC_TOP = 104
LANE = 20
PORTS = 52
"""Room between the lanes and the boxes, for the ports."""
OUT = 52
"""Room right of the zones, for traffic to the Internet."""
SERVICES = 236
GAP = 12
PAD = 10
TITLE, SMALL = 14, 12
STUB = 12
"""Between two lines that leave a box."""
PORT_STEP = 20
"""Between two arrows that end at a box, each with its port."""
SEAM = 5
"""Marks on a bar where one zone ends and the next begins."""
NAT_HEIGHT = 40
NAT_GAP = 22
"""Room below the NAT gateways, for the line that leads to each of them."""
ZONE_TOP = VPC_TOP + 36
"""Names of the zones; the line from the NAT gateways to the Internet gateway is above them."""
CALLERS_SHOWN = 4


@dataclass
class Placed:
    """A bar with its place."""

    bar: Bar
    top: float
    height: float
    stubs: list[float] = field(default_factory=list)
    """Free places for lines that leave it on the left, from the top."""

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    @property
    def middle(self) -> float:
        """Where one line on the right leaves it."""
        return self.top + self.height / 2


class Diagram:
    """Lays out one plan."""

    def __init__(self, description: Description, plan: Plan) -> None:
        self.description, self.plan = description, plan
        self.drawing = Drawing(WIDTH)
        self.lanes = lanes(description, plan)
        self.left = EDGE * 3 + LANE * len(self.lanes) + PORTS
        self.right = WIDTH - EDGE * 2 - SERVICES - EDGE - OUT
        self.column = (self.right - self.left) / len(plan.zones)
        self.placed: list[Placed] = []
        self.nats: list[Box] = []
        """NAT gateways that a private subnet leads to, from left to right."""

    def draw(self) -> Drawing:
        """The drawing, from top to bottom."""
        top = self._public(ZONE_TOP + 24)
        bottom = self._private(top + GAP)
        lowest = self._services(bottom)
        self._frames(top, bottom, lowest + EDGE)
        self._draw_lanes()
        self._to_internet()
        self.drawing.height = lowest + EDGE + 8
        return self.drawing

    def _x(self, zone: int) -> float:
        return self.left + zone * self.column

    def _public(self, top: float) -> float:
        """NAT gateways and the load balancer; the lower edge of the public subnets."""
        y, zones = top + 26, self.plan.zones
        gateways = [
            (zones.index(subnet.zone), nat)
            for subnet in self.description.subnets
            for nat, nat_subnet in sorted(self.description.nats.items())
            if nat_subnet == subnet.id
        ]
        for zone, nat in sorted(gateways):
            served = {subnet.zone for subnet in self.description.subnets if subnet.nat == nat}
            box = Box(self._x(zone) + PAD, y, self.column - 2 * PAD, NAT_HEIGHT, "nat", nat)
            self.drawing.boxes.append(box)
            self.nats += [box] if served else []
            reach = "all zones" if served >= set(zones) > {zones[zone]} else "this zone"
            self.drawing.write(box.x + PAD, y + 3, ["NAT gateway"], TITLE, "title")
            self.drawing.write(box.x + PAD, y + 20, [f"way out of {reach}"], SMALL, "small")
        y += NAT_HEIGHT + NAT_GAP if gateways else 0
        if self.plan.balancer:
            y = self._bar(self.plan.balancer, y) + GAP
        return y

    def _private(self, top: float) -> float:
        """Everything in the private subnets; their lower edge."""
        y = top + 26
        for bar in self.plan.bars:
            y = self._bar(bar, y) + GAP
        return y

    def _bar(self, bar: Bar, top: float) -> float:
        """A bar over its zones, its text in the first stretch of them; its lower edge."""
        stretches = _stretches([self.plan.zones.index(zone) for zone in sorted(bar.zones)])
        if not stretches:
            return top
        width = self.column * len(stretches[0]) - 4 * PAD
        titles = wrapped(bar.title, width, TITLE, bold=True)
        details = [line for detail in bar.details for line in wrapped(detail, width, SMALL)]
        placed = self._place(bar, top, (len(titles) * TITLE + (len(details) + bool(bar.note)) * SMALL) * LINE)
        self._bar_boxes(placed, stretches)
        x = self._x(stretches[0][0]) + 2 * PAD
        y = self.drawing.write(x, top + 6, titles, TITLE, "title")
        y = self.drawing.write(x, y, details, SMALL, "small")
        for zone in (zone for zones in stretches for zone in zones if bar.note):
            self.drawing.write(self._x(zone) + 2 * PAD, y, [bar.note], SMALL, "small")
        return placed.bottom

    def _place(self, bar: Bar, top: float, text_height: float) -> Placed:
        """The place of a bar that has room for its text, and for one line to each lane that it joins."""
        calls = sum(bar.label in lane.sources for lane in self.lanes)
        ports = sum(bar.role == lane.target for lane in self.lanes)
        first = top + (17 + PORT_STEP * (ports - 1) if ports else 5)
        height = max(PAD + text_height, first - top + STUB * calls) + PAD
        placed = Placed(bar, top, height, [first + STUB * (number + 1) for number in range(calls)])
        self.placed.append(placed)
        return placed

    def _bar_boxes(self, placed: Placed, stretches: Sequence[Sequence[int]]) -> None:
        """A box for each stretch of neighbouring zones, and what joins them."""
        kind, top, height = f"bar {placed.bar.kind}", placed.top, placed.height
        for zones in stretches:
            x, width = self._x(zones[0]) + PAD, self.column * len(zones) - 2 * PAD
            self.drawing.boxes.append(Box(x, top, width, height, kind, placed.bar.title))
            for seam in (self._x(zone) for zone in zones[1:]):
                self.drawing.lines += [Line(((seam, y), (seam, y + SEAM)), "seam") for y in (top, top + height - SEAM)]
        for before, after in pairwise(stretches):
            ends = (self._x(before[-1] + 1) - PAD, placed.middle), (self._x(after[0]) + PAD, placed.middle)
            self.drawing.lines.append(Line(ends, "joint"))

    def _services(self, bottom: float) -> float:
        """Services beside the network; the lower edge of all."""
        y = float(VPC_TOP)
        for service in self.plan.services:
            if not service.endpoint:
                y = self._service(service, y, 0) + GAP
        endpoints = [service for service in self.plan.services if service.endpoint]
        if not endpoints:
            return max(bottom, y)
        gateway, models = self._where("gateway"), self._where("models")
        top = max(y, gateway.top - PAD) if gateway else y
        end = self._service(together(endpoints), top, models.bottom - top if models else 0)
        for placed, inward in ((gateway, False), (models, True)):
            if placed:
                self._invocation(placed, min(max(placed.middle, top + PAD), end - PAD), inward)
        return max(bottom, end)

    def _invocation(self, placed: Placed, level: float, inward: bool) -> None:
        """A dashed line between a bar and, at this level, the SageMaker endpoints."""
        bar, box = self._edges(placed)[1], WIDTH - EDGE * 2 - SERVICES
        bend = self.right + OUT + (2 if inward else 8)
        points = ((bar, placed.middle), (bend, placed.middle), (bend, level), (box, level))
        self.drawing.lines.append(Line(points[::-1] if inward else points, "invoke", arrow=True))

    def _service(self, service: Service, top: float, least: float) -> float:
        x = WIDTH - EDGE * 2 - SERVICES
        titles = wrapped(service.title, SERVICES - 2 * PAD, TITLE, bold=True)
        details = [line for detail in service.details for line in wrapped(detail, SERVICES - 2 * PAD, SMALL)]
        height = max(least, 2 * PAD + (len(titles) * TITLE + len(details) * SMALL) * LINE)
        self.drawing.boxes.append(
            Box(x, top, SERVICES, height, "endpoint" if service.endpoint else "service", service.title)
        )
        y = self.drawing.write(x + PAD, top + 6, titles, TITLE, "title")
        self.drawing.write(x + PAD, y, details, SMALL, "small")
        return top + height

    def _frames(self, public_bottom: float, bottom: float, lowest: float) -> None:
        """Region, network, zones and subnets, below everything else."""
        description, drawing = self.description, self.drawing
        vpc_right = self.right + OUT
        frames = [
            Box(EDGE, 8, WIDTH - 2 * EDGE, OUTSIDE_HEIGHT, "outside"),
            Box(EDGE, REGION_TOP, WIDTH - 2 * EDGE, lowest - REGION_TOP, "region"),
            Box(EDGE * 2, VPC_TOP, vpc_right - EDGE * 2, bottom + PAD - VPC_TOP, "vpc"),
        ]
        drawing.write(EDGE + PAD, 16, [f"{self._outside()}{self._callers()}"], TITLE, "title")
        from_above = sum(not lane.sources for lane in self.lanes)
        text = EDGE * 3 + LANE * max(1, from_above) + 2
        drawing.write(text, REGION_TOP + 6, [f"Region {description.region}"], TITLE, "title")
        drawing.write(text, VPC_TOP + 6, [f"VPC {', '.join(self.plan.networks)}"], TITLE, "title")
        for index, zone in enumerate(self.plan.zones):
            x = self._x(index)
            drawing.write(x + PAD, ZONE_TOP, [zone], TITLE, "title")
            for public, y, end in ((True, ZONE_TOP + 22, public_bottom), (False, public_bottom + GAP, bottom)):
                subnets = [subnet for subnet in description.subnets if (subnet.zone, subnet.public) == (zone, public)]
                if subnets:
                    kind = "public" if public else "private"
                    frames.append(Box(x + 3, y, self.column - 6, end - y, kind, subnets[0].id))
                    ranges = ", ".join(subnet.cidr for subnet in subnets)
                    drawing.write(x + PAD, y + 4, [f"{kind} {ranges}"], SMALL, "subnet")
        drawing.boxes[:0] = frames

    def _outside(self) -> str:
        """What is outside of the region and has to do with the network."""
        balancers = self.description.of_type("aws:lb/loadBalancer:LoadBalancer")
        outward = any(target == INTERNET for _, target, _ in connections(self.description.matrix))
        return outside(internal=any(record.inputs.get("internal") for record in balancers), outward=outward)

    def _callers(self) -> str:
        """Address ranges that may call the load balancer."""
        pairs = connections(self.description.matrix)
        callers = sorted({source for source, target, _ in pairs if target == "alb"})
        if not callers:
            return ""
        rest = len(callers) - CALLERS_SHOWN
        return f" · may call: {', '.join(callers[:CALLERS_SHOWN])}" + (f" and {rest} more" if rest > 0 else "")

    def _where(self, role: str) -> Placed | None:
        return next((placed for placed in self.placed if placed.bar.role == role), None)

    def _edges(self, placed: Placed) -> tuple[float, float]:
        """The left and the right edge of a bar."""
        zones = [self.plan.zones.index(zone) for zone in placed.bar.zones]
        return self._x(min(zones)) + PAD, self._x(max(zones) + 1) - PAD

    def _draw_lanes(self) -> None:
        """One vertical line a target, joined by its callers; the arrow ends at the target, with the port on it."""
        for index, lane in enumerate(self.lanes):
            x = EDGE * 3 + LANE * index + LANE / 2
            kind = f"lane {lane.colour}"
            levels: list[float] = [] if lane.sources else [8.0 + OUTSIDE_HEIGHT]
            for placed in self.placed:
                if placed.bar.label in lane.sources:
                    level = placed.stubs.pop(0)
                    levels.append(level)
                    self.drawing.lines.append(Line(((self._edges(placed)[0], level), (x, level)), kind))
                    self.drawing.dots.append(Dot(x, level, kind))
            for placed in self.placed:
                if placed.bar.role == lane.target:
                    earlier = sum(other.target == lane.target for other in self.lanes[:index])
                    level = placed.top + 14 + PORT_STEP * earlier
                    levels.append(level)
                    self.drawing.lines.append(Line(((x, level), (self._edges(placed)[0] - 2, level)), kind, arrow=True))
                    self.drawing.label(self.left - PORTS / 2 - 2, level, lane.port, lane.colour)
            self.drawing.lines.append(Line(((x, min(levels)), (x, max(levels))), kind))

    def _to_internet(self) -> None:
        """From the tasks to each zone's NAT gateway, and from there to the Internet."""
        outward = [pair for pair in connections(self.description.matrix) if pair[1] == INTERNET]
        labels = {label for label, _, _ in outward}
        sources = [placed for placed in self.placed if placed.bar.label in labels]
        if not sources:
            return
        x, kind = self.right + OUT / 2 - 6, "lane out"
        for placed in sources:
            level = placed.top + 10
            self.drawing.lines.append(Line(((self._edges(placed)[1], level), (x, level)), kind))
            self.drawing.dots.append(Dot(x, level, kind))
        gate = self._internet_gateway()
        lowest = max(placed.top + 10 for placed in sources)
        if self.nats:
            bus = self._by_nat(x, lowest, gate)
        else:
            bus = VPC_TOP
            self.drawing.lines.append(Line(((x, lowest), (x, bus), (gate.x + gate.width + 2, bus)), kind, arrow=True))
        up = gate.x + gate.width - 74
        self.drawing.lines.append(Line(((up, gate.y), (up, 10.0 + OUTSIDE_HEIGHT)), kind, arrow=True))
        self.drawing.label(x, bus + 40, ", ".join(sorted({port for _, _, port in outward})), "out")

    def _internet_gateway(self) -> Box:
        """Its box, on the upper edge of the network."""
        gate = Box(self.right - PAD - 152, VPC_TOP - 14, 152, 28, "gate")
        self.drawing.boxes.append(gate)
        self.drawing.write(gate.x + PAD, gate.y + 5, ["Internet gateway"], TITLE, "title")
        return gate

    def _by_nat(self, x: float, lowest: float, gate: Box) -> float:
        """Lines from the tasks to each NAT gateway, and on to the Internet gateway; the level of the lower ones."""
        kind, bus, above = "lane out", self.nats[0].y + NAT_HEIGHT + NAT_GAP - 8, VPC_TOP + 26.0
        ends = [nat.x + nat.width - 24 for nat in self.nats]
        for nat, end in zip(self.nats, ends, strict=True):
            self.drawing.lines.append(
                Line(((x, lowest), (x, bus), (end, bus), (end, nat.y + NAT_HEIGHT + 2)), kind, arrow=True)
            )
            up = gate.x + gate.width - 24
            self.drawing.lines.append(
                Line(((end, nat.y), (end, above), (up, above), (up, gate.y + gate.height + 2)), kind, arrow=True)
            )
        self.drawing.dots += [Dot(end, level, kind) for end in ends[1:] for level in (bus, above)]
        return bus


def diagram(description: Description) -> tuple[Drawing, tuple[Lane, ...]] | None:
    """The drawing and its lanes; None where there is no network to draw."""
    if not description.subnets:
        return None
    plan = Reader(description).plan()
    if not plan.zones or not plan.bars:
        return None
    whole = Diagram(description, plan)
    return whole.draw(), tuple(whole.lanes)


def outside(*, internal: bool, outward: bool) -> str:
    """Who calls an internal load balancer comes from networks that are connected to the VPC."""
    if not internal:
        return "Internet"
    return "Internet, and networks connected to the VPC" if outward else "Networks connected to the VPC"


def _stretches(zones: Sequence[int]) -> list[list[int]]:
    """Neighbouring zones together."""
    stretches: list[list[int]] = []
    for zone in zones:
        if stretches and stretches[-1][-1] == zone - 1:
            stretches[-1].append(zone)
        else:
            stretches.append([zone])
    return stretches

"""The architecture diagram: zones as columns, subnets as rows, and every open edge as a line with its port.

Edges run like conductors on a circuit board: each target has one of its own in the gutter left of the zones; who may
call it joins there with a dot. So no line ever crosses a box, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rehearsal.report.description import Description
from rehearsal.report.drawing import LINE, Box, Dot, Drawing, Line, wrapped
from rehearsal.report.edge_routing import Conductor, conductors
from rehearsal.report.plan import Bar, Plan, Reader, Service, together
from rehearsal.report.reach import INTERNET, lines

WIDTH = 1200
EDGE = 14
OUTSIDE_HEIGHT = 34
REGION_TOP = 66
VPC_TOP = 104
LANE = 20
FRAME_TEXT = EDGE * 3 + LANE + 2
"""The names of the frames begin right of the only conductor that comes from above."""
PORTS = 52
"""Room between the conductors and the boxes, for the ports."""
OUT = 52
"""Room right of the zones, for the way out."""
SERVICES = 236
GAP = 12
PAD = 10
TITLE, SMALL = 14, 12
STUB = 12
SEAM = 5
"""Marks on a bar where one zone ends and the next begins."""
"""Between two lines that leave a box."""
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

    def __init__(self, facts: Description, plan: Plan) -> None:
        self.facts, self.plan = facts, plan
        self.drawing = Drawing(WIDTH)
        self.conductors = conductors(facts, plan)
        self.left = EDGE * 3 + LANE * len(self.conductors) + PORTS
        self.right = WIDTH - EDGE * 2 - SERVICES - EDGE - OUT
        self.column = (self.right - self.left) / len(plan.zones)
        self.placed: list[Placed] = []

    def draw(self) -> Drawing:
        """The whole drawing."""
        top = self._public(VPC_TOP + 52)
        bottom = self._private(top + GAP)
        lowest = self._services(bottom)
        self._frames(top, bottom, lowest + EDGE)
        self._conductors()
        self._way_out()
        self.drawing.height = lowest + EDGE + 8
        return self.drawing

    def _x(self, zone: int) -> float:
        return self.left + zone * self.column

    def _public(self, top: float) -> float:
        """NAT gateways and the load balancer; the lower edge of the public subnets."""
        y = top + 26
        self.nat_middle, self.nat_zones = y + 20, []
        serves = {nat: [one.zone for one in self.facts.subnets if one.nat == nat] for nat in self.facts.nats}
        for subnet in self.facts.subnets:
            for nat in sorted(nat for nat, where in self.facts.nats.items() if where == subnet.id):
                zone = self.plan.zones.index(subnet.zone)
                self.nat_zones.append(zone)
                x = self._x(zone) + PAD
                self.drawing.boxes.append(Box(x, y, self.column - 2 * PAD, 40, "nat", nat))
                reach = "all zones" if set(serves[nat]) >= set(self.plan.zones) > {subnet.zone} else "this zone"
                self.drawing.write(x + PAD, y + 3, ["NAT gateway"], TITLE, "title")
                self.drawing.write(x + PAD, y + 20, [f"way out of {reach}"], SMALL, "small")
        y += 40 + GAP if self.nat_zones else 0
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
        details = [line for one in bar.details for line in wrapped(one, width, SMALL)]
        calls = sum(bar.label in one.sources for one in self.conductors)
        called = any(bar.role == one.target for one in self.conductors)
        text = PAD + (len(titles) * TITLE + (len(details) + bool(bar.note)) * SMALL) * LINE
        first = top + (17 if called else 5)
        height = max(text, first - top + STUB * calls) + PAD
        placed = Placed(bar, top, height, [first + STUB * (one + 1) for one in range(calls)])
        self.placed.append(placed)
        for zones in stretches:
            x = self._x(zones[0]) + PAD
            self.drawing.boxes.append(
                Box(x, top, self.column * len(zones) - 2 * PAD, height, f"bar {bar.kind}", bar.title)
            )
            for seam in (self._x(zone) for zone in zones[1:]):
                self.drawing.lines += [Line(((seam, y), (seam, y + SEAM)), "seam") for y in (top, top + height - SEAM)]
        for one, after in pairwise(stretches):
            ends = (self._x(one[-1] + 1) - PAD, placed.middle), (self._x(after[0]) + PAD, placed.middle)
            self.drawing.lines.append(Line(ends, "joint"))
        y = self.drawing.write(self._x(stretches[0][0]) + 2 * PAD, top + 6, titles, TITLE, "title")
        y = self.drawing.write(self._x(stretches[0][0]) + 2 * PAD, y, details, SMALL, "small")
        for zone in (zone for zones in stretches for zone in zones if bar.note):
            self.drawing.write(self._x(zone) + 2 * PAD, y, [bar.note], SMALL, "small")
        return top + height

    def _services(self, bottom: float) -> float:
        """What stands beside the network; the lower edge of all."""
        y = float(VPC_TOP)
        for service in self.plan.services:
            if not service.endpoint:
                y = self._service(service, y, 0) + GAP
        endpoints = [one for one in self.plan.services if one.endpoint]
        if not endpoints:
            return max(bottom, y)
        gateway, models = self._where("gateway"), self._where("models")
        top = max(y, gateway.top - PAD) if gateway else y
        end = self._service(together(endpoints), top, models.bottom - top if models else 0)
        for placed, inward in ((gateway, False), (models, True)):
            if placed:
                self._call(placed, min(max(placed.middle, top + PAD), end - PAD), inward)
        return max(bottom, end)

    def _call(self, placed: Placed, level: float, inward: bool) -> None:
        """A dashed line between a bar and, at this level, the SageMaker endpoints."""
        bar, box = self._edges(placed)[1], WIDTH - EDGE * 2 - SERVICES
        bend = self.right + OUT + (2 if inward else 8)
        points = ((bar, placed.middle), (bend, placed.middle), (bend, level), (box, level))
        self.drawing.lines.append(Line(points[::-1] if inward else points, "invoke", arrow=True))

    def _service(self, service: Service, top: float, least: float) -> float:
        x = WIDTH - EDGE * 2 - SERVICES
        titles = wrapped(service.title, SERVICES - 2 * PAD, TITLE, bold=True)
        details = [line for one in service.details for line in wrapped(one, SERVICES - 2 * PAD, SMALL)]
        height = max(least, 2 * PAD + (len(titles) * TITLE + len(details) * SMALL) * LINE)
        self.drawing.boxes.append(
            Box(x, top, SERVICES, height, "endpoint" if service.endpoint else "service", service.title)
        )
        y = self.drawing.write(x + PAD, top + 6, titles, TITLE, "title")
        self.drawing.write(x + PAD, y, details, SMALL, "small")
        return top + height

    def _frames(self, public_bottom: float, bottom: float, lowest: float) -> None:
        """Region, network, zones and subnets, below everything else."""
        facts, drawing = self.facts, self.drawing
        vpc_right = self.right + OUT
        frames = [
            Box(EDGE, 8, WIDTH - 2 * EDGE, OUTSIDE_HEIGHT, "outside"),
            Box(EDGE, REGION_TOP, WIDTH - 2 * EDGE, lowest - REGION_TOP, "region"),
            Box(EDGE * 2, VPC_TOP, vpc_right - EDGE * 2, bottom + PAD - VPC_TOP, "vpc"),
        ]
        callers = sorted({source for source, target, _ in lines(facts.matrix) if target == "alb"})
        named = ", ".join(callers[:CALLERS_SHOWN])
        named += f" and {len(callers) - CALLERS_SHOWN} more" if len(callers) > CALLERS_SHOWN else ""
        drawing.write(EDGE + PAD, 16, ["Internet" + (f" · may call: {named}" if named else "")], TITLE, "title")
        drawing.write(FRAME_TEXT, REGION_TOP + 6, [f"Region {facts.region}"], TITLE, "title")
        drawing.write(FRAME_TEXT, VPC_TOP + 6, [f"VPC {', '.join(self.plan.networks)}"], TITLE, "title")
        for index, zone in enumerate(self.plan.zones):
            x, top = self._x(index), VPC_TOP + 28
            drawing.write(x + PAD, top, [zone], TITLE, "title")
            for public, y, end in ((True, top + 22, public_bottom), (False, public_bottom + GAP, bottom)):
                own = [one for one in facts.subnets if one.zone == zone and one.public == public]
                if own:
                    frames.append(Box(x + 3, y, self.column - 6, end - y, "public" if public else "private", own[0].id))
                    ranges = ", ".join(one.cidr for one in own)
                    drawing.write(x + PAD, y + 4, [f"{'public' if public else 'private'} {ranges}"], SMALL, "subnet")
        drawing.boxes[:0] = frames

    def _where(self, role: str) -> Placed | None:
        return next((one for one in self.placed if one.bar.role == role), None)

    def _edges(self, placed: Placed) -> tuple[float, float]:
        """The left and the right edge of a bar."""
        zones = [self.plan.zones.index(zone) for zone in placed.bar.zones]
        return self._x(min(zones)) + PAD, self._x(max(zones) + 1) - PAD

    def _conductors(self) -> None:
        """One vertical line a target, joined by its callers; the arrow ends at the target, with the port on it."""
        for index, one in enumerate(self.conductors):
            x = EDGE * 3 + LANE * index + LANE / 2
            kind = f"lane {one.colour}"
            levels: list[float] = [] if one.sources else [8.0 + OUTSIDE_HEIGHT]
            for placed in self.placed:
                if placed.bar.label in one.sources:
                    level = placed.stubs.pop(0)
                    levels.append(level)
                    self.drawing.lines.append(Line(((self._edges(placed)[0], level), (x, level)), kind))
                    self.drawing.dots.append(Dot(x, level, kind))
            for placed in self.placed:
                if placed.bar.role == one.target:
                    level = placed.top + 14
                    levels.append(level)
                    self.drawing.lines.append(Line(((x, level), (self._edges(placed)[0] - 2, level)), kind, arrow=True))
                    self.drawing.label(self.left - PORTS / 2 - 2, level, one.port, one.colour)
            self.drawing.lines.append(Line(((x, min(levels)), (x, max(levels))), kind))

    def _way_out(self) -> None:
        """From the tasks to the NAT gateways, and from there to the Internet."""
        outward = {(source, port) for source, target, port in lines(self.facts.matrix) if target == INTERNET}
        ports = sorted({port for _, port in outward})
        sources = [one for one in self.placed if one.bar.label in {label for label, _ in outward}]
        if not sources:
            return
        x, kind = self.right + OUT / 2 - 6, "lane out"
        for placed in sources:
            level = placed.top + 10
            self.drawing.lines.append(Line(((self._edges(placed)[1], level), (x, level)), kind))
            self.drawing.dots.append(Dot(x, level, kind))
        lowest = max(one.top + 10 for one in sources)
        edge = self._x(max(self.nat_zones, default=len(self.plan.zones) - 1) + 1) - PAD
        gate = Box(edge - 152, VPC_TOP - 14, 152, 28, "gate")
        self.drawing.boxes.append(gate)
        self.drawing.write(gate.x + PAD, gate.y + 5, ["Internet gateway"], TITLE, "title")
        up, middle = gate.x + gate.width - 24, self.nat_middle if self.nat_zones else VPC_TOP
        out = [((x, lowest), (x, middle), (edge + 2, middle)), ((up - 50, gate.y), (up - 50, 10.0 + OUTSIDE_HEIGHT))]
        if self.nat_zones:
            out.append(((up, middle - 20), (up, gate.y + gate.height + 2)))
        self.drawing.lines += [Line(points, kind, arrow=True) for points in out]
        self.drawing.label(x, self.nat_middle + 34, ", ".join(ports), "out")


def diagram(facts: Description) -> tuple[Drawing, tuple[Conductor, ...]] | None:
    """The drawing and its legend; None where there is no network to draw."""
    if not facts.subnets:
        return None
    plan = Reader(facts).plan()
    if not plan.zones or not plan.bars:
        return None
    whole = Diagram(facts, plan)
    return whole.draw(), tuple(whole.conductors)


def _stretches(zones: Sequence[int]) -> list[list[int]]:
    """Neighbouring zones together."""
    found: list[list[int]] = []
    for zone in zones:
        if found and found[-1][-1] == zone - 1:
            found[-1].append(zone)
        else:
            found.append([zone])
    return found

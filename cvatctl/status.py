"""`status`: everything at a glance. Each part is asked alone, so that one refused call does not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl import inspect_services, inspect_stores
from cvatctl.clients import Clients, explain
from cvatctl.outputs import Outputs
from cvatctl.parts import Line, Part
from cvatctl.show import table


@dataclass
class Report:
    """What was found, part by part."""

    parts: list[Part] = field(default_factory=list)
    asleep: bool = False
    """Whether the stack sleeps."""

    @property
    def ok(self) -> bool:
        """Whether nothing needs attention."""
        return all(line.ok for part in self.parts for line in part.lines)


_PARTS: tuple[tuple[str, Callable[[Outputs, Clients], list[Line]]], ...] = (
    ("Services", inspect_services.services),
    ("Initialisation", inspect_services.initialisation),
    ("Load balancer", inspect_services.targets),
    ("Database", inspect_stores.database),
    ("Redis", inspect_stores.cache),
    ("File system", inspect_stores.files),
    ("Auto-annotation endpoints", inspect_stores.endpoints),
    ("Alarms", inspect_services.alarms),
)


def inspect(outputs: Outputs, clients: Clients) -> Report:
    """Ask for every part of the stack."""
    report = Report(asleep=_asleep(outputs, clients))
    for title, look in _PARTS:
        try:
            lines = look(outputs, clients)
        except (BotoCoreError, ClientError) as error:
            lines = [Line("?", explain(error), ok=False)]
        report.parts.append(Part(title, lines))
    return report


def _asleep(outputs: Outputs, clients: Clients) -> bool:
    try:
        return inspect_services.at_rest(outputs, clients)
    except (BotoCoreError, ClientError):
        return False  # the part on services says why nobody knows


def _how_it_wakes(outputs: Outputs) -> str:
    hours = outputs.sleep.get("office_hours")
    if hours:
        return f"asleep: outside its office hours, {hours}"
    if outputs.sleep.get("mode") == "asleep":
        return "asleep: `pulumi config set cvat:mode awake` and `pulumi up` wake it"
    return "asleep, though cvat:mode is awake: somebody has scaled every service to zero"


def text(outputs: Outputs, report: Report) -> Iterator[str]:
    """The report for people; a line that needs attention begins with '!'."""
    yield f"CVAT at {outputs.url} ({outputs.region})"
    if report.asleep:
        yield _how_it_wakes(outputs)
    for part in report.parts:
        yield ""
        yield part.title
        rows = [("!" if not line.ok else " ", line.name, line.state) for line in part.lines]
        for line, shown in zip(part.lines, table(rows, indent=""), strict=True):
            yield shown
            yield from (f"      {detail}" for detail in line.details)
    yield ""
    yield "All is well." if report.ok else "Lines with ! need attention; docs/cvatctl.md says where to look next."

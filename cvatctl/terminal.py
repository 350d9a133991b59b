"""Output for people: lines, sections, lengths of time."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from cvatctl.resource_state import Section

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_PIPE_WIDTH = 1000
"""Columns of a pipe or file: wide enough that no line is wrapped."""


def console() -> Console:
    """Standard output. In a terminal, tables fit its width; a pipe or file gets whole lines without colours."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)


def print_line(text: str = "") -> None:
    """One line, flushed."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_sections(sections: Iterable[Section]) -> None:
    """Each section's resources under its title. A resource that needs attention begins with `!`."""
    output = console()
    for section in sections:
        output.print()
        output.print(section.title, style="bold")
        if not section.resources:
            output.print("  none")
        name_width = max((len(resource.name) for resource in section.resources), default=0)
        for resource in section.resources:
            style = "" if resource.ok else "bold red"
            row = Table.grid(Column(width=1), Column(width=name_width), Column(), padding=(0, 2, 0, 0))
            row.add_row(Text("" if resource.ok else "!", style), Text(resource.name, style), Text(resource.state))
            output.print(row)
            for detail in resource.details:
                output.print(f"      {detail}", soft_wrap=True)  # whole lines, because some are commands to copy


def ago(moment: datetime) -> str:
    """Such as '5 min ago'."""
    seconds = max(0, int((datetime.now(UTC) - moment.astimezone(UTC)).total_seconds()))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def from_milliseconds(value: int) -> datetime:
    """CloudWatch Logs' times: milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)

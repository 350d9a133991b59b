"""Plain text for people: tables, times, one line a finding."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def say(text: str = "") -> None:
    """A line on standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def table(rows: Iterable[Sequence[object]], indent: str = "  ") -> list[str]:
    """Lines with columns under each other."""
    texts = [[str(cell) for cell in row] for row in rows]
    columns = max(map(len, texts), default=0)
    widths = [max((len(row[index]) for row in texts if index < len(row)), default=0) for index in range(columns)]
    return [
        indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in texts
    ]


def ago(moment: datetime) -> str:
    """Such as '5 min ago'."""
    seconds = max(0, int((datetime.now(UTC) - moment.astimezone(UTC)).total_seconds()))
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def from_millis(value: int) -> datetime:
    """CloudWatch Logs' times: milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)

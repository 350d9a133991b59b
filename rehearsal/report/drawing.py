"""Shapes of a drawing, and how wide text is where no browser says it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

NARROW = frozenset("iIjlftr.,:;'|!()[]/ ·-")
WIDE = frozenset("mMwWABCDEGHKNOPQRSUVXYZ@%&—→")
FULL_WIDTH = "\u2e80"
"""From here on, characters are as wide as high (Chinese, Japanese)."""
LINE = 1.35
"""Height of a line of text, in sizes."""


@dataclass(frozen=True)
class Text:
    """A line of text; x is its start, middle or end as `anchor` says, y its baseline."""

    x: float
    y: float
    text: str
    kind: str = "small"
    anchor: str = "start"


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str = ""
    """Shown by the browser on pointing at it."""


@dataclass(frozen=True)
class Line:
    """A line through points, with an arrowhead at its end if `arrow`."""

    points: tuple[tuple[float, float], ...]
    kind: str
    arrow: bool = False

    @property
    def path(self) -> str:
        """As SVG wants it."""
        return "M" + " L".join(f"{x:g} {y:g}" for x, y in self.points)


@dataclass(frozen=True)
class Dot:
    """Where a line joins another."""

    x: float
    y: float
    kind: str


@dataclass
class Drawing:
    """Shapes in the order of painting: boxes, lines, dots, labels with a ground of their own, text."""

    width: float
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    labels: list[tuple[Box, Text]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def write(self, x: float, y: float, lines: Iterable[str], size: float, kind: str) -> float:
        """Lines of text below each other from a top edge; the bottom edge."""
        for line in lines:
            self.texts.append(Text(x, y + size, line, kind))
            y += size * LINE
        return y

    def label(self, x: float, y: float, text: str, kind: str, size: float = 12) -> None:
        """A short text centred on a point, on a ground that hides the lines below it."""
        width = wide(text, size, bold=True) + 8
        box = Box(x - width / 2, y - size * 0.75, width, size * 1.5, f"label {kind}")
        self.labels.append((box, Text(x, y + size * 0.35, text, f"label {kind}", "middle")))


def wide(text: str, size: float, bold: bool = False) -> float:
    """Pixels that a text takes at most in the system's sans-serif font; rather too many than too few."""
    ems = sum(0.36 if char in NARROW else 0.82 if char in WIDE else 1.0 if char >= FULL_WIDTH else 0.6 for char in text)
    return ems * size * (1.07 if bold else 1.0)


def wrapped(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """A text broken after spaces, dashes, dots and slashes into lines that fit a width; longer words are cut."""
    lines, line = [], ""
    for piece in re.findall(r"[^\s\-./:,]*[\s\-./:,]?", text):
        if line and wide((line + piece).rstrip(), size, bold) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while wide(line.rstrip(), size, bold) > width and len(line) > 1:
            fits = next(n for n in range(len(line) - 1, 0, -1) if n == 1 or wide(line[:n], size, bold) <= width)
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line.rstrip()] if line.strip() else lines

"""What a look at one part of the stack gives."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Line:
    """One thing and how it is."""

    name: str
    state: str
    ok: bool = True
    """Whether nobody needs to do anything about it."""
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """Things of one kind."""

    title: str
    lines: list[Line]

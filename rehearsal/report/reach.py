"""Who reaches whom: the open edges as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rehearsal.checks.edges import Edge

ORDER = "alb ui server worker init gateway models endpoints postgresql redis efs".split()
"""Roles from the outside in; others follow by name."""

WORDS = {
    "alb": "load balancer",
    "ui": "UI",
    "server": "server",
    "worker": "workers",
    "init": "init task",
    "gateway": "gateway",
    "models": "models",
    "endpoints": "VPC endpoints",
    "postgresql": "PostgreSQL",
    "redis": "Redis",
    "efs": "EFS",
    "0.0.0.0/0": "Internet",
    "::/0": "Internet (IPv6)",
}


def place(role: str) -> tuple[int, str]:
    """Sorts roles from the outside in."""
    return (ORDER.index(role) if role in ORDER else -1 if "/" in role else len(ORDER)), role


def words(role: str) -> str:
    """A role or address range as people call it."""
    return WORDS.get(role, role)


@dataclass(frozen=True)
class Matrix:
    """Sources by rows, targets with one port each by columns."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[bool, ...]], ...]


def matrix(edges: Iterable[Edge]) -> Matrix:
    """The table of all edges."""
    listed = set(edges)
    columns = sorted({(target, port) for _, target, port in listed}, key=lambda one: (place(one[0]), one[1]))
    sources = sorted({source for source, _, _ in listed}, key=place)
    return Matrix(
        tuple(columns),
        tuple((source, tuple((source, *column) in listed for column in columns)) for source in sources),
    )

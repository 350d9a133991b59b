"""What RDS's instance classes take: memory and connections. Pure."""

from __future__ import annotations

import re

_GB = 1024.0**3
_SMALL = {"micro": 1, "small": 2, "medium": 4, "large": 8, "xlarge": 16}
_MEMORY_OF_LARGE_GB = {"t": 8, "m": 8, "r": 16}
_BYTES_PER_CONNECTION = 9531392
_MOST_CONNECTIONS = 5000
"""RDS for PostgreSQL: max_connections = LEAST(memory / 9531392, 5000) (RDS user guide, "Quotas", read 2026-11)."""


def memory_gb(instance_class: str) -> int | None:
    """Memory of an RDS instance class (`db.m6g.xlarge`: 16), or None where its name does not tell."""
    parts = re.fullmatch(r"db\.([tmr])\w+\.(?:(\d+)xlarge|(\w+))", instance_class)
    if not parts:
        return None
    family, multiple, size = parts.groups()
    large = _MEMORY_OF_LARGE_GB[family]
    if multiple:
        return 2 * large * int(multiple)
    return _SMALL[size] * large // _SMALL["large"] if size in _SMALL else None


def most_connections(instance_class: str) -> int:
    """Connections that PostgreSQL takes on this class by default; RDS's least where its memory is unknown."""
    memory = memory_gb(instance_class) or 1
    return min(int(memory * _GB / _BYTES_PER_CONNECTION), _MOST_CONNECTIONS)

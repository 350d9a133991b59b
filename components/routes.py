"""Which paths the load balancer sends to CVAT's server, and from where. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.cvat_release import ADMIN_PATHS, SERVER_PATHS

VALUES_PER_RULE = 5
"""An ALB rule takes no more, over all its conditions (ELB quotas, "condition values per rule", read 2026-11)."""
_PRIORITY_STEP = 10


@dataclass(frozen=True, kw_only=True)
class Route:
    """One rule of the listener; the UI answers whatever no rule names."""

    name: str
    priority: int
    paths: tuple[str, ...]
    sources: tuple[str, ...] = ()
    """Address ranges that it is for. Empty: everyone who reaches the load balancer."""
    allowed: bool = True
    """Whether it leads to the server; if not, it answers 403."""


def routes(admin_cidrs: Sequence[str] = ()) -> list[Route]:
    """The listener's rules. With `admin_cidrs`, only these open the administrators' pages."""
    admin: list[tuple[str, tuple[str, ...], tuple[str, ...], bool]] = []
    if admin_cidrs:
        room = VALUES_PER_RULE - len(ADMIN_PATHS)
        admin = [(f"admin-{n}", ADMIN_PATHS, cidrs, True) for n, cidrs in enumerate(_chunks(admin_cidrs, room), 1)]
        admin.append(("admin-closed", ADMIN_PATHS, (), False))
    open_paths = [path for path in SERVER_PATHS if not (admin_cidrs and path in ADMIN_PATHS)]
    server = [(f"server-{n}", paths, (), True) for n, paths in enumerate(_chunks(open_paths, VALUES_PER_RULE), 1)]
    return [
        Route(name=name, priority=index * _PRIORITY_STEP, paths=paths, sources=sources, allowed=allowed)
        for index, (name, paths, sources, allowed) in enumerate([*admin, *server], start=1)
    ]


def _chunks(values: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(values[start : start + size]) for start in range(0, len(values), size)]

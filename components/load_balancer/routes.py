"""Which paths the load balancer sends to CVAT's server, and from where. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from components.processes import ADMIN_PATHS, API_PATHS, SERVER_PATHS

VALUES_PER_RULE = 5
"""An ALB rule takes no more, over all its conditions (ELB quotas, "condition values per rule", read 2026-11)."""
_PLACES = {"api-token": 50, "admin": 100, "admin-closed": 900, "api": 950, "server": 1000}
"""Priorities of the rules by kind; 1 is the page of a stack asleep. No kind ever moves another: ELB refuses a rule in
the place of one that is still to be moved (PriorityInUse), and the update of a stack would end half-way."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One rule of the listener; the UI answers whatever no rule names."""

    name: str
    priority: int = 0
    paths: tuple[str, ...]
    sources: tuple[str, ...] = ()
    """Address ranges that it is for. Empty: everyone who reaches the load balancer."""
    with_token: bool = False
    """Whether it is only for requests that carry a token of CVAT."""
    allowed: bool = True
    """Whether it leads to the server; if not, it answers 403."""
    login: str = ""
    """What the identity provider's absence does: `authenticate` (go and log in), `deny` (401), or empty: not asked."""


def routes(admin_cidrs: Sequence[str] = (), *, login: bool = False, token_bypass: bool = False) -> list[Route]:
    """The listener's rules. With `admin_cidrs`, only these open the administrators' pages.

    With `login`, an identity provider is asked first; with `token_bypass`, not for calls that carry a token of CVAT.
    """
    page = "authenticate" if login else ""
    named = [
        *(_with_token() if login and token_bypass else ()),
        *(_admin(admin_cidrs, page) if admin_cidrs else ()),
        *(_api() if login else ()),
        *_server([*(ADMIN_PATHS if admin_cidrs else ()), *(API_PATHS if login else ())], page),
    ]
    return [replace(route, priority=_place(route.name)) for route in named]


def _place(name: str) -> int:
    kind, _, number = name.rpartition("-")
    return _PLACES[kind] + int(number) if number.isdigit() else _PLACES[name]


def _with_token() -> list[Route]:
    return [Route(name="api-token", paths=API_PATHS, with_token=True)]


def _admin(cidrs: Sequence[str], login: str) -> list[Route]:
    room = VALUES_PER_RULE - len(ADMIN_PATHS)
    opened = [
        Route(name=f"admin-{n}", paths=ADMIN_PATHS, sources=some, login=login)
        for n, some in enumerate(_chunks(cidrs, room), 1)
    ]
    return [*opened, Route(name="admin-closed", paths=ADMIN_PATHS, allowed=False)]


def _api() -> list[Route]:
    """A program that is sent to a login page takes it for an answer; it understands 401."""
    return [Route(name="api", paths=API_PATHS, login="deny")]


def _server(named_already: Sequence[str], login: str) -> list[Route]:
    paths = [path for path in SERVER_PATHS if path not in named_already]
    return [
        Route(name=f"server-{n}", paths=some, login=login) for n, some in enumerate(_chunks(paths, VALUES_PER_RULE), 1)
    ]


def _chunks(values: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(values[start : start + size]) for start in range(0, len(values), size)]

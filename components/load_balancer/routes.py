"""The rules by which the load balancer sends paths to CVAT's server. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from settings.releases.release import Routes

VALUES_PER_RULE = 5
"""An ALB rule takes no more, over all its conditions ("Condition values per rule",
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html, read 2026-11)."""
_PRIORITIES = {"api-token": 50, "admin": 100, "admin-closed": 900, "api": 950, "server": 1000}
"""Priorities of the rules by kind; 1 is the maintenance page. Each kind has a range of its own, because ELB refuses a
priority that another rule still has (PriorityInUse) when an update moves both."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """One rule of the listener; the UI answers whatever no rule names."""

    name: str
    priority: int = 0
    paths: tuple[str, ...]
    sources: tuple[str, ...] = ()
    """Address ranges that it applies to. Empty: all."""
    tokens: tuple[str, ...] = ()
    """Kinds of CVAT's tokens; it applies only to requests that carry one. Empty: to all."""
    allowed: bool = True
    """Whether it forwards to the server; if not, it answers 403."""
    login: str = ""
    """What a request without a login gets: `authenticate` (redirect to the identity provider), `deny` (401); empty: no
    login is needed."""


def routes(
    paths: Routes, admin_cidrs: Sequence[str] = (), *, login: bool = False, token_bypass: bool = False
) -> list[Route]:
    """The listener's rules for a release's paths. With `admin_cidrs`, only these open the administrators' pages.

    With `login`, an identity provider is asked first; with `token_bypass`, not for calls that carry a token of CVAT.
    """
    on_pages = "authenticate" if login else ""
    rules = [
        *(_with_token(paths) if login and token_bypass else ()),
        *(_admin(paths, admin_cidrs, on_pages) if admin_cidrs else ()),
        *(_api(paths) if login else ()),
        *_server(paths, [*(paths.admin if admin_cidrs else ()), *(paths.api if login else ())], on_pages),
    ]
    return [replace(route, priority=_priority(route.name)) for route in rules]


def _priority(name: str) -> int:
    kind, _, number = name.rpartition("-")
    return _PRIORITIES[kind] + int(number) if number.isdigit() else _PRIORITIES[name]


def _with_token(paths: Routes) -> list[Route]:
    return [Route(name="api-token", paths=paths.api, tokens=paths.tokens)]


def _admin(paths: Routes, cidrs: Sequence[str], login: str) -> list[Route]:
    sources_per_rule = VALUES_PER_RULE - len(paths.admin)
    allowed = [
        Route(name=f"admin-{n}", paths=paths.admin, sources=sources, login=login)
        for n, sources in enumerate(_chunks(cidrs, sources_per_rule), 1)
    ]
    return [*allowed, Route(name="admin-closed", paths=paths.admin, allowed=False)]


def _api(paths: Routes) -> list[Route]:
    """401 instead of a redirect: a program would take the login page for the answer."""
    return [Route(name="api", paths=paths.api, login="deny")]


def _server(paths: Routes, other_rules: Sequence[str], login: str) -> list[Route]:
    remaining = [path for path in paths.server if path not in other_rules]
    return [
        Route(name=f"server-{n}", paths=values, login=login)
        for n, values in enumerate(_chunks(remaining, VALUES_PER_RULE), 1)
    ]


def _chunks(values: Sequence[str], size: int) -> list[tuple[str, ...]]:
    return [tuple(values[start : start + size]) for start in range(0, len(values), size)]

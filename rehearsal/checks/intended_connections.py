"""Who may call whom: the architecture's list, which the open security groups and the reachability matrix must equal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rehearsal.checks.stack_queries import has_batch_functions, release
from rehearsal.result import Rehearsal

Connection = tuple[str, str, int]
"""Role, role and port."""

_GATEWAY_PORT, _BATCH_PORT = 8070, 8071


@dataclass(frozen=True, kw_only=True)
class Intended:
    """What is meant to be open in a stack with one release of CVAT."""

    stores: dict[str, int]
    """Port by role of a store."""
    ui_port: int
    gateway_callers: tuple[tuple[str, ...], ...]
    """Commands of CVAT's image that call functions: the server, and the worker of automatic annotation."""
    batch: bool = False
    """Whether some function may be asleep: the worker of automatic annotation has a port of its own then."""

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Where a role is absent, its connections are not expected."""
        return (
            ("alb", "server", 8080),
            ("alb", "ui", self.ui_port),
            *((role, store, port) for role in ("server", "worker", "init") for store, port in self.stores.items()),
            ("server", "gateway", _GATEWAY_PORT),
            ("worker", "gateway", _BATCH_PORT if self.batch else _GATEWAY_PORT),
        )

    def callers(self, port: str) -> tuple[tuple[str, ...], ...]:
        """Commands of the containers that call the gateway at a port."""
        server, worker = self.gateway_callers
        by_port = (
            {_GATEWAY_PORT: (server,), _BATCH_PORT: (worker,)} if self.batch else {_GATEWAY_PORT: (server, worker)}
        )
        return by_port.get(int(port) if port.isdecimal() else 0, ())

    @property
    def ports(self) -> dict[str, int]:
        """The port that each role listens on."""
        return {"server": 8080, "ui": self.ui_port, "gateway": _GATEWAY_PORT, **self.stores, "endpoints": 443}


OUTWARD = ("server", "worker", "init", "ui", "gateway", "models", "canary")
"""Roles that may call anywhere on 443: AWS's APIs, by NAT or endpoint."""

BY_PROXY = ("server", "worker", "init", "gateway", "canary")
"""Roles that may call an HTTP proxy, where there is one; it may be anywhere."""

_STORES = {"postgresql": 5432, "redis": 6379, "efs": 2049}
_BY_RELEASE = {
    "c48411ae": Intended(stores=_STORES, ui_port=80, gateway_callers=(("web",), ("worker", "low"))),
    "v2": Intended(
        stores={**_STORES, "media": 6379}, ui_port=8000, gateway_callers=(("web",), ("worker", "annotation"))
    ),
}


def intended(rehearsal: Rehearsal) -> Intended:
    """For the release that the stack runs."""
    return replace(_BY_RELEASE[release(rehearsal).name], batch=has_batch_functions(rehearsal))

"""Who may call whom: the architecture's list, which the open security groups and the reachability matrix must equal."""

from __future__ import annotations

STORES = {"postgresql": 5432, "redis": 6379, "efs": 2049}
"""Port by role of a store."""

CONNECTIONS = (
    ("alb", "server", 8080),
    ("alb", "ui", 80),
    *((role, store, port) for role in ("server", "worker", "init") for store, port in STORES.items()),
    ("server", "gateway", 8070),
    ("worker", "gateway", 8070),
)
"""Role, role and port. Where a role is absent, its connections are not expected."""

OUTWARD = ("server", "worker", "init", "ui", "gateway", "models", "canary")
"""Roles that may call anywhere on 443: AWS's APIs, by NAT or endpoint."""

GATEWAY_CALLERS = (("web",), ("worker", "low"))
"""Commands of CVAT's image that call functions: the server, and the worker of automatic annotation."""

PORTS = {"server": 8080, "ui": 80, "gateway": 8070, **STORES, "endpoints": 443}
"""The port that each role listens on."""

"""What the page at / shows: a file of HTML that needs no network and works without scripts but for its buttons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rehearsal.aws.account import Account
from rehearsal.server import inventory
from rehearsal.server.application import AccountApplication
from rehearsal.server.calls import KEPT
from rehearsal.server.faults import KINDS

TEMPLATES = Path(__file__).with_name("templates")
STYLE = Path(__file__).parent.parent / "report" / "templates" / "report.css"
CALLS = 60


@dataclass(frozen=True)
class Shown:
    """What the page is about."""

    account: Account
    region: str
    application: AccountApplication
    stand_ins: Sequence[str]
    """What the stack's configuration names as existing, as setting = value."""
    events: Sequence[str]
    """What happened by itself as time passed."""
    environment: Mapping[str, str]
    """Variables that lead AWS clients here."""


def status(server: Shown) -> dict[str, Any]:
    """What a program may want to know."""
    log = server.application.log
    return {
        "now": inventory.account_time(),
        "calls": dict(sorted(log.counts.items())),
        "not_implemented": dict(sorted(log.not_implemented.items())),
        "refused": dict(Counter(f"{call.operation} {call.code}" for call in log.refusals())),
        **faults(server),
        "events": list(server.events),
        "resources": {title: len(members) for title, members in _resources(server).items()},
        "tasks": [
            vars(task) | {"containers": [vars(c) for c in task.containers]} for task in inventory.tasks(server.account)
        ],
    }


def _resources(server: Shown) -> dict[str, list[inventory.Listed]]:
    return inventory.resources(server.account.in_region(server.region))


def faults(server: Shown) -> dict[str, Any]:
    """Those that are still to come."""
    endings = {name: ending.exit_code for name, ending in server.account.scenario.containers.items()}
    return {"faults": [vars(fault) for fault in server.application.faults.left], "containers": endings}


def render(server: Shown) -> str:
    """The page."""
    log, account = server.application.log, server.account
    refusals = log.refusals()
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            server=server,
            now=inventory.account_time(),
            resources=_resources(server),
            tasks=inventory.tasks(account),
            notifications=inventory.notifications(account, server.region),
            calls=log.newest(CALLS),
            total=sum(log.counts.values()),
            refusals=refusals[:CALLS],
            refused=len(refusals),
            kept=KEPT,
            not_implemented=log.not_implemented,
            kinds=KINDS,
            endings=account.scenario.containers,
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals["style"] = Markup(STYLE.read_text(encoding="utf-8"))  # noqa: S704  (our own file)
    return environment

"""What must hold in the emulated account; each check asks it by boto3, as an operator would.

A check is a function of the rehearsal (whose account is open) that gives a Verdict; add it to CHECKS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehearsal.checks import (
    addresses,
    ask,
    doors,
    edges,
    environment,
    flow,
    pack,
    permissions,
    purity,
    reachability,
    sleep,
    tags,
    tasks,
    ways_out,
)
from rehearsal.model import Verdict

if TYPE_CHECKING:
    from rehearsal.run import Rehearsal

Check = Callable[["Rehearsal"], Verdict]

CHECKS: tuple[Check, ...] = (
    edges.open_edges,
    reachability.reachable,
    ways_out.private_subnets,
    tasks.references,
    environment.variables,
    addresses.exist,
    doors.listener_rules,
    permissions.exercised,
    permissions.wide,
    permissions.trust,
    flow.answers,
    pack.rules,
    purity.own_partition,
    tags.stack_tags,
)
"""In the order in which they are shown."""


def judge(rehearsal: Rehearsal) -> tuple[Verdict, ...]:
    """The verdicts of all checks."""
    with sleep.woken(rehearsal), ask.remembering():
        return tuple(check(rehearsal) for check in CHECKS)

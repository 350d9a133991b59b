"""What must hold in the emulated account; each check asks it by boto3, as an operator would.

A check is a function of the rehearsal (whose account is open) that gives a Verdict; add it to CHECKS.
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.checks import (
    addresses,
    cached_query,
    edges,
    environment,
    flow,
    listeners,
    nat_egress,
    partition,
    permissions,
    policy_rules,
    reachability,
    sleep,
    tags,
    tasks,
)
from rehearsal.result import Rehearsal, Verdict

Check = Callable[["Rehearsal"], Verdict]

CHECKS: tuple[Check, ...] = (
    edges.open_edges,
    reachability.reachable,
    nat_egress.private_subnets,
    tasks.references,
    environment.variables,
    addresses.exist,
    listeners.listener_rules,
    permissions.exercised,
    permissions.wide,
    permissions.trust,
    flow.answers,
    policy_rules.rules,
    partition.own_partition,
    tags.stack_tags,
)
"""In the order in which they are shown."""


def judge(rehearsal: Rehearsal) -> tuple[Verdict, ...]:
    """The verdicts of all checks."""
    with sleep.woken(rehearsal), cached_query.remembering():
        return tuple(check(rehearsal) for check in CHECKS)

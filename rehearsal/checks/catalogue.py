"""All checks, in the order in which they are shown.

A check is a function of the rehearsal (whose account is open) that gives a Verdict; add it to CHECKS.
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.checks import (
    addresses,
    cached_query,
    environment,
    gateway_calls,
    listeners,
    nat_egress,
    partition,
    permissions,
    policy_rules,
    reachability,
    security_group_edges,
    sleeping_endpoints,
    stack_tags,
    task_references,
)
from rehearsal.result import Rehearsal, Verdict

Check = Callable[[Rehearsal], Verdict]

CHECKS: tuple[Check, ...] = (
    security_group_edges.open_edges,
    reachability.reachable,
    nat_egress.private_subnets,
    task_references.references,
    environment.variables,
    addresses.exist,
    listeners.listener_rules,
    listeners.keep_alive,
    permissions.exercised,
    permissions.wide,
    permissions.trust,
    gateway_calls.answered,
    policy_rules.rules,
    partition.own_partition,
    stack_tags.tags,
)


def judge(rehearsal: Rehearsal) -> tuple[Verdict, ...]:
    """The verdicts of all checks."""
    with sleeping_endpoints.created(rehearsal), cached_query.remembering():
        return tuple(check(rehearsal) for check in CHECKS)

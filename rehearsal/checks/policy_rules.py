"""The policy pack's rules, which guard real stacks in `pulumi preview`, over what the program asked for."""

from __future__ import annotations

from policy.rules import Context, Resource, violations
from region import Region
from rehearsal.checks.cached_query import verdict
from rehearsal.checks.stack_queries import setting
from rehearsal.result import Rehearsal, Verdict

NAME = "Every rule of the policy pack holds for every resource"


def rules(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    resources = [Resource(record.type, record.name, record.inputs, record.protect) for record in rehearsal.resources]
    findings = [f"{violation} ({violation.rule})" for violation in violations(resources, context(rehearsal))]
    return verdict(NAME, findings, len(resources))


def context(rehearsal: Rehearsal) -> Context:
    """What the rules must know beside the resources."""
    return Context(
        Region(rehearsal.region),
        rehearsal.project,
        rehearsal.stack,
        disposable=setting(rehearsal, "disposable") == "true",
        enable_exec=setting(rehearsal, "enableExec") == "true",
    )

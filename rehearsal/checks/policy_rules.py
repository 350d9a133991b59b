"""The policy pack's rules, which guard real stacks in `pulumi preview`, over what the program asked for."""

from __future__ import annotations

from policy.rules import Context, Thing, violations
from rehearsal.checks import cached_query
from rehearsal.result import Rehearsal, Verdict

NAME = "Every rule of the policy pack holds for every resource"


def rules(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    things = [Thing(one.type, one.name, one.inputs, one.protect) for one in rehearsal.resources]
    findings = [f"{one} ({one.rule})" for one in violations(things, context(rehearsal))]
    return cached_query.verdict(NAME, findings, len(things))


def context(rehearsal: Rehearsal) -> Context:
    """What the rules must know beside the resources."""
    disposable = rehearsal.config.values.get("cvat:disposable") == "true"
    return Context(rehearsal.region, rehearsal.project, rehearsal.stack, disposable)

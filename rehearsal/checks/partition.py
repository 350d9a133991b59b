"""Nothing that the account answers carries another partition's ARN or DNS suffix."""

from __future__ import annotations

from policy.rules import Resource
from policy.rules.partition import own_partition as rule
from rehearsal.checks import policy_rules
from rehearsal.checks.cached_query import verdict
from rehearsal.result import Rehearsal, Verdict

NAME = "Nothing that the account answers carries another partition's ARN or suffix"


def own_partition(rehearsal: Rehearsal) -> Verdict:
    """The check: the policy pack's rule over every output; all its rules look at what the program asks for."""
    context = policy_rules.context(rehearsal)
    findings, seen = [], 0
    for record in rehearsal.resources:
        outputs = {key: value for key, value in record.outputs.items() if key not in record.secrets}
        seen += len(outputs)
        problems = rule.check(Resource(record.type, record.name, outputs), context)
        findings += [f"{record.type} '{record.name}', output {problem}" for problem in problems]
    return verdict(NAME, findings, seen)

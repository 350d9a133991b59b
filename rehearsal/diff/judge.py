"""A comparison with its judgement: what a reviewer must see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from policy.rules import Context, Resource, Violation, violations
from region import Region
from rehearsal.diff import openings, permissions, stores
from rehearsal.diff.compare import compare
from rehearsal.diff.model import Cost, Danger, Diff, Document, Findings, resources

LABEL = re.compile(r"<(Image|Bucket|LogGroup) ([^<>]+)>")
"""Resources that rules know by the form of their names; documents name them by logical names."""

DATABASE = "aws:rds/instance:Instance"

Price = Callable[[Document, Document], Cost]
"""Estimates what both sides cost a month."""


@dataclass(frozen=True)
class Limits:
    """What is still no danger."""

    cost_share: float = 0.2
    """Growth of the monthly cost, as a share of what it was."""


def judged(base: Document, head: Document, limits: Limits, price: Price | None = None) -> Diff:
    """What differs between two states of one stack, and what of it is dangerous."""
    diff = compare(base, head)
    findings = Findings()
    findings.dangers += stores.dangers(diff, base, head)
    permissions.judge(base, head, findings)
    openings.judge(base, head, findings)
    findings.dangers += _invariants(base, head)
    cost = price(base, head) if price else None
    if cost and cost.share > limits.cost_share:
        findings.dangers.append(_dearer(cost, limits))
    unique = tuple(dict.fromkeys(findings.dangers))
    return replace(diff, dangers=unique, notices=tuple(findings.notices), cost=cost)


def _dearer(cost: Cost, limits: Limits) -> Danger:
    share = "from nothing" if cost.share == float("inf") else f"by {cost.share:.0%}"
    text = (
        f"The estimate rises {share}, from {cost.before:,.0f} to {cost.after:,.0f} {cost.currency} "
        f"a month; "
        f"{limits.cost_share:.0%} is the limit (--cost-share)."
    )
    return Danger("cost", "", text)


def _invariants(base: Document, head: Document) -> Iterator[Danger]:
    """Rules of the policy pack that the change breaks."""
    old = {str(violation) for violation in _violations(base)}
    for violation in _violations(head):
        if str(violation) not in old:
            yield Danger("invariant", violation.resource.name, f"{violation} ({violation.rule})")


def _violations(document: Document) -> Iterator[Violation]:
    known = resources(document).values()
    context = Context(region=Region(document["region"]), project=_project(document), stack=document["stack"])
    # Whether a stack is disposable is a setting, which documents lack; its database tells.
    disposable = any(resource.inputs.get("skipFinalSnapshot") for resource in known if resource.type == DATABASE)
    as_policy_sees = [
        Resource(resource.type, resource.name, _named(resource.inputs, _forms(context))) for resource in known
    ]
    yield from violations(as_policy_sees, replace(context, disposable=disposable))


def _forms(context: Context) -> Mapping[str, str]:
    """What a label stands for, by its kind: an image that the stack builds is one of ECR, by digest."""
    host = f"{'0' * 12}.dkr.ecr.{context.region.name}.{context.region.dns_suffix}"
    return {
        "Image": f"{host}/built@sha256:{'0' * 64}",
        "Bucket": f"arn:{context.region.partition}:s3:::{{0}}",
        "LogGroup": f"arn:{context.region.partition}:logs:{context.region.name}:{'0' * 12}:log-group:{{0}}",
    }


def _named(value: Any, forms: Mapping[str, str]) -> Any:
    """A value with its labels in the form of what they stand for."""
    if isinstance(value, Mapping):
        return {key: _named(item, forms) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item, forms) for item in value]
    return LABEL.sub(lambda label: forms[label[1]].format(label[2]), value) if isinstance(value, str) else value


def _project(document: Document) -> str:
    for resource in document["resources"]:
        return str(resource["urn"]).split("::")[1]
    return ""


def vanished(stack: str, base: Document) -> Diff:
    """A stack whose file is gone: nothing is deleted by that, but nobody looks after it any more."""
    count = len(resources(base))
    text = f"Pulumi.{stack}.yaml is gone. Its {count} resources stay and cost money until `pulumi destroy` is run."
    return Diff(stack, dangers=(Danger("stack", "", text),))


def appeared(head: Document, price: Price | None = None) -> Diff:
    """A stack that BASE does not have: everything is new, and only the invariants are judged."""
    empty: Document = {**head, "resources": [], "outputs": {}}
    diff = compare(empty, head)
    dangers = tuple(_invariants(empty, head))
    return replace(diff, dangers=dangers, cost=price(empty, head) if price else None)

"""Evaluates IAM policies: Deny before Allow, actions, resources, principals, their negations, iam_conditions.

moto has an evaluator of its own, but it asks of every service but S3 whether the call is allowed on the resource "*",
so that a policy that names ARNs denies what AWS allows; and a condition that does not hold makes a Deny of an Allow.
With it, a right policy fails and only a wide one passes, as a test shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from policy.rules.resource import listed
from rehearsal.aws import iam_conditions

Statement = Mapping[str, Any]


class Decision(Enum):
    """What a set of policies says of a request."""

    ALLOWED = "allowed"
    UNSAID = "not allowed by any statement"
    DENIED = "denied by a statement"


@dataclass(frozen=True)
class Request:
    """One call of an API."""

    action: str
    """Such as s3:GetObject."""
    resource: str
    """ARN, or "*" for actions that know no resources."""
    context: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Condition keys, such as s3:prefix; any case."""
    principal: tuple[str, str] | None = None
    """For policies that name principals: kind and value, such as ("Service", "ecs-tasks.amazonaws.com")."""

    def __str__(self) -> str:
        where = "" if self.resource == "*" else f" on {self.resource}"
        return f"{self.action}{where}"


def decide(policy: Iterable[Statement], request: Request) -> Decision:
    """One explicit Deny outweighs every Allow; without an Allow nothing is allowed."""
    effects = {str(one["Effect"]) for one in policy if concerns(one, request)}
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.UNSAID


def together(identity: Sequence[Statement], resource: Sequence[Statement], request: Request) -> Decision:
    """A role's policies and that of the resource, in one account: either may allow, and either may deny."""
    decisions = {decide(identity, request), decide(resource, request)}
    for strongest in (Decision.DENIED, Decision.ALLOWED):
        if strongest in decisions:
            return strongest
    return Decision.UNSAID


def concerns(statement: Statement, request: Request) -> bool:
    """Whether a statement speaks of this request."""
    context = {key.lower(): value for key, value in request.context.items()}
    return (
        _named(statement, "Action", request.action, ignore_case=True)
        and _named(statement, "Resource", request.resource)
        and _who(statement, request.principal)
        and iam_conditions.applies(statement.get("Condition"), context)
    )


def _named(statement: Statement, element: str, value: str, *, ignore_case: bool = False) -> bool:
    """By the element or its negation; trust policies have no Resource."""
    for key, negated in ((element, False), (f"Not{element}", True)):
        if key in statement:
            fits = any(iam_conditions.like(str(one), value, ignore_case=ignore_case) for one in listed(statement[key]))
            return fits is not negated
    return True


def _who(statement: Statement, principal: tuple[str, str] | None) -> bool:
    if "NotPrincipal" in statement:
        return not _is(statement["NotPrincipal"], principal)
    return _is(statement["Principal"], principal) if "Principal" in statement else True


def _is(wanted: Any, principal: tuple[str, str] | None) -> bool:
    if wanted == "*":
        return True
    return any(
        (kind == "AWS" and value == "*") or (kind, value) == principal
        for kind, values in wanted.items()
        for value in listed(values)
    )


def principals(statement: Statement) -> list[tuple[str, str]]:
    """Whom a statement names, each as kind and value."""
    wanted = statement.get("Principal", {})
    if isinstance(wanted, str):
        return [("AWS", wanted)]
    return [(str(kind), str(value)) for kind, values in wanted.items() for value in listed(values)]

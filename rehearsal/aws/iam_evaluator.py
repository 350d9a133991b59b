"""Evaluates IAM policies: Deny before Allow, actions, resources, principals, their negations, conditions.

moto has an evaluator of its own, but it asks of every service but S3 whether the call is allowed on the resource "*",
so that a policy that names ARNs denies what AWS allows; and a condition that does not hold makes a Deny of an Allow.
With it, a right policy fails and only a wide one passes, as a test shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

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


def as_list(value: Any) -> list[Any]:
    """IAM lets a list of one be written without brackets."""
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def statements(document: str | Mapping[str, Any]) -> list[Statement]:
    """The statements of a policy document, given as JSON text or as an object."""
    content = json.loads(document) if isinstance(document, str) else document
    return as_list(content.get("Statement"))


def decide(policy: Iterable[Statement], request: Request) -> Decision:
    """One explicit Deny outweighs every Allow; without an Allow nothing is allowed."""
    effects = {str(statement["Effect"]) for statement in policy if concerns(statement, request)}
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
    """Whether a statement applies to this request."""
    context = {key.lower(): value for key, value in request.context.items()}
    return (
        _names(statement, "Action", request.action, ignore_case=True)
        and _names(statement, "Resource", request.resource)
        and _concerns_principal(statement, request.principal)
        and iam_conditions.applies(statement.get("Condition"), context)
    )


def _names(statement: Statement, element: str, value: str, *, ignore_case: bool = False) -> bool:
    """By the element or its negation; trust policies have no Resource."""
    for key, negated in ((element, False), (f"Not{element}", True)):
        if key in statement:
            patterns = map(str, as_list(statement[key]))
            named = any(iam_conditions.like(pattern, value, ignore_case=ignore_case) for pattern in patterns)
            return named is not negated
    return True


def _concerns_principal(statement: Statement, principal: tuple[str, str] | None) -> bool:
    if "NotPrincipal" in statement:
        return not _includes(statement["NotPrincipal"], principal)
    return _includes(statement["Principal"], principal) if "Principal" in statement else True


def _includes(element: Any, principal: tuple[str, str] | None) -> bool:
    if element == "*":
        return True
    return any(
        (kind == "AWS" and value == "*") or (kind, value) == principal
        for kind, values in element.items()
        for value in as_list(values)
    )


def principals(statement: Statement) -> list[tuple[str, str]]:
    """The principals that a statement names, each as kind and value."""
    element = statement.get("Principal", {})
    if isinstance(element, str):
        return [("AWS", element)]
    return [(str(kind), str(value)) for kind, values in element.items() for value in as_list(values)]

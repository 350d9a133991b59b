"""Roles may do what they need on what they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policy.rules.model import Context, Thing, listed, rule, statements

UNSCOPED: Mapping[str, str] = {
    "ecr:GetAuthorizationToken": "ECR's login has no resource to name",
    "ssmmessages:*": "the channels of ECS Exec have no resources",
    "ec2:*NetworkInterface*": "the interface does not exist yet when SageMaker asks",
    "ec2:Describe*": "EC2 cannot limit descriptions by ARN",
    "cloudwatch:PutMetricData": "metrics have no ARN; limit it by cloudwatch:namespace",
    "application-autoscaling:Describe*": "descriptions cannot be limited by ARN",
}
"""Actions that IAM cannot limit to a resource, each with the reason (Service Authorization Reference, read 2026-11)."""

IDENTITY = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")


@rule("no-wildcard", "No permission covers every action, or every resource without a reason.")
def no_wildcard(thing: Thing, _: Context) -> Iterator[str]:
    """The rule."""
    if thing.type not in IDENTITY:
        return
    for statement in statements(thing.get("policy")):
        if statement.get("Effect") == "Allow":
            yield from wide(statement)


def wide(statement: Mapping[str, Any]) -> Iterator[str]:
    """What a statement allows too widely."""
    actions = [str(one) for one in listed(statement.get("Action"))]
    resources = listed(statement.get("Resource"))
    if "NotAction" in statement or "NotResource" in statement:
        yield "NotAction and NotResource allow what nobody listed: name the actions and the resources."
    for action in actions:
        if action == "*" or action.endswith(":*"):
            yield f"it allows {action}: name the calls that are made."
        elif "*" in resources and not any(fnmatchcase(action, known) for known in UNSCOPED):
            yield f"it allows {action} on every resource: name the ARNs, or add the reason to policy/rules/access.py."

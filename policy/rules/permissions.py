"""Identity policies name the actions and the resources that they allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policy.rules.resource import Context, Resource, listed, rule, statements

UNSCOPED: Mapping[str, str] = {
    "ecr:GetAuthorizationToken": "ECR's login has no resource to name",
    "cloudwatch:PutMetricData": "metrics are no resources; the condition cloudwatch:namespace limits it instead",
    "logs:DescribeLogGroups": "VPC flow logs look for their group by listing all",
    "ssmmessages:CreateControlChannel": "the channels of ECS Exec are no resources",
    "ssmmessages:CreateDataChannel": "the channels of ECS Exec are no resources",
    "ssmmessages:OpenControlChannel": "the channels of ECS Exec are no resources",
    "ssmmessages:OpenDataChannel": "the channels of ECS Exec are no resources",
    "ec2:CreateNetworkInterface": "SageMaker asks before the interface exists, and by tags that it does not document",
    "ec2:CreateNetworkInterfacePermission": "SageMaker creates the interface a moment before; its id is not known",
    "ec2:DeleteNetworkInterface": "the interface is SageMaker's own; its id is not known",
    "ec2:DeleteNetworkInterfacePermission": "the interface is SageMaker's own; its id is not known",
    "ec2:DescribeNetworkInterfaces": "EC2 limits no description by ARN",
    "ec2:DescribeVpcs": "EC2 limits no description by ARN",
    "ec2:DescribeDhcpOptions": "EC2 limits no description by ARN",
    "ec2:DescribeSubnets": "EC2 limits no description by ARN",
    "ec2:DescribeSecurityGroups": "EC2 limits no description by ARN",
    "ec2:DescribeVpcEndpoints": "EC2 limits no description by ARN",
}
"""Actions that may be allowed on every resource, and why (Service Authorization Reference, read 2026-11)."""

ROLE = "aws:iam/role:Role"
IDENTITY = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy")
_ARN_PARTS = 6


@rule("no-wildcard", "No permission covers every action, or every resource without a reason.")
def no_wildcard(resource: Resource, _: Context) -> Iterator[str]:
    """The rule."""
    if resource.type not in IDENTITY:
        return
    for statement in statements(resource.get("policy")):
        yield from wide(statement)


def wide(statement: Mapping[str, Any]) -> Iterator[str]:
    """What a statement allows too widely."""
    if statement.get("Effect") != "Allow":
        return
    if "NotAction" in statement or "NotResource" in statement:
        yield "NotAction and NotResource allow everything that is not listed: name the actions and the resources."
    actions = [str(action) for action in listed(statement.get("Action"))]
    wildcards = [action for action in actions if "*" in action or "?" in action]
    yield from (f"it allows {action}: name the calls that are made." for action in wildcards)
    unexplained = [action for action in actions if action not in UNSCOPED and action not in wildcards]
    for resource in listed(statement.get("Resource")) if unexplained else ():
        if _is_wide(str(resource)):
            where = "every resource" if resource == "*" else f"'{resource}'"
            calls = ", ".join(unexplained)
            yield f"it allows {calls} on {where}: name the ARNs, or add the reason to policy/rules/permissions.py."


@rule("own-account", "A service takes a role on behalf of this account only.")
def own_account(resource: Resource, _: Context) -> Iterator[str]:
    """The rule: the page "Cross-service confused deputy prevention" of each service's guide."""
    if resource.type != ROLE:
        return
    for statement in statements(resource.get("assumeRolePolicy")):
        principal, condition = statement.get("Principal"), str(statement.get("Condition")).lower()
        service = principal.get("Service") if isinstance(principal, Mapping) else None
        if service and statement.get("Effect") == "Allow" and "aws:source" not in condition:
            yield f"{service} may take it for another account: add the condition aws:SourceAccount."


def _is_wide(resource: str) -> bool:
    """Whether an ARN covers more than one log group's streams, one cluster's tasks or one prefix of a bucket."""
    parts = resource.split(":", _ARN_PARTS - 1)
    stem = resource
    if len(parts) == _ARN_PARTS and parts[2] == "logs":
        stem = resource.removesuffix(":*")
    elif len(parts) == _ARN_PARTS and parts[2] == "ecs" and parts[5].startswith("task/"):
        stem = resource.removesuffix("/*")
    elif len(parts) == _ARN_PARTS and parts[2] == "s3" and "/" in parts[5]:
        stem = resource.removesuffix("*")
    return "*" in stem or "?" in stem

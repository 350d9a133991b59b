"""Permissions, exercised: each role may make exactly the calls of its task, on its own resources and no neighbour's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from policy.rules import permissions as wide_permissions
from policy.rules import public_access
from region import Region
from rehearsal.aws.iam_conditions import like
from rehearsal.aws.iam_evaluator import Decision, Request, Statement, as_list, decide, principals, statements, together
from rehearsal.checks import managed_policies
from rehearsal.checks.cached_query import cached_query, verdict
from rehearsal.checks.iam_resources import ACCESS_POINT, OTHER_ACCOUNT, neighbours
from rehearsal.checks.role_calls import Use, uses
from rehearsal.result import Rehearsal, Verdict

EXERCISED = "Each role may make the calls of its task, no others, and none on a neighbour's things"
WIDE = "No permission covers every resource without a written reason"
TRUST = "Each role can be taken by its own service only, on behalf of this account"

ON_BEHALF = ("backup", "ecs-tasks", "sagemaker", "scheduler", "vpc-flow-logs")
"""Services that say for which account they act, so that a trust policy can ask (the page "Cross-service confused deputy
prevention" of each developer guide; for flow logs "IAM role for publishing flow logs"; read 2026-11)."""


def exercised(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings, seen = [], 0
    for use in uses(rehearsal):
        policy = identity(rehearsal, use.record.id)
        if not use.known and policy:
            findings.append(
                f"Role {use.record.name}: what is called with it is not known. "
                "Name the calls in rehearsal/checks/role_calls.py."
            )
            continue
        seen += len(use.calls)
        findings += [f"Role {use.record.name}: {problem}" for problem in _exercise(rehearsal, use, policy)]
    return verdict(EXERCISED, findings, seen)


def _exercise(rehearsal: Rehearsal, use: Use, policy: list[Statement]) -> Iterator[str]:
    for call in use.calls:
        decision = _decide(rehearsal, use, policy, call.request)
        if call.needed and decision is not Decision.ALLOWED:
            yield f"{call.request} is needed, but {decision.value}."
    for action in dict.fromkeys(call.request.action for call in use.calls):
        own = list(dict.fromkeys(call.subject for call in use.calls if call.request.action == action))
        for request in neighbours(rehearsal, action, own) if own != ["*"] else ():
            if _decide(rehearsal, use, policy, request) is Decision.ALLOWED:
                yield f"{_text(request)} is allowed, but it is a neighbour's: name the task's own things only."
    yield from _excess(use, policy)


def _text(request: Request) -> str:
    if request.action.startswith("cloudwatch:"):
        return f"{request} in the namespace {request.context.get('cloudwatch:namespace')}"
    if not request.action.startswith("elasticfilesystem:"):
        return str(request)
    point = request.context.get(ACCESS_POINT)
    return f"{request} {f'through {point}' if point else 'without an access point'}"


def _excess(use: Use, policy: list[Statement]) -> Iterator[str]:
    """What a policy allows although nothing calls it, or on what nothing uses."""
    requests = [call.request for call in use.calls]
    for statement in policy:
        if statement["Effect"] != "Allow":
            continue
        for action in as_list(statement.get("Action")):
            if not any(like(action, request.action, ignore_case=True) for request in requests):
                yield f"{action} is allowed, but nothing that runs with this role calls it: remove it."
        for resource in as_list(statement.get("Resource")):
            if not any(like(resource, request.resource) for request in requests):
                yield f"{resource} is named in a permission, but nothing that runs with this role uses it: remove it."


def _decide(rehearsal: Rehearsal, use: Use, policy: list[Statement], request: Request) -> Decision:
    """By the role's policies and, where the resource has one, its own."""
    context = {"aws:SecureTransport": "true", "aws:SourceAccount": rehearsal.account.id, **request.context}
    whole = Request(request.action, request.resource, context, ("AWS", use.arn))
    return together(policy, _resource_policy(rehearsal, request.resource), whole)


@cached_query
def identity(rehearsal: Rehearsal, role: str) -> list[Statement]:
    """All statements of a role's policies, its own and those attached to it, as the account shows them.

    Without AWS's own policies that have a reason in managed_policies.py.
    """
    client = rehearsal.client("iam")
    policy: list[Statement] = []
    for name in client.list_role_policies(RoleName=role)["PolicyNames"]:
        policy += statements(client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    for attached in client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        if arn in managed_policies.attached(rehearsal, role):
            continue
        version = client.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = client.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        policy += statements(document)
    return policy


def _resource_policy(rehearsal: Rehearsal, resource: str) -> list[Statement]:
    parts = resource.split(":")
    if resource == "*" or parts[2] not in ("s3", "elasticfilesystem"):
        return []
    return resource_policies(rehearsal).get(resource.partition("/")[0] if parts[2] == "s3" else resource, [])


@cached_query
def resource_policies(rehearsal: Rehearsal) -> dict[str, list[Statement]]:
    """Policies of the stack's buckets and file systems, by ARN."""
    policies: dict[str, list[Statement]] = {}
    for record in rehearsal.of_type("aws:s3/bucket:Bucket"):
        client = rehearsal.client("s3")
        try:
            policies[record.outputs["arn"]] = statements(client.get_bucket_policy(Bucket=record.id)["Policy"])
        except client.exceptions.ClientError:
            continue  # a bucket needs none
    for record in rehearsal.of_type("aws:efs/fileSystem:FileSystem"):
        client = rehearsal.client("efs")
        try:
            answer = client.describe_file_system_policy(FileSystemId=record.id)
        except client.exceptions.ClientError:
            continue
        policies[record.outputs["arn"]] = statements(answer["Policy"])
    return policies


def wide(rehearsal: Rehearsal) -> Verdict:
    """The check: identity policies without unexplained wildcards, resource policies without the public."""
    findings, seen = [], 0
    for use in uses(rehearsal):
        for statement in identity(rehearsal, use.record.id):
            seen += 1
            findings += [f"Role {use.record.name}: {problem}" for problem in wide_permissions.wide(statement)]
    for arn, policy in resource_policies(rehearsal).items():
        for statement in policy:
            seen += 1
            if public_access.allows_everyone(statement):
                findings.append(f"The policy of {arn} lets everybody in: name who may.")
    return verdict(WIDE, findings, seen)


def trust(rehearsal: Rehearsal) -> Verdict:
    """The check."""
    findings, seen = [], 0
    for use in uses(rehearsal):
        document = rehearsal.client("iam").get_role(RoleName=use.record.id)["Role"]["AssumeRolePolicyDocument"]
        seen += 1
        problems = _trust_problems(rehearsal, use, statements(document))
        findings += [f"Role {use.record.name}: {problem}" for problem in problems]
    return verdict(TRUST, findings, seen)


def _trust_problems(rehearsal: Rehearsal, use: Use, document: Sequence[Statement]) -> Iterator[str]:
    if not use.services:
        yield "nothing takes it: remove it, or say in rehearsal/checks/role_calls.py who does."
        return
    intended = {("Service", Region(rehearsal.region).principal(service)) for service in use.services}
    trusted = {
        principal for statement in document if statement["Effect"] == "Allow" for principal in principals(statement)
    }
    for principal in sorted(trusted - intended):
        yield f"{principal[1]} may take it, but only {_names(intended)} should."
    for principal in sorted(intended):
        own = Request("sts:AssumeRole", "*", {"aws:SourceAccount": rehearsal.account.id}, principal)
        other = Request("sts:AssumeRole", "*", {"aws:SourceAccount": OTHER_ACCOUNT}, principal)
        if decide(document, own) is not Decision.ALLOWED:
            yield f"{principal[1]} uses it, but may not take it: name it in the trust policy."
        elif principal[1].partition(".")[0] in ON_BEHALF and decide(document, other) is Decision.ALLOWED:
            yield f"{principal[1]} may take it for another account: add the condition aws:SourceAccount."


def _names(principals: set[tuple[str, str]]) -> str:
    return ", ".join(sorted(value for _, value in principals))

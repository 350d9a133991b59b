"""Policies that AWS itself keeps, and why a role may have one of them instead of a list of calls of its own."""

from __future__ import annotations

from region import Region
from rehearsal.checks.cached_query import cached_query
from rehearsal.result import Rehearsal

REASONS = {
    "AWSBackupServiceRolePolicyForBackup": "what AWS Backup calls differs between stores and changes with time",
    "AWSBackupServiceRolePolicyForRestores": "what AWS Backup calls differs between stores and changes with time",
}
"""By name. Each is for a service that only acts on what its own plan or an operator's job selects."""

TAKEN_BY = dict.fromkeys(REASONS, "backup")
"""The service that takes a role with this policy; restore jobs name theirs only when an operator starts one."""


@cached_query
def attached(rehearsal: Rehearsal, role: str) -> dict[str, str]:
    """AWS's own policies of a role that need no further reason: ARN -> name."""
    policies = rehearsal.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    prefix = f"arn:{Region(rehearsal.region).partition}:iam::aws:policy/"
    return {
        policy["PolicyArn"]: policy["PolicyName"]
        for policy in policies
        if policy["PolicyArn"].startswith(prefix) and policy["PolicyName"] in REASONS
    }

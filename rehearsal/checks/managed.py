"""Policies that AWS itself keeps, and why a role may have one of them instead of a list of calls of its own."""

from __future__ import annotations

from region import Region
from rehearsal.checks import cached_query
from rehearsal.result import Rehearsal

REASONS = {
    "AWSBackupServiceRolePolicyForBackup": "what AWS Backup calls differs between stores and changes with time",
    "AWSBackupServiceRolePolicyForRestores": "what AWS Backup calls differs between stores and changes with time",
}
"""By name. Each names a service that only acts on what its own plan or an operator's job selects."""

TAKEN_BY = {name: "backup" for name in REASONS}
"""The service that takes a role with this policy; restore jobs name theirs only when an operator starts one."""


@cached_query.question
def attached(rehearsal: Rehearsal, role: str) -> dict[str, str]:
    """AWS's own policies of a role that need no further reason: ARN -> name."""
    found = rehearsal.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    own = f"arn:{Region(rehearsal.region).partition}:iam::aws:policy/"
    return {
        one["PolicyArn"]: one["PolicyName"]
        for one in found
        if one["PolicyArn"].startswith(own) and one["PolicyName"] in REASONS
    }

"""Backups: database and files together, in one vault, because rows of CVAT's database refer to files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from settings.values import COMPLETION_MINUTES, START_MINUTES, BackupTimes

DATABASE = "database"
"""Its short name in `stores`."""
DATA_VERSION_TAG = "cvat:release"
"""Tag of a recovery point: the version of CVAT whose migrations the database has."""
_MANAGED_POLICIES = {"take": "AWSBackupServiceRolePolicyForBackup", "restore": "AWSBackupServiceRolePolicyForRestores"}
"""AWS's own policies, because what AWS Backup calls differs between stores and changes with time."""


@dataclass(frozen=True, kw_only=True)
class BackupsArgs:
    context: StackContext
    stores: Mapping[str, pulumi.Input[str]]
    """ARNs of the stores that are backed up together, by a short name."""
    days: int
    """Days for which a recovery point is kept."""
    times: BackupTimes
    """When backups begin."""
    key_arn: str = ""
    """KMS key of the vault. Default: the stack's, else AWS's own key for backups."""


class Backups(pulumi.ComponentResource):
    """A vault and a plan. Recovery points of a protected stack outlive it."""

    vault: pulumi.Output[str]
    """Its name."""
    outputs: Mapping[str, Any]
    """For commands of the operator: vault, role for backups, role for restores, ARNs of the stores, version of CVAT."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Backups", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        vault = self._vault()
        backup_role, attached = self._role("take")
        self._selection(self._plan(vault), backup_role, attached)
        restore_role, _ = self._role("restore")
        self.vault = vault.name
        roles = {"role_arn": backup_role.arn, "restore_role_arn": restore_role.arn}
        version = args.context.data_version
        self.outputs = {"vault": vault.name, **roles, "stores": dict(args.stores), "version": version}
        self.register_outputs(dict(self.outputs))

    def _vault(self) -> aws.backup.Vault:
        args = self._args
        return aws.backup.Vault(
            self._name,
            kms_key_arn=args.key_arn or args.context.key,
            force_destroy=not args.context.protect,
            # AWS refuses to delete a vault that holds recovery points, so it stays with them.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.context.protect),
        )

    def _role(self, task: str) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        """A role for AWS Backup."""
        name, args = f"{self._name}-{task}", self._args
        region = args.context.region
        role = aws.iam.Role(
            name,
            assume_role_policy=iam.trust(region.principal("backup"), args.context.account),
            opts=self._child,
        )
        policy = region.arn("iam", f"policy/service-role/{_MANAGED_POLICIES[task]}", account="aws", region="")
        attached = aws.iam.RolePolicyAttachment(name, role=role.name, policy_arn=policy, opts=self._child)
        return role, attached

    def _plan(self, vault: aws.backup.Vault) -> aws.backup.Plan:
        args = self._args
        rule: aws.backup.PlanRuleArgsDict = {
            "rule_name": "daily",
            "target_vault_name": vault.name,
            "schedule": args.times.plan_schedule,
            "start_window": START_MINUTES,
            "completion_window": COMPLETION_MINUTES,
            "lifecycle": {"delete_after": args.days},
            "recovery_point_tags": {**args.context.later_tags, DATA_VERSION_TAG: args.context.data_version},
        }
        return aws.backup.Plan(self._name, rules=[rule], opts=self._child)

    def _selection(self, plan: aws.backup.Plan, role: aws.iam.Role, attached: aws.iam.RolePolicyAttachment) -> None:
        args = self._args
        # AWS Backup cannot back up a stopped database, and would fail every day.
        stores = [arn for store, arn in sorted(args.stores.items()) if not (args.context.asleep and store == DATABASE)]
        aws.backup.Selection(
            self._name,
            plan_id=plan.id,
            iam_role_arn=role.arn,
            resources=stores,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attached]),
        )

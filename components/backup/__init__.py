"""Backups: database and files together, in one vault. CVAT's rows point to files: apart they are worth little."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import iam
from components.context import StackContext
from components.processes import COMMIT
from settings.values import COMPLETION_MINUTES, START_MINUTES, BackupTimes

DATABASE = "database"
"""Its short name among the stores."""
RELEASE_TAG = "cvat:release"
"""Tag of a recovery point: CVAT's commit, without whose migrations the database is of little use."""
_WHAT_ROLES_DO = {"take": "AWSBackupServiceRolePolicyForBackup", "restore": "AWSBackupServiceRolePolicyForRestores"}
"""AWS's own policies: what AWS Backup calls differs between stores and changes with time."""


@dataclass(frozen=True, kw_only=True)
class BackupsArgs:
    context: StackContext
    stores: Mapping[str, pulumi.Input[str]]
    """ARNs of what is taken together, by a short name."""
    days: int
    """Days for which a recovery point is kept."""
    times: BackupTimes
    """When it is taken."""
    key_arn: str = ""
    """KMS key of the vault. Default: the site's, else AWS's own key for backups."""


class Backups(pulumi.ComponentResource):
    """A vault, and a plan that fills it. Recovery points outlive the stack where it is protected."""

    vault: pulumi.Output[str]
    """Its name."""
    outputs: Mapping[str, Any]
    """What an operator names in commands: vault, role that takes, role that restores, ARNs of the stores."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:Backups", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        vault = self._vault()
        taker, allowed = self._role("take")
        self._select(self._plan(vault), taker, allowed)
        restorer, _ = self._role("restore")
        self.vault = vault.name
        roles = {"role_arn": taker.arn, "restore_role_arn": restorer.arn}
        self.outputs = {"vault": vault.name, **roles, "stores": dict(args.stores)}
        self.register_outputs(dict(self.outputs))

    def _vault(self) -> aws.backup.Vault:
        args = self._args
        return aws.backup.Vault(
            self._name,
            aws.backup.VaultArgs(
                kms_key_arn=args.key_arn or args.context.key,
                force_destroy=not args.context.protect,
                tags=dict(args.context.tags),
            ),
            # AWS refuses to delete a vault that holds recovery points: they are kept, and the vault with them.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=args.context.protect),
        )

    def _role(self, task: str) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        """A role for AWS Backup. It is trusted without a condition: AWS documents none for this service."""
        name, args = f"{self._name}-{task}", self._args
        region = args.context.region
        role = aws.iam.Role(
            name,
            aws.iam.RoleArgs(assume_role_policy=iam.trust(region.principal("backup")), tags=dict(args.context.tags)),
            opts=self._child,
        )
        policy = region.arn("iam", f"policy/service-role/{_WHAT_ROLES_DO[task]}", account="aws", region="")
        attached = aws.iam.RolePolicyAttachment(
            name, aws.iam.RolePolicyAttachmentArgs(role=role.name, policy_arn=policy), opts=self._child
        )
        return role, attached

    def _plan(self, vault: aws.backup.Vault) -> aws.backup.Plan:
        args = self._args
        rule = aws.backup.PlanRuleArgs(
            rule_name="daily",
            target_vault_name=vault.name,
            schedule=args.times.plan_schedule,
            start_window=START_MINUTES,
            completion_window=COMPLETION_MINUTES,
            lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=args.days),
            recovery_point_tags={**args.context.tags, RELEASE_TAG: COMMIT},
        )
        return aws.backup.Plan(
            self._name, aws.backup.PlanArgs(rules=[rule], tags=dict(args.context.tags)), opts=self._child
        )

    def _select(self, plan: aws.backup.Plan, role: aws.iam.Role, allowed: aws.iam.RolePolicyAttachment) -> None:
        args = self._args
        # AWS Backup takes no stopped database, and would fail every day.
        stores = [arn for store, arn in sorted(args.stores.items()) if not (args.context.asleep and store == DATABASE)]
        aws.backup.Selection(
            self._name,
            aws.backup.SelectionArgs(plan_id=plan.id, iam_role_arn=role.arn, resources=stores),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )

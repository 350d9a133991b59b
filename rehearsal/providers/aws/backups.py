"""AWS Backup: vaults, plans, selections."""

from __future__ import annotations

from typing import Any

from rehearsal.providers.resource import Made, Make, handles


@handles("aws:backup/vault:Vault", tags=True, provider_only={"forceDestroy": "used on deletion"})
def vault(make: Make) -> Made:
    """Where recovery points lie."""
    name = make.named(limit=50)
    extra = {"BackupVaultName": name, "BackupVaultTags": make.tags}
    make.tagged = True
    made = make.call("backup", "CreateBackupVault", extra, renames={"kmsKeyArn": "EncryptionKeyArn"})
    return Made(name, {"name": name, "arn": made["BackupVaultArn"]})


RULE = {
    "schedule": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "ruleName": "RuleName",
    "targetVaultName": "TargetBackupVaultName",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "recoveryPointTags": "RecoveryPointTags",
    "enableContinuousBackup": "EnableContinuousBackup",
}
"""The provider's names of a rule's members, where they are not the same."""
LIFECYCLE = {"deleteAfter": "DeleteAfterDays", "coldStorageAfter": "MoveToColdStorageAfterDays"}


def rule(given: dict[str, Any]) -> dict[str, Any]:
    """A rule of a plan as the API spells it."""
    rest = dict(given)
    lifecycle = rest.pop("lifecycle", None)
    wanted = {RULE[key]: value for key, value in rest.items()}
    if lifecycle:
        wanted["Lifecycle"] = {LIFECYCLE[key]: value for key, value in lifecycle.items()}
    return wanted


@handles("aws:backup/plan:Plan", tags=True)
def plan(make: Make) -> Made:
    """When what is taken, and for how long it is kept."""
    name = make.named(limit=50)
    rules = [rule(one) for one in make.inputs.take("rules")]
    make.tagged = True
    document = {"BackupPlanName": name, "Rules": rules}
    made = make.call("backup", "CreateBackupPlan", {"BackupPlan": document, "BackupPlanTags": make.tags})
    outputs = {"name": name, "arn": made["BackupPlanArn"], "version": made["VersionId"]}
    return Made(made["BackupPlanId"], outputs)


@handles("aws:backup/selection:Selection")
def selection(make: Make) -> Made:
    """What a plan takes, and with which role."""
    name, plan_id = make.named(limit=50), make.inputs.take("planId")
    wanted = {"SelectionName": name, "IamRoleArn": make.inputs.take("iamRoleArn")}
    wanted["Resources"] = make.inputs.take("resources") or []
    made = make.ask("backup", "CreateBackupSelection", BackupPlanId=plan_id, BackupSelection=wanted)
    return Made(made["SelectionId"], {"name": name})

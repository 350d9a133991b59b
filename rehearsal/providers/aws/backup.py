"""AWS Backup: vaults, plans, selections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words


class Vault(ResourceType, token="aws:backup/vault:Vault"):
    """Where recovery points are kept."""

    tags = True
    replace_on = words("name kmsKeyArn")
    provider_only: ClassVar = {"forceDestroy": "used on deletion"}
    delete_call = deleted_by("backup:DeleteBackupVault", BackupVaultName="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=50)
        extra = {"BackupVaultName": name, "BackupVaultTags": request.tags}
        request.tagged = True
        renames = {"kmsKeyArn": "EncryptionKeyArn"}
        vault = request.call_with_inputs("backup", "CreateBackupVault", extra, renames=renames)
        return Attributes(name, {"name": name, "arn": vault["BackupVaultArn"]})

    def delete(self, request: ResourceRequest) -> None:
        """With its recovery points, where that is asked for."""
        if request.all_inputs.get("forceDestroy"):
            vault = {"BackupVaultName": request.id}
            for point in request.call("backup", "ListRecoveryPointsByBackupVault", **vault)["RecoveryPoints"]:
                arn = point["RecoveryPointArn"]
                request.call("backup", "DeleteRecoveryPoint", **vault, RecoveryPointArn=arn)
        super().delete(request)


RULE_MEMBERS = {
    "schedule": "ScheduleExpression",
    "scheduleExpressionTimezone": "ScheduleExpressionTimezone",
    "ruleName": "RuleName",
    "targetVaultName": "TargetBackupVaultName",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "recoveryPointTags": "RecoveryPointTags",
    "enableContinuousBackup": "EnableContinuousBackup",
}
LIFECYCLE_MEMBERS = {"deleteAfter": "DeleteAfterDays", "coldStorageAfter": "MoveToColdStorageAfterDays"}


class Plan(ResourceType, token="aws:backup/plan:Plan"):
    """When recovery points are taken, and for how long they are kept."""

    tags = True
    replace_on = words("name")
    delete_call = deleted_by("backup:DeleteBackupPlan", BackupPlanId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name = request.physical_name(limit=50)
        document = {"BackupPlanName": name, "Rules": [_rule(rule) for rule in request.inputs.take("rules")]}
        request.tagged = True
        extra = {"BackupPlan": document, "BackupPlanTags": request.tags}
        plan = request.call_with_inputs("backup", "CreateBackupPlan", extra)
        outputs = {"name": name, "arn": plan["BackupPlanArn"], "version": plan["VersionId"]}
        return Attributes(plan["BackupPlanId"], outputs)

    def update(self, request: ResourceRequest) -> None:
        """The plan as a whole, as a new version."""
        rules = [_rule(rule) for rule in request.inputs.take("rules")]
        document = {"BackupPlanName": request.attribute("name"), "Rules": rules}
        request.call("backup", "UpdateBackupPlan", BackupPlanId=request.id, BackupPlan=document)


def _rule(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """A rule of a plan as the API spells it."""
    lifecycle = inputs.get("lifecycle")
    rule = {RULE_MEMBERS[key]: value for key, value in inputs.items() if key != "lifecycle"}
    if lifecycle:
        rule["Lifecycle"] = {LIFECYCLE_MEMBERS[key]: value for key, value in lifecycle.items()}
    return rule


class Selection(ResourceType, token="aws:backup/selection:Selection"):
    """What a plan backs up, and with which role."""

    replace_on = words("iamRoleArn name planId resources notResources selectionTags conditions")
    delete_call = deleted_by("backup:DeleteBackupSelection", BackupPlanId="planId", SelectionId="id")

    def create(self, request: ResourceRequest) -> Attributes:
        name, plan = request.physical_name(limit=50), request.inputs.take("planId")
        selection = {"SelectionName": name, "IamRoleArn": request.inputs.take("iamRoleArn")}
        selection["Resources"] = request.inputs.take("resources") or []
        answer = request.call("backup", "CreateBackupSelection", BackupPlanId=plan, BackupSelection=selection)
        return Attributes(answer["SelectionId"], {"name": name})

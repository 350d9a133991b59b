"""AWS Backup."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote

from moto.backup.models import Plan
from moto.backup.responses import BackupResponse
from moto.moto_api._internal import mock_random

from rehearsal.aws.moto_patches.patch import Client, moto_patch, replace

_RULE = {"RuleName": "r", "TargetBackupVaultName": "v"}
_SELECTION = {"SelectionName": "s", "IamRoleArn": "arn:aws-cn:iam::123456789012:role/r", "Resources": ["arn:x"]}


def _plan_id(response: Any) -> str:
    return str(response.path.split("/plans/")[1].split("/")[0])


def _last(response: Any) -> str:
    return str(response.path.rstrip("/").rpartition("/")[2])


def _selects(client: Client) -> bool:
    backup = client("backup")
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [_RULE]})["BackupPlanId"]
    identifier = backup.create_backup_selection(BackupPlanId=plan, BackupSelection=_SELECTION)["SelectionId"]
    (listed,) = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    selection = backup.get_backup_selection(BackupPlanId=plan, SelectionId=listed["SelectionId"])
    backup.delete_backup_selection(BackupPlanId=plan, SelectionId=identifier)
    left = backup.list_backup_selections(BackupPlanId=plan)["BackupSelectionsList"]
    return (listed["SelectionId"], selection["BackupSelection"], left) == (identifier, _SELECTION, [])


@moto_patch(_selects)
def selections_of_backup_plans(stack: ExitStack) -> None:
    """moto's backup plans have no selections. API reference: CreateBackupSelection and its like."""

    def selections(self: Any) -> dict[str, Any]:
        plan = self.backup_backend.get_backup_plan(_plan_id(self), None)
        by_id: dict[str, Any] = plan.__dict__.setdefault("selections", {})
        return by_id

    def create(self: Any) -> str:
        identifier = str(mock_random.uuid4())
        selections(self)[identifier] = json.loads(self.body)["BackupSelection"]
        return json.dumps({"SelectionId": identifier, "BackupPlanId": _plan_id(self)})

    def list_all(self: Any) -> str:
        members = [
            {"SelectionId": identifier, **{key: selection[key] for key in ("SelectionName", "IamRoleArn")}}
            for identifier, selection in selections(self).items()
        ]
        return json.dumps({"BackupSelectionsList": members})

    def get(self: Any) -> str:
        return json.dumps({"SelectionId": _last(self), "BackupSelection": selections(self)[_last(self)]})

    def delete(self: Any) -> str:
        del selections(self)[_last(self)]
        return "{}"

    replace(stack, BackupResponse, "create_backup_selection", create)
    replace(stack, BackupResponse, "list_backup_selections", list_all)
    replace(stack, BackupResponse, "get_backup_selection", get)
    replace(stack, BackupResponse, "delete_backup_selection", delete)


def _changes_a_plan(client: Client) -> bool:
    backup = client("backup")
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": "p", "Rules": [_RULE]})["BackupPlanId"]
    changed = {"BackupPlanName": "p", "Rules": [{**_RULE, "RuleName": "other"}]}
    backup.update_backup_plan(BackupPlanId=plan, BackupPlan=changed)
    return bool(backup.get_backup_plan(BackupPlanId=plan)["BackupPlan"]["Rules"][0]["RuleName"] == "other")


@moto_patch(_changes_a_plan)
def changes_of_backup_plans(stack: ExitStack) -> None:
    """moto's backup plans cannot be changed. API reference: UpdateBackupPlan."""

    def update(self: Any) -> str:
        plan = self.backup_backend.plans[_plan_id(self)]
        completed = Plan(json.loads(self.body)["BackupPlan"], "", self.backup_backend)
        plan.backup_plan, plan.version_id = completed.backup_plan, completed.version_id
        return json.dumps(plan.to_dict())

    replace(stack, BackupResponse, "update_backup_plan", update)


def _lists_tags_without_a_trailing_slash(client: Client) -> bool:
    backup = client("backup")
    arn = backup.create_backup_vault(BackupVaultName="w", BackupVaultTags={"a": "b"})["BackupVaultArn"]
    backup.meta.events.register("before-sign.backup.ListTags", _without_slash)
    return bool(backup.list_tags(ResourceArn=arn)["Tags"] == {"a": "b"})


def _without_slash(request: Any, **_: Any) -> None:
    """As the AWS SDK for Go v2 writes the path."""
    request.url = request.url.rstrip("/")


@moto_patch(_lists_tags_without_a_trailing_slash)
def tags_of_backup_resources(stack: ExitStack) -> None:
    """moto takes the last part of the path for a slash that the AWS SDK for Go v2 does not send.

    API reference, ListTags: GET /tags/resourceArn/.
    """

    def list_tags(self: Any) -> str:
        arn = unquote(self.path.rstrip("/").rpartition("/tags/")[2])
        return json.dumps({"Tags": self.backup_backend.list_tags(resource_arn=arn)})

    replace(stack, BackupResponse, "list_tags", list_tags)

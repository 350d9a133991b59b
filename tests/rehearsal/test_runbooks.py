"""The emulated account answers the commands of the documentation, so that every runbook can be practised on it."""

from __future__ import annotations

import importlib

from botocore import xform_name
from botocore.model import OperationModel

from rehearsal import Account
from tests.unit.docs.test_aws_commands import commands, model

NOT_ANSWERED = {
    "ecs:ExecuteCommand": "no container runs",
    "ecs:GetTaskProtection": "services have no tasks",
    "application-autoscaling:DescribeScalingActivities": "moto keeps no history of them",
    "backup:StartCopyJob": "into another region, and nothing of this program depends on it",
}
"""Operations of the pages that are an error there which names them, and why."""


def is_answered(operation: OperationModel) -> bool:
    """Whether moto, or a patch of ours, has a method for an operation; a served account says NotImplemented else."""
    service = operation.service_model.service_name.replace("-", "")
    if service == "s3":  # moto chooses by HTTP method and query there; the tests of buckets call what the page does
        return True
    responses = importlib.import_module(f"moto.{service}.responses")
    owners = [item for item in vars(responses).values() if isinstance(item, type)]
    return any(hasattr(owner, xform_name(operation.name)) for owner in owners)


def test_each_command_of_the_pages_is_answered_but_those_with_a_reason() -> None:
    operations = [operation for command in commands() if (operation := model(command)) is not None]
    with Account():
        missing = {
            f"{operation.service_model.service_name}:{operation.name}"
            for operation in operations
            if not is_answered(operation)
        }
    assert missing == set(NOT_ANSWERED), "docs/rehearsal.md names what cannot be practised"

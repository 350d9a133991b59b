"""CloudWatch Logs."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.logs.responses import LogsResponse

from rehearsal.aws.moto_patches.patch import Client, moto_patch, replace

_KEY = "arn:aws-cn:kms:cn-northwest-1:123456789012:key/k"


def _changes_the_key(client: Client) -> bool:
    logs = client("logs")
    logs.create_log_group(logGroupName="g")
    logs.associate_kms_key(logGroupName="g", kmsKeyId=_KEY)
    (group,) = logs.describe_log_groups()["logGroups"]
    logs.disassociate_kms_key(logGroupName="g")
    (after,) = logs.describe_log_groups()["logGroups"]
    return bool(group.get("kmsKeyId") == _KEY and "kmsKeyId" not in after)


@moto_patch(_changes_the_key)
def keys_of_log_groups(stack: ExitStack) -> None:
    """moto's log groups keep the key with which they were made. API reference: AssociateKmsKey, DisassociateKmsKey."""

    def associate(self: Any) -> str:
        self.logs_backend.groups[self._get_param("logGroupName")].kms_key_id = self._get_param("kmsKeyId")
        return ""

    def disassociate(self: Any) -> str:
        self.logs_backend.groups[self._get_param("logGroupName")].kms_key_id = None
        return ""

    replace(stack, LogsResponse, "associate_kms_key", associate)
    replace(stack, LogsResponse, "disassociate_kms_key", disassociate)

"""Section "What the account demands": permissions boundary and KMS key."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from settings.fields import Arn, KmsKeyArn
from settings.sections.section import Section

BOUNDARY = Arn(
    what="an IAM policy",
    service="iam",
    resource="policy/<name>",
    pattern=r"policy/[\w+=,.@/-]+",
    regional=False,
    owners=("aws",),
    example="policy/boundary",
    hint="copy it from `aws iam list-policies --scope Local`",
)


class Account(Section):
    """What the account demands"""

    permissions_boundary_arn: Annotated[str, AfterValidator(BOUNDARY)] = ""
    """IAM policy that bounds every role of the stack. Empty: no boundary."""
    kms_key_arn: KmsKeyArn = ""
    """Customer-managed KMS key for database, Redis, files, buckets, images, logs, secrets, restore points and
    notifications; its policy must let their services use it (docs/operations.md#a-key-of-your-own). Database, Redis,
    file system and image repositories keep the key with which they were made. Empty: AWS's own keys."""

"""The configuration keys for what exists already, and for what the account demands of every stack."""

from __future__ import annotations

from settings.section import Section


class Account(Section):
    """What the account demands"""

    permissions_boundary_arn: str = ""
    """IAM policy that bounds every role of the stack. Empty: no boundary."""
    kms_key_arn: str = ""
    """Customer-managed KMS key for database, Redis, files, buckets, images, logs, secrets, restore points and
    notifications; its policy must let their services use it (docs/operations.md#a-key-of-your-own). Database, Redis,
    file system and image repositories keep the key with which they were made. Empty: AWS's own keys."""

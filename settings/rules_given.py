"""Rules for the keys that name what exists already: each name must be of the right kind, partition and region."""

from __future__ import annotations

import re
from collections.abc import Iterator

from region import Region
from settings.model import Settings

_ACCOUNT = r"\d{12}"


def given_rules(settings: Settings, region: Region) -> Iterator[str]:
    """All that is wrong with names of what exists already, as far as it can be told without asking AWS."""
    yield from _boundary(settings.account.permissions_boundary_arn, region)
    yield from _key("kmsKeyArn", settings.account.kms_key_arn, region)
    yield from _key("backupKeyArn", settings.data.backup_key_arn, region)


def _boundary(arn: str, region: Region) -> Iterator[str]:
    start = region.arn("iam", "policy/", account="ACCOUNT", region="")
    pattern = re.escape(start).replace("ACCOUNT", rf"({_ACCOUNT}|aws)") + r"[\w+=,.@/-]+"
    if arn and not re.fullmatch(pattern, arn):
        yield (
            f"cvat:permissionsBoundaryArn = {arn}: it must be an IAM policy of this partition "
            f"({start.replace('ACCOUNT', '<account>')}<name>). Copy it from `aws iam list-policies --scope Local`."
        )


def _key(name: str, arn: str, region: Region) -> Iterator[str]:
    """The key itself, not an alias: IAM permissions name keys only."""
    start = region.arn("kms", "key/", account="ACCOUNT")
    if arn and not re.fullmatch(re.escape(start).replace("ACCOUNT", _ACCOUNT) + r"[\w-]+", arn):
        yield (
            f"cvat:{name} = {arn}: it must be a key of this region ({start.replace('ACCOUNT', '<account>')}<id>), "
            "not an alias. Copy its ARN from `aws kms describe-key`."
        )

"""Each patch is still needed: moto alone fails its probe, the patched account passes it.

When a probe passes without its patch, moto has learnt it: remove the patch.
"""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from rehearsal import Account
from rehearsal.aws import iam_conditions
from rehearsal.aws.moto_patches import MOTO_PATCHES
from rehearsal.aws.moto_patches.patch import MotoPatch


def test_every_patch_has_a_name_of_its_own_and_says_what_moto_does_otherwise() -> None:
    names = [patch.name for patch in MOTO_PATCHES]
    assert len(names) == len(set(names)), "two patches have one name"
    assert not [patch.name for patch in MOTO_PATCHES if "moto" not in (patch.apply.__doc__ or "").lower()]


@pytest.mark.parametrize("patch", MOTO_PATCHES, ids=lambda patch: patch.name)
def test_a_patch_works_and_is_still_needed(patch: MotoPatch) -> None:
    with Account() as patched:
        assert patch.probe(patched.in_region(patch.region)), "the patch does not do what AWS does"
    with Account(patched=False) as unpatched:
        try:
            works = patch.probe(unpatched.in_region(patch.region))
        except (botocore.exceptions.ClientError, NotImplementedError, TypeError, ValueError):
            works = False
    assert not works, "moto does this by itself now: remove the patch"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (None, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"Bool": {"aws:SecureTransport": True}}, True),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "1"}}, True),
    ],
)
def test_conditions_hold_as_iam_says(condition: dict[str, dict[str, Any]] | None, holds: bool) -> None:
    assert iam_conditions.applies(condition, {"aws:securetransport": "true"}) is holds

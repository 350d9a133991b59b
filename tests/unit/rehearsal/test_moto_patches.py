"""Each bridge is still needed: moto alone fails its probe, the bridged account passes it.

When a probe passes without its bridge, moto has learnt it: take the bridge down.
"""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from rehearsal import Account
from rehearsal.aws import iam_conditions
from rehearsal.aws.moto_patches import MOTO_PATCHES
from tests.support import patches_of_changes, patches_of_ingress, patches_of_services

PROBES = patches_of_services.PROBES | {
    name: (probe, patches_of_services.CN)
    for name, probe in (patches_of_changes.PROBES | patches_of_ingress.PROBES).items()
}


def test_every_bridge_has_a_probe() -> None:
    assert set(PROBES) == set(MOTO_PATCHES)


@pytest.mark.parametrize("name", list(PROBES))
def test_a_bridge_carries_and_is_still_needed(name: str) -> None:
    probe, region = PROBES[name]
    with Account() as bridged:
        assert probe(bridged.in_region(region)), f"the bridge {name} does not carry"
    with Account(bridged=False) as bare:
        try:
            works = probe(bare.in_region(region))
        except (botocore.exceptions.ClientError, NotImplementedError, TypeError):
            works = False
    assert not works, f"moto can do without the bridge {name} now: take it down"


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

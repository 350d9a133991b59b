"""Regions of all three partitions, rehearsed from a configuration that names nothing but the region."""

from __future__ import annotations

from pathlib import Path

import pytest

from region import REGIONS, Region
from rehearsal import rehearse

WHOLE = (
    *("eu-central-1", "us-east-1", "ap-southeast-2", "sa-east-1", "eu-north-1", "il-central-1"),
    *("us-gov-west-1", "us-gov-east-1", "cn-north-1"),
)
"""Old and new, with and without an account of its own for access logs, of each partition. The stack files in the
repository's root and in examples/ add others."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", WHOLE)
def test_a_stack_can_live_in_the_region(name: str, tmp_path: Path) -> None:
    config = {"aws:region": name, "cvat:canary": "hourly"}
    with rehearse("ap-northeast-1", config=config, placeholders=tmp_path / "archives") as done:
        assert done.error is None, str(done.error)
        assert done.ok, [verdict for verdict in done.checks if not verdict.ok]
        partition = Region(name).partition
        assert str(done.outputs["admin_secret_arn"]).startswith(f"arn:{partition}:secretsmanager:{name}:")


def test_a_region_without_the_presets_instance_type_says_which_there_are(tmp_path: Path) -> None:
    with rehearse("ap-northeast-1", config={"aws:region": "ca-west-1"}, placeholders=tmp_path / "archives") as done:
        assert "cvat:inferenceInstanceType = ml.c5d.xlarge: ca-west-1 offers only the families c5" in str(done.error)
    chosen = {"aws:region": "ca-west-1", "cvat:inferenceInstanceType": "ml.c5.xlarge"}
    with rehearse("ap-northeast-1", config=chosen, placeholders=tmp_path / "archives") as done:
        assert done.ok, str(done.error)


def test_a_region_that_lacks_something_says_what(tmp_path: Path) -> None:
    (lacking,) = [name for name in REGIONS if Region(name).lacks]
    config = {"aws:region": lacking}
    with rehearse("ap-northeast-1", config=config, placeholders=tmp_path / "archives") as done:
        assert "shows 2 availability zones to the account, and CVAT needs 3" in str(done.error)
        assert any(str(Region(lacking).lacks) in message for message in done.messages), "before the account is asked"


def test_the_regions_are_of_all_partitions() -> None:
    assert {Region(name).partition for name in WHOLE} == {"aws", "aws-cn", "aws-us-gov"}

"""The pack under the engine's own protocol; skipped where `make policy` has not made its environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from policy.rules import RULES
from tests.support.policy_pack_process import PYTHON, UNKNOWN, Pack

pytestmark = pytest.mark.skipif(not PYTHON.is_file(), reason="policy/.venv is missing: run `make policy`")

DATABASE = "aws:rds/instance:Instance"
KEPT = {
    "storageEncrypted": True,
    "deletionProtection": True,
    "finalSnapshotIdentifier": "last",
    "backupRetentionPeriod": 7,
    "tags": {"project": "cvat", "stack": "team"},
}


@pytest.fixture(scope="module")
def pack() -> Iterator[Pack]:
    with Pack() as running:
        yield running


def test_the_pack_declares_every_rule_and_nothing_else(pack: Pack) -> None:
    assert pack.policies() == {rule.name for rule in RULES}


def test_a_good_database_passes_all_policies(pack: Pack) -> None:
    assert pack.analyze(DATABASE, KEPT) == []


def test_an_unencrypted_database_is_refused_with_the_remedy(pack: Pack) -> None:
    ((name, message),) = pack.analyze(DATABASE, {**KEPT, "storageEncrypted": False})
    assert name == "encrypted-at-rest"
    assert "storageEncrypted is False: set it to true now" in message


def test_pulumi_options_are_looked_at_too(pack: Pack) -> None:
    assert [name for name, _ in pack.analyze(DATABASE, KEPT, protect=False)] == ["stores-kept"]


def test_a_value_that_a_preview_does_not_know_hides_nothing_else(pack: Pack) -> None:
    unknown = {**KEPT, "storageEncrypted": False, "dbSubnetGroupName": UNKNOWN, "kmsKeyId": UNKNOWN}
    assert [name for name, _ in pack.analyze(DATABASE, unknown)] == ["encrypted-at-rest"]
    policy = {"policy": UNKNOWN, "bucket": UNKNOWN}
    assert pack.analyze("aws:s3/bucketPolicy:BucketPolicy", policy) == [], "what is not known cannot be judged"


def test_the_partition_is_that_of_the_region(pack: Pack) -> None:
    ((name, message),) = pack.analyze("aws:iam/rolePolicy:RolePolicy", {"role": "arn:aws:iam::1:role/x"})
    assert name == "own-partition"
    assert "partition aws; this is aws-cn" in message


def test_a_disposable_stack_need_not_keep_its_stores(pack: Pack) -> None:
    bare = {"storageEncrypted": True, "skipFinalSnapshot": True, "tags": KEPT["tags"]}
    assert {name for name, _ in pack.analyze(DATABASE, bare, protect=False)} == {"stores-kept"}
    pack.configure("stores-kept", disposable=True)
    try:
        assert pack.analyze(DATABASE, bare, protect=False) == []
    finally:
        pack.configure("stores-kept", disposable=False)

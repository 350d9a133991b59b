"""A newer version of the same release on a running stack: migrated by the initialisation, and no way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal import Account, Rehearsal, rehearse
from settings.releases import RELEASES, Release
from settings.releases.release import BaseImage

OLD = RELEASES["v2"]
IMAGES = ("server", "ui")


def newer() -> Release:
    """What a change of settings/releases/v2.py makes of it."""
    base_images = {
        name: BaseImage(base.argument, base.reference.replace(OLD.version, "v2.99.0"))
        for name, base in OLD.base_images.items()
    }
    return replace(OLD, version="v2.99.0", base_images=base_images)


class Runs:
    """The stack before, with the newer version, and with the older one again."""

    def __init__(self, archives: Path, account: Account, patch: pytest.MonkeyPatch) -> None:
        self._config = {"cvat:modelArchives": str(archives), "cvat:release": "v2"}
        self._account = account
        self.before = self._up()
        self.snapshots_before = self.snapshots()
        patch.setitem(RELEASES, "v2", newer())
        self.after = self._up(judge=True)
        self.snapshots_after = self.snapshots()
        self.again = self._up()
        patch.setitem(RELEASES, "v2", OLD)
        self.back = self._up()

    def _up(self, *, judge: bool = False) -> Rehearsal:
        return rehearse("cn-northwest-1", config=self._config, account=self._account, judge=judge)

    def snapshots(self) -> set[str]:
        answer = self._account.client("rds", "cn-northwest-1").describe_db_snapshots(SnapshotType="manual")
        return {snapshot["DBSnapshotIdentifier"] for snapshot in answer["DBSnapshots"]}


@pytest.fixture(scope="module")
def runs(archives: Path) -> Iterator[Runs]:
    with Account() as account, pytest.MonkeyPatch.context() as patch:
        yield Runs(archives, account, patch)


def test_the_newer_version_is_an_update_that_replaces_no_store(runs: Runs) -> None:
    assert runs.before.error is None, runs.before.error
    assert runs.after.error is None, runs.after.error
    assert runs.after.ok, [verdict for verdict in runs.after.checks if not verdict.ok]
    steps = {(step.verb, step.record.type) for step in runs.after.outcome.steps if step.verb != "same"}
    stateful = ("aws:rds", "aws:elasticache", "aws:efs", "aws:secretsmanager", "random:", "aws:ecr/repository")
    assert not {step for step in steps if step[1].startswith(stateful)}, "data would be lost"
    assert not {step for step in steps if step[0] in ("replaced", "deleted")} - {
        ("replaced", "aws:ecs/taskDefinition:TaskDefinition"),
        ("replaced", "docker:index/image:Image"),
    }
    assert runs.again.outcome.touched() == set(), "and then it is settled"


def test_the_initialisation_migrates_after_a_snapshot_and_before_the_services(runs: Runs) -> None:
    (snapshot,) = runs.snapshots_after - runs.snapshots_before
    assert snapshot.startswith("cvat-before-"), "what a rollback begins with"
    touched = [(step.record.type, step.record.name) for step in runs.after.outcome.steps if step.verb != "same"]
    initialised = touched.index(("pulumi-python:dynamic/cvat:RunOnce", "init"))
    services = [place for place, (kind, _) in enumerate(touched) if kind == "aws:ecs/service:Service"]
    kinds = {process.kind for process in OLD.services}
    assert len(services) == len(kinds), "CVAT's processes must not be of two versions"
    needing_stores = [
        place for place in services if touched[place][1].rpartition("services-")[2] not in ("ui", "gateway")
    ]
    assert min(needing_stores) > initialised, "a service would run on a database that is not migrated yet"


def test_images_are_derived_from_the_newer_one_and_backups_name_it(runs: Runs) -> None:
    built = [record for record in runs.after.of_type("docker:index/image:Image") if record.name.endswith(IMAGES)]
    assert len(built) == len(IMAGES)
    assert all("v2.99.0" in str(record.inputs["build"]["args"]) for record in built)
    assert runs.after.outputs["backups"]["version"] == "v2.99.0"
    assert runs.before.outputs["backups"]["version"] == OLD.version, "what a backup by hand is tagged with"


def test_going_back_is_refused_before_anything_changes(runs: Runs) -> None:
    text = str(runs.back.error)
    assert f"CVAT {OLD.version} (settings/releases/v2.py): the stack's database is migrated to v2.99.0" in text
    assert "restore the snapshot cvat-before-... as a new stack" in text
    assert runs.back.outcome.touched() == set()

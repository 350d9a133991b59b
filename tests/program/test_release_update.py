"""A newer version of the same release on a running stack: migrated by the initialisation, and no way back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import Account, Rehearsal, rehearse
from rehearsal.defaults import HOME
from settings.base_images import LOCK
from settings.releases import RELEASES

OLD = RELEASES["v2"]
NEWER = "v2.99.0"
IMAGES = ("images-server", "images-ui")
PROGRAM = ("components", "demo", "mirror", "patches", "serverless", "settings")


def newer(folder: Path) -> Path:
    """The program as a change of its release's file, and of the lock, makes it."""
    ignored = shutil.ignore_patterns("__pycache__")
    for name in PROGRAM:
        shutil.copytree(HOME / name, folder / name, ignore=ignored, symlinks=True)
    for file in [*HOME.glob("*.py"), *HOME.glob("Pulumi*.yaml")]:
        shutil.copy(file, folder)
    release = folder / "settings" / "releases" / "v2.py"
    text = release.read_text(encoding="utf-8")
    assert text.count(f'"{OLD.version}"') == 1, "one line names the version"
    release.write_text(text.replace(OLD.version, NEWER), encoding="utf-8")
    lines = [base.reference.replace(OLD.version, NEWER) for base in OLD.base_images.values()]
    with (folder / LOCK).open("a", encoding="utf-8") as lock:
        lock.writelines(f"{line} sha256:{number:064x}\n" for number, line in enumerate(lines))
    return folder


def up(config: dict[str, str], account: Account, project: Path, *, judge: bool = False) -> Rehearsal:
    return rehearse("cn-northwest-1", config=config, account=account, project=project, judge=judge)


class Runs:
    """The stack before, with the newer version, and with the older one again."""

    def __init__(self, archives: Path, account: Account, project: Path) -> None:
        self._config = {"cvat:modelArchives": str(archives), "cvat:release": "v2"}
        self._account = account
        self.before = self._up(HOME)
        self.snapshots_before, self.tagged_before = self.snapshots(), self.before.outputs["backups"]["version"]
        self.after = self._up(project, judge=True)
        self.snapshots_after, self.tagged_after = self.snapshots(), self.after.outputs["backups"]["version"]
        self.again = self._up(project)
        self.back = self._up(HOME)

    def _up(self, project: Path, *, judge: bool = False) -> Rehearsal:
        return up(self._config, self._account, project, judge=judge)

    def snapshots(self) -> set[str]:
        answer = self._account.client("rds", "cn-northwest-1").describe_db_snapshots(SnapshotType="manual")
        return {snapshot["DBSnapshotIdentifier"] for snapshot in answer["DBSnapshots"]}


@pytest.fixture(scope="module")
def runs(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with Account() as account:
        yield Runs(archives, account, newer(tmp_path_factory.mktemp("newer")))


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
    without_stores = ("cvat-ui", "cvat-gateway")
    needing_stores = [place for place in services if touched[place][1] not in without_stores]
    assert len(needing_stores) == len(services) - len(without_stores)
    assert min(needing_stores) > initialised, "a service would run on a database that is not migrated yet"


def test_images_are_derived_from_the_newer_one_and_backups_name_it(runs: Runs) -> None:
    built = [record for record in runs.after.of_type("docker:index/image:Image") if record.name in IMAGES]
    assert len(built) == len(IMAGES)
    assert all(NEWER in str(record.inputs["build"]["args"]) for record in built)
    assert (runs.tagged_before, runs.tagged_after) == (OLD.version, NEWER), "what a backup by hand is tagged with"


def test_going_back_is_refused_before_anything_changes(runs: Runs) -> None:
    text = str(runs.back.error)
    assert f"CVAT {OLD.version} (settings/releases/v2.py): the stack's database is migrated to {NEWER}" in text
    assert "restore the snapshot cvat-before-... as a new stack" in text
    assert runs.back.outcome.touched() == set()

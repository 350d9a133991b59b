"""restore.py and backup_times.py: what may be restored, where the files go, and when things happen."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest

from components.adopted.restore import PUT_IN_PLACE, Snapshot, snapshot_identifier, snapshot_problems
from components.context import StackContext
from settings.values import BackupTimes, DatabaseSize

SIZE = DatabaseSize(
    instance_class="db.m6g.large",
    storage_gb=50,
    max_storage_gb=50,
    multi_az=False,
    backup_days=7,
    engine_version="15.12",
)
GOOD = Snapshot(engine="postgres", version="15.12", status="available", storage_gb=50, encrypted=True)


def test_a_snapshot_that_fits_is_not_spoken_against() -> None:
    assert not list(snapshot_problems("s", GOOD, SIZE))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"engine": "mysql"}, "CVAT needs postgres"),
        ({"status": "creating"}, "must be available"),
        ({"encrypted": False}, "Copy it with a KMS key"),
        ({"version": "15.10"}, "pulumi config set cvat:dbEngineVersion 15.10"),
        ({"storage_gb": 80}, "Set cvat:dbStorageGb (and cvat:dbMaxStorageGb) to 80 or more"),
    ],
)
def test_a_snapshot_that_does_not_fit_is_refused_with_the_remedy(wrong: dict[str, object], said: str) -> None:
    (problem,) = snapshot_problems("s", dataclasses.replace(GOOD, **wrong), SIZE)  # type: ignore[arg-type]
    assert problem.startswith("cvat:restoreDatabaseSnapshot = s:")
    assert said in problem


def test_everything_wrong_with_a_snapshot_is_said_at_once() -> None:
    assert len(list(snapshot_problems("s", dataclasses.replace(GOOD, version="14.1", encrypted=False), SIZE))) == 2


def test_a_snapshot_must_be_encrypted_with_the_key_that_stores_must_have() -> None:
    (problem,) = snapshot_problems("s", dataclasses.replace(GOOD, key_arn="theirs"), SIZE, "ours")
    assert "encrypted with theirs, and cvat:kmsKeyArn is ours" in problem
    assert not list(snapshot_problems("s", dataclasses.replace(GOOD, key_arn="ours"), SIZE, "ours"))
    assert not list(snapshot_problems("s", dataclasses.replace(GOOD, key_arn="theirs"), SIZE)), "no key is demanded"


def test_the_arn_of_a_recovery_point_becomes_the_identifier_that_rds_knows(context: StackContext) -> None:
    own = "arn:aws-cn:rds:cn-northwest-1:123456789012:snapshot:awsbackup:job-1"
    assert snapshot_identifier(context, own) == "awsbackup:job-1"
    assert snapshot_identifier(context, "before-upgrade") == "before-upgrade"
    shared = own.replace("123456789012", "999999999999")
    assert snapshot_identifier(context, shared) == shared, "a snapshot that another account shares is known by its ARN"


def put_in_place(root: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", PUT_IN_PLACE, "sh", str(root), "data", "share"]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  (our own script)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A file system as AWS Backup restores it and as mounting the access points leaves it."""
    restored = tmp_path / "aws-backup-restore_2026-11-01T18-05-00-123Z"
    (restored / "data" / "task 1").mkdir(parents=True)
    (restored / "data" / "task 1" / "image.jpg").write_text("picture")
    (restored / "data" / ".hidden").write_text("too")
    (restored / "share").mkdir()
    (restored / "share" / "demo.zip").write_text("demo")
    (tmp_path / "data").mkdir()
    (tmp_path / "share").mkdir()
    return tmp_path


def test_restored_files_come_to_where_cvat_looks(root: Path) -> None:
    done = put_in_place(root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (root / "data" / "task 1" / "image.jpg").read_text() == "picture"
    assert (root / "data" / ".hidden").exists()
    assert (root / "share" / "demo.zip").exists()
    assert sorted(path.name for path in root.iterdir()) == ["data", "share"]


def test_a_second_run_finds_nothing_to_do(root: Path) -> None:
    put_in_place(root)
    again = put_in_place(root)
    assert (again.returncode, again.stdout) == (0, "There is nothing to put in place.\n")


def test_nothing_that_is_there_is_overwritten(root: Path) -> None:
    (root / "data" / ".hidden").write_text("newer")
    done = put_in_place(root)
    assert done.returncode == 1
    assert "/data has files of the same name" in done.stdout
    assert (root / "data" / ".hidden").read_text() == "newer"


def test_two_restored_folders_are_a_question_for_the_operator(root: Path) -> None:
    (root / "aws-backup-restore_2026-11-02T18-05-00-123Z").mkdir()
    done = put_in_place(root)
    assert done.returncode == 1
    assert "delete all but one" in done.stdout
    assert not list((root / "data").iterdir())


@pytest.mark.parametrize(
    ("hour", "own", "maintenance"),
    [
        (18, "15:00-15:30", "sun:00:00-sun:00:30"),
        (2, "23:00-23:30", "sat:08:00-sat:08:30"),
        (0, "21:00-21:30", "sat:06:00-sat:06:30"),
        (23, "20:00-20:30", "sun:05:00-sun:05:30"),
    ],
)
def test_rds_keeps_its_distance_from_the_plan(hour: int, own: str, maintenance: str) -> None:
    times = BackupTimes(hour=hour)
    assert times.own_backup_window == own
    assert times.maintenance_window == maintenance
    assert times.plan_schedule == f"cron(0 {hour} * * ? *)"

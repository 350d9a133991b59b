"""A stack of the previous release becomes one of this checkout."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from rehearsal.defaults import DEFAULT_STACK, HOME
from tests.support.real_engine import RealEngine, settings_of


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    revision = os.environ.get("PREVIOUS_RELEASE", "")
    if not revision:
        pytest.skip("PREVIOUS_RELEASE names no release")
    archive, folder = tmp_path / "previous.tar", tmp_path / "previous"
    command = ["git", "archive", "--output", str(archive), revision]
    subprocess.run(command, cwd=HOME, check=True)  # noqa: S603
    with tarfile.open(archive) as files:
        files.extractall(folder, filter="data")
    return folder


def test_an_upgrade_settles_and_replaces_no_store(previous: Path, tmp_path: Path, archives: Path) -> None:
    settings = settings_of(previous / f"Pulumi.{DEFAULT_STACK}.yaml", archives)
    stores = ("aws:rds/instance:Instance", "aws:efs/fileSystem:FileSystem")
    with RealEngine(tmp_path, DEFAULT_STACK, settings, previous) as engine:
        engine.up()
        engine.use(HOME)
        upgraded = engine.up()
        replaced = [urn for operation, urn in upgraded.steps if operation == "replace"]
        assert not [urn for urn in replaced if any(f"{store}::" in urn for store in stores)], replaced
        assert not engine.settled()

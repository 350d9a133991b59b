"""The files of the CloudFormation sample are adopted by `pulumi import`, with what `cvatctl import-cfn` has written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import Account, losses
from rehearsal.defaults import HOME
from rehearsal.upgrade.command import rehearse_upgrade
from rehearsal.upgrade.exported_state import read_state
from tests.support.account_server import environment
from tests.support.old_stack import OLD, REGION, create
from tests.support.real_engine import Operation, RealEngine, settings_of

FILES = ("aws:efs/fileSystem:FileSystem", "aws:efs/mountTarget:MountTarget", "aws:efs/accessPoint:AccessPoint")


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[tuple[RealEngine, dict[str, Any]]]:
    """An old stack beside a new one that holds its files and nothing else yet, with the new one's settings."""
    folder = tmp_path_factory.mktemp("import")
    settings = settings_of(HOME / f"Pulumi.{REGION}.yaml", archives)
    with RealEngine(folder, REGION, settings) as engine:
        create(engine.account.client)
        command = [sys.executable, "-m", "cvatctl", "import-cfn", OLD, "--region", REGION, "--stack", REGION]
        subprocess.run(  # noqa: S603
            [*command, "--directory", str(folder / "written")],
            cwd=HOME,
            env=environment(engine.account.url),
            check=True,
        )
        written = yaml.safe_load((folder / "written" / "settings.yaml").read_text(encoding="utf-8"))["config"]
        engine.keep(written)
        imported = engine.run(
            "import", "--yes", "--stack", REGION, "--file", str(folder / "written" / "import.json"),
            "--generate-code=false",
        )  # fmt: skip
        assert imported.code == 0, imported.output[-3000:]
        yield engine, {**settings, **written}


def test_a_rehearsal_of_the_deployment_loses_no_file(
    adopted: tuple[RealEngine, dict[str, Any]], archives: Path
) -> None:
    engine, settings = adopted
    exported = read_state(engine.export(), "cvat")
    assert sorted(resource.type for resource in exported.resources if resource.custom) == sorted(
        (FILES[0], *[FILES[1]] * 3, *[FILES[2]] * 2)
    ), "file system, mount targets, access points"
    result, _ = rehearse_upgrade(exported, Account(), REGION, settings, archives)
    with result:
        assert result.error is None, result.error
        assert not list(losses(result.outcome))
        replaced = result.outcome.of("replaced", "deleted")
        assert not [step.title for step in replaced if step.record.type in FILES]


def test_the_deployment_updates_the_files_and_replaces_none(adopted: tuple[RealEngine, dict[str, Any]]) -> None:
    engine, _ = adopted
    before = files_of(engine)
    deployed = engine.up()
    assert not steps_of_files(deployed) - {"update"}, "each file, mount target and access point is there already"
    assert files_of(engine) == before
    assert not engine.settled()


def steps_of_files(operation: Operation) -> set[str]:
    return {name for name, urn in operation.steps if urn.split("::")[2].rpartition("$")[2] in FILES}


def files_of(engine: RealEngine) -> set[str]:
    resources = json.loads(engine.export().read_text(encoding="utf-8"))["deployment"]["resources"]
    return {resource["id"] for resource in resources if resource["type"] in FILES}

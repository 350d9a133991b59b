"""Exported states of releases, upgraded to this checkout; `tests/states` says which."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal import Account, Rehearsal, losses
from rehearsal.cli import main
from rehearsal.defaults import DEFAULT_STACK
from rehearsal.upgrade.command import rehearse_upgrade
from rehearsal.upgrade.exported_state import read_state
from rehearsal.upgrade.seeding import Seeding
from tests.support.paths import ROOT

STATES = sorted((ROOT / "tests" / "states").glob("*.json.gz"))
LEFT_OUT = "aws:cloudwatch/dashboard:Dashboard"
"""Of the state that is upgraded: nothing depends on it."""
IMPORTED = ("aws:efs/fileSystem:FileSystem", "aws:efs/mountTarget:MountTarget", "aws:efs/accessPoint:AccessPoint")
Upgraded = tuple[Rehearsal, Seeding, dict[str, Any]]


def content(state: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress(state.read_bytes()))
    return document


def written(folder: Path, document: dict[str, Any]) -> Path:
    file = folder / "export.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@pytest.fixture(scope="module", params=STATES, ids=lambda path: path.name)
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, archives: Path
) -> Iterator[Upgraded]:
    """The release's default stack, without its dashboard, with logs that are kept for longer."""
    document = content(request.param)
    resources = document["deployment"]["resources"]
    resources[:] = [resource for resource in resources if resource["type"] != LEFT_OUT]
    exported = read_state(written(tmp_path_factory.mktemp("state"), document), "cvat")
    config = {"modelArchives": str(archives), "disposable": "true", "logRetentionDays": "90"}
    result, seeding = rehearse_upgrade(exported, Account(), DEFAULT_STACK, config, archives)
    with result:
        yield result, seeding, document


def test_the_upgrade_runs_to_its_end_and_every_check_holds(upgraded: Upgraded) -> None:
    result, _, _ = upgraded
    assert result.error is None, result.error
    assert not [verdict for verdict in result.checks if not verdict.ok], result.checks


def test_no_store_is_replaced_or_deleted(upgraded: Upgraded) -> None:
    result, _, _ = upgraded
    assert not list(losses(result.outcome))


def test_what_the_settings_change_is_updated_and_what_is_missing_created(upgraded: Upgraded) -> None:
    result, _, _ = upgraded
    updated = {step.title: step.paths for step in result.outcome.of("updated")}
    assert updated["aws:cloudwatch/logGroup:LogGroup logs-server"] == ("retentionInDays",)
    created = {step.record.type for step in result.outcome.of("created")}
    assert LEFT_OUT in created


def test_stores_keep_what_the_state_says(upgraded: Upgraded) -> None:
    result, seeding, document = upgraded
    resources = document["deployment"]["resources"]
    (database,) = [resource for resource in resources if resource["type"] == "aws:rds/instance:Instance"]
    (record,) = result.of_type("aws:rds/instance:Instance")
    identifier = seeding.names.real(record.outputs["identifier"])
    assert identifier == database["outputs"]["identifier"], "what is shown has the running stack's names"
    (vpc,) = [resource for resource in resources if resource["type"] == "aws:ec2/vpc:Vpc"]
    assert seeding.names.real(result.of_type("aws:ec2/vpc:Vpc")[0].id) == vpc["id"], "and its ids"


def test_encrypted_values_count_as_unchanged(upgraded: Upgraded) -> None:
    result, seeding, _ = upgraded
    assert any("password" in line for line in seeding.encrypted)
    touched = result.outcome.of("updated", "replaced")
    assert not [step.title for step in touched if "password" in step.paths or "secretString" in step.paths]


def test_files_that_were_imported_are_updated_and_none_is_replaced(tmp_path: Path, archives: Path) -> None:
    folder = ROOT / "tests" / "states" / "import-cfn"
    exported = read_state(written(tmp_path, content(folder / "state.json.gz")), "cvat")
    settings = yaml.safe_load((folder / "settings.yaml").read_text(encoding="utf-8"))["config"]
    config = {**settings, "cvat:modelArchives": str(archives), "cvat:disposable": "true"}
    result, _ = rehearse_upgrade(exported, Account(), exported.stack, config, archives)
    with result:
        assert result.error is None, result.error
        touched = {step.title: step.verb for step in result.outcome.of("updated", "replaced", "deleted", "created")}
        files = {title: verb for title, verb in touched.items() if title.split(" ")[0] in IMPORTED}
        assert set(files.values()) <= {"updated"}, "a file system that is replaced is an empty one"
        assert not list(losses(result.outcome))


def test_what_an_import_notes_before_the_file_system_that_it_belongs_to_is_read_after_it(tmp_path: Path) -> None:
    document = content(ROOT / "tests" / "states" / "import-cfn" / "state.json.gz")
    resources = document["deployment"]["resources"]
    (files,) = [resource for resource in resources if resource["type"] == "aws:efs/fileSystem:FileSystem"]
    resources.remove(files)
    resources.append(files)
    kinds = [resource.type for resource in read_state(written(tmp_path, document), "cvat").resources]
    assert kinds.index("aws:efs/fileSystem:FileSystem") < kinds.index("aws:efs/mountTarget:MountTarget")


def refusal(capsys: pytest.CaptureFixture[str], file: Path, *words: str) -> str:
    code = main(["upgrade", "--from-state", str(file), *words])
    output = capsys.readouterr()
    assert (code, output.out) == (1, "")
    assert "Traceback" not in output.err
    return output.err


def test_an_unknown_type_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], archives: Path) -> None:
    document = content(STATES[-1])
    document["deployment"]["resources"].append(
        {
            "urn": f"urn:pulumi:{DEFAULT_STACK}::cvat::aws:lambda/function:Function::f",
            "type": "aws:lambda/function:Function",
            "custom": True,
            "id": "f",
        }
    )
    text = refusal(capsys, written(tmp_path, document), "--config", f"modelArchives={archives}")
    assert "types that the rehearsal cannot create: aws:lambda/function:Function" in text


def test_a_stack_without_settings_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(content(STATES[-1])).replace(f"urn:pulumi:{DEFAULT_STACK}::", "urn:pulumi:elsewhere::")
    assert "Pulumi.elsewhere.yaml" in refusal(capsys, written(tmp_path, json.loads(text)))


def test_a_state_of_another_region_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = json.dumps(content(STATES[-1])).replace(f"urn:pulumi:{DEFAULT_STACK}::", "urn:pulumi:ap-northeast-1::")
    refused = refusal(capsys, written(tmp_path, json.loads(text)))
    assert f"of a stack in {DEFAULT_STACK}" in refused and "aws:region: ap-northeast-1" in refused

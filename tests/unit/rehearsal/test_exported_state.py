"""What is read of an exported state, and which files are refused."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.errors import UserInputError
from rehearsal.upgrade.exported_state import ENCRYPTED, File, read_state

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
URN = "urn:pulumi:dev::cvat::aws:s3/bucket:Bucket::models"
STATE: dict[str, Any] = {
    "version": 3,
    "deployment": {
        "resources": [
            {"urn": "urn:pulumi:dev::cvat::pulumi:pulumi:Stack::cvat-dev", "type": "pulumi:pulumi:Stack"},
            {
                "urn": URN,
                "type": "aws:s3/bucket:Bucket",
                "custom": True,
                "id": "models-1234567",
                "parent": "urn:pulumi:dev::cvat::pulumi:pulumi:Stack::cvat-dev",
                "inputs": {
                    "__defaults": ["bucket"],
                    "bucket": "models-1234567",
                    "sealed": {**SECRET, "ciphertext": "v1:abc"},
                    "open": {**SECRET, "plaintext": '"in clear"'},
                    "file": {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "hash": "12ab", "path": "gone"},
                    "nothing": None,
                    "nested": {"__defaults": ["added"], "added": 1, "given": 2},
                },
                "outputs": {"arn": "arn:aws-cn:iam::111122223333:role/x", "__meta": "{}"},
                "protect": True,
            },
        ]
    },
}


def with_input(value: Any) -> dict[str, Any]:
    document = copy.deepcopy(STATE)
    document["deployment"]["resources"][1]["inputs"] = {"input": value}
    return document


@pytest.fixture
def state() -> dict[str, Any]:
    return copy.deepcopy(STATE)


def written(folder: Path, content: Any) -> Path:
    file = folder / "export.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_a_state_is_read_as_the_program_wrote_it(tmp_path: Path, state: dict[str, Any]) -> None:
    read = read_state(written(tmp_path, state), "cvat")
    assert (read.stack, read.project, read.account) == ("dev", "cvat", "111122223333")
    assert read.region == "", "the ARN of a role has none"
    (bucket,) = read.resources
    assert bucket.inputs == {
        "sealed": ENCRYPTED,
        "open": "in clear",
        "file": File("12ab"),
        "nested": {"given": 2},
    }, "neither the provider's defaults nor what is null was given by the program"
    assert (bucket.name, bucket.id, bucket.parent, bucket.protect) == ("models", "models-1234567", "", True)


def test_a_states_region_is_that_of_most_arns(tmp_path: Path, state: dict[str, Any]) -> None:
    resources = state["deployment"]["resources"]
    for number, region in enumerate(("cn-north-1", "cn-north-1", "cn-northwest-1")):
        arn = f"arn:aws-cn:sns:{region}:111122223333:topic-{number}"
        resources.append({**resources[1], "urn": f"{URN}-{number}", "outputs": {"arn": arn}})
    assert read_state(written(tmp_path, state), "cvat").region == "cn-north-1", "a replica is in another region"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("no json", "is no JSON"),
        ("[]", "no state of Pulumi's"),
        ({"version": 1, "deployment": {}}, "has the form 1"),
        ({"version": 3, "deployment": {"resources": []}}, "no resources"),
        ({"version": 3, "deployment": {"resources": [{"id": "x"}]}}, "is damaged"),
        (with_input({**SECRET, "plaintext": "no JSON"}), "is damaged"),
    ],
)
def test_what_is_no_state_is_a_sentence_with_the_remedy(tmp_path: Path, content: Any, word: str) -> None:
    with pytest.raises(UserInputError, match=word):
        read_state(written(tmp_path, content), "cvat")


def test_another_projects_state_is_refused_by_name(tmp_path: Path, state: dict[str, Any]) -> None:
    with pytest.raises(UserInputError, match="of the project 'cvat', and this is 'other'"):
        read_state(written(tmp_path, state), "other")


def test_a_reference_to_a_missing_resource_is_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    state["deployment"]["resources"][1]["dependencies"] = [f"{URN}-missing"]
    with pytest.raises(UserInputError, match=r"refers to .*models-missing, which the state lacks"):
        read_state(written(tmp_path, state), "cvat")


def test_resources_of_two_stacks_are_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    resources = state["deployment"]["resources"]
    resources.append({**resources[1], "urn": URN.replace("dev", "prod")})
    with pytest.raises(UserInputError, match="several stacks"):
        read_state(written(tmp_path, state), "cvat")


def test_a_urn_that_is_there_twice_is_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    state["deployment"]["resources"].append(state["deployment"]["resources"][1])
    with pytest.raises(UserInputError, match="models 2 times"):
        read_state(written(tmp_path, state), "cvat")


def test_what_an_interrupted_run_was_working_on_is_read(tmp_path: Path, state: dict[str, Any]) -> None:
    state["deployment"]["pending_operations"] = [
        {"resource": state["deployment"]["resources"][1], "type": "updating"},
    ]
    assert read_state(written(tmp_path, state), "cvat").pending == (URN,)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserInputError, match="cannot be read: No such file"):
        read_state(tmp_path / "missing.json", "cvat")


def test_what_was_replaced_and_not_deleted_yet_is_distinguished_from_what_took_its_place(
    tmp_path: Path, state: dict[str, Any]
) -> None:
    resources = state["deployment"]["resources"]
    resources.append({**resources[-1], "id": "models-7654321", "delete": True})
    read = read_state(written(tmp_path, state), "cvat").resources
    assert {resource.id: resource.is_leftover for resource in read} == {
        "models-1234567": False,
        "models-7654321": True,
    }

"""Mirroring base images into an in-memory ECR; the copying programs are replaced by a list of what ran."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from mirror import __main__ as mirror
from mirror import tools
from tests.support.paths import ROOT

REGION = "cn-northwest-1"
IMAGES = [mirror.Image("python", "3.8", "sha256:" + "a" * 64)]


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        yield boto3.client("ecr", region_name=REGION)


def run(ecr: Any, tool: tools.Tool) -> tuple[list[list[str]], list[str], str]:
    ran: list[list[str]] = []
    inputs: list[str] = []

    def execute(command: list[str], stdin: str) -> None:
        ran.append(command)
        inputs.append(stdin)

    base = mirror.mirror(ecr, IMAGES, "docker.io/library", "mirror", tool, execute)
    return ran, inputs, base


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: str(tool.name))
def test_every_tool_copies_by_digest_and_is_given_the_password_on_standard_input(ecr: Any, tool: tools.Tool) -> None:
    ran, inputs, base = run(ecr, tool)
    assert inputs[0], "the password"
    assert not [part for command in ran for part in command if inputs[0] in part], "a command line can be read by all"
    assert any("docker.io/library/python@sha256:" in part for command in ran[1:] for part in command)
    assert any(part.endswith(f"{base}/python:3.8") for part in ran[-1])
    assert any("amd64" in part for command in ran[1:] for part in command)


def test_repositories_are_made_once_with_tags_that_stay(ecr: Any) -> None:
    for _ in range(2):
        run(ecr, tools.TOOLS[0])
    made = ecr.describe_repositories()["repositories"]
    assert [(repository["repositoryName"], repository["imageTagMutability"]) for repository in made] == [
        ("mirror/python", "IMMUTABLE")
    ]


def test_what_is_there_is_not_copied_again(ecr: Any) -> None:
    mirror.ensure_repository(ecr, "mirror/python")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:x"}, "layers": []})
    ecr.put_image(repositoryName="mirror/python", imageTag="3.8", imageManifest=manifest)
    ran, _, _ = run(ecr, tools.TOOLS[0])
    assert len(ran) == 1, f"only the login: {ran}"


def test_a_command_that_fails_is_shown() -> None:
    with pytest.raises(mirror.FailureError, match="'false' failed with exit code 1"):
        mirror.run(["false"], "")


def test_no_tool_is_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["mirror", "--region", REGION])
    monkeypatch.setattr(tools, "find", lambda: None)
    assert mirror.main() == 1
    assert "None of crane, skopeo and docker" in capsys.readouterr().err


def test_the_first_tool_that_is_there_is_taken() -> None:
    found = tools.find(lambda name: "/bin/x" if name != "crane" else None)
    assert found is not None
    assert found.name == "skopeo"
    assert tools.find(lambda _: None) is None


def test_a_line_that_is_not_one_is_shown() -> None:
    with pytest.raises(mirror.FailureError, match=r"'python:3\.8' is not"):
        mirror.locked("python:3.8\n")


def test_the_lock_has_just_the_images_that_our_dockerfiles_start_from() -> None:
    wanted = set()
    for path in [ROOT / "patches/server.Dockerfile", ROOT / "patches/ui.Dockerfile"]:
        wanted |= set(re.findall(r"^FROM \$\{BASE_REGISTRY\}/(\S+)", path.read_text(), re.MULTILINE))
    locked = {f"{image.name}:{image.tag}" for image in mirror.locked(mirror.LOCK.read_text())}
    assert wanted <= locked, "a build from the mirror would fail"

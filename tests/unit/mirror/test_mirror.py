"""Mirroring base images into an in-memory ECR; the copying programs are replaced by a list of what ran."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.images.build_context import builds
from mirror import __main__ as mirror
from mirror import lock, tools
from mirror.errors import MirrorError
from settings.releases import RELEASES
from tests.support.paths import ROOT

REGION = "cn-northwest-1"
REGISTRIES = ("${BASE_REGISTRY}/", "${CVAT_REGISTRY}/")
"""Where base images come from: arguments of the builds."""
IMAGES = [lock.Image("python", "3.8", "sha256:" + "a" * 64)]


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
    repositories = ecr.describe_repositories()["repositories"]
    assert [(repository["repositoryName"], repository["imageTagMutability"]) for repository in repositories] == [
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
    with pytest.raises(MirrorError, match="'false' failed with exit code 1"):
        mirror.run(["false"], "")


def test_no_tool_is_explained(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(tools, "find", lambda: None)
    assert mirror.main(["--region", REGION]) == 1
    assert "None of crane, skopeo and docker" in capsys.readouterr().err


def test_the_first_tool_that_is_there_is_taken() -> None:
    tool = tools.find(lambda name: "/bin/x" if name != "crane" else None)
    assert tool is not None
    assert tool.name == "skopeo"
    assert tools.find(lambda _: None) is None


@pytest.mark.parametrize("line", ["python", "python:3.8 sha256:abc", "python:3.8 sha512:" + "a" * 64])
def test_a_line_that_is_not_one_is_shown(line: str) -> None:
    with pytest.raises(MirrorError, match=f"'{line}' is not"):
        lock.parse(f"{line}\n")


@pytest.mark.parametrize("tool", tools.TOOLS, ids=lambda tool: str(tool.name))
@pytest.mark.parametrize("output", ["{digest}\n", "docker.io/library/node@{digest}\n"])
def test_a_digest_that_the_lock_lacks_is_resolved_once_and_written_to_it(
    tool: tools.Tool, output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked, fresh = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    file = tmp_path / "images.lock"
    file.write_text(f"# a comment\npython:3.8 {locked}\nnode:16\n", encoding="utf-8")
    asked: list[list[str]] = []

    def execute(command: list[str]) -> str:
        asked.append(command)
        return output.format(digest=fresh)

    images = mirror.resolve_missing(file, "docker.io/library", tool, execute)
    assert [image.digest for image in images] == [locked, fresh]
    assert any("docker.io/library/node:16" in word for command in asked for word in command)
    assert file.read_text(encoding="utf-8") == f"# a comment\npython:3.8 {locked}\nnode:16 {fresh}\n"
    assert f"node:16 had no digest; docker.io/library has {fresh} now" in capsys.readouterr().out
    asked.clear()
    mirror.resolve_missing(file, "docker.io/library", tool, execute)
    assert not asked, "a digest that is locked is never asked for again"


def test_without_a_region_digests_are_locked_and_nothing_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = "sha256:" + "c" * 64
    file, tool = tmp_path / "images.lock", tmp_path / "crane"
    file.write_text("cvat/server:v2.73.0\n", encoding="utf-8")
    tool.write_text(
        f'#!/bin/sh\n[ "$*" = "digest docker.io/cvat/server:v2.73.0" ] && echo {digest}\n', encoding="utf-8"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert mirror.main(["--lock", str(file)]) == 0, "no credentials are there"
    assert file.read_text(encoding="utf-8") == f"cvat/server:v2.73.0 {digest}\n"
    assert "images.lock has a digest of each of its 1 images" in capsys.readouterr().out


def test_a_source_without_the_tag_is_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "images.lock"
    file.write_text("node:16\n", encoding="utf-8")
    with pytest.raises(MirrorError, match=r"crane gave no digest for docker\.io/library/node:16"):
        mirror.resolve_missing(file, "docker.io/library", tools.TOOLS[0], lambda _: "")
    assert file.read_text(encoding="utf-8") == "node:16\n"


def test_the_lock_has_just_the_images_that_our_dockerfiles_start_from() -> None:
    images = lock.base_images(lock.dockerfiles())
    locked = {image.reference for image in lock.parse(lock.LOCK.read_text(encoding="utf-8"))}
    missing = {name: [str(file.relative_to(ROOT)) for file in images[name]] for name in images.keys() - locked}
    assert not missing, f"a build from the mirror would not find these: {missing}"
    assert not locked - images.keys(), "nothing is copied that no build starts from"


def test_images_of_others_are_beside_docker_hubs_own_and_not_below_them() -> None:
    images = {image.name: image for image in lock.parse(lock.LOCK.read_text(encoding="utf-8"))}
    assert images["cvat/server"].address("docker.io/library") == "docker.io/cvat/server"
    assert images["cvat/server"].address("mirror.example.com/hub") == "mirror.example.com/hub/cvat/server"
    assert images["python"].address("docker.io/library") == "docker.io/library/python"


def test_every_build_of_the_program_is_searched_and_starts_from_the_base_registry_or_a_stage_of_its_own() -> None:
    files = lock.dockerfiles()
    every = [build for release in RELEASES.values() for build in builds(release).values()]
    assert {ROOT / build.dockerfile for build in every} <= set(files)
    for file in files:
        text = file.read_text(encoding="utf-8")
        stages = set(re.findall(r"^FROM .* AS (\S+)$", text, re.MULTILINE))
        for reference in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
            assert reference in {*stages, "scratch"} or reference.startswith(REGISTRIES), f"{file.name}: {reference}"


WITHOUT_CERTIFICATES = ("node:16.20.2-bookworm-slim",)
"""Base images without CA certificates: nodejs/docker-node's Dockerfile-slim.template purges them, read 2026-11."""


def test_a_base_image_without_certificates_can_install_them_from_an_https_mirror() -> None:
    for file in lock.dockerfiles():
        for stage in re.split(r"^(?=FROM )", file.read_text(encoding="utf-8"), flags=re.MULTILINE):
            if not any(name in stage.partition("\n")[0] for name in WITHOUT_CERTIFICATES):
                continue
            before, _, after = stage.partition("apt-get update")
            assert """'Acquire::https::Verify-Peer "false";' > /etc/apt/apt.conf.d/no-certificates-yet""" in before, (
                f"{file.name}: apt would refuse cvat:mirrorApt = https://..."
            )
            assert re.search(
                r"^[^\n]+install [^\n]*ca-certificates[^\n]*\n[^\n]*rm [^\n]*no-certificates-yet", after
            ), "once there are certificates, they are checked"

"""`doctor --offline`: what the stack's file, the machine and the state's address tell without credentials."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from settings.releases import RELEASES
from tests.support.doctor_cloud import image, said

Run = Callable[..., tuple[int, str, str]]
Stack = Callable[..., Path]


def test_a_right_stack_has_no_problem_offline(run: Run, stack: Stack) -> None:
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack()), "-v")
    assert code == 0, out
    assert "Pulumi.own.yaml keeps all rules" in out
    assert "5 functions have an archive" in out
    assert "Problems: 0." in out


def test_every_wrong_setting_is_said_at_once(run: Run, stack: Stack) -> None:
    home = stack(vpcCdr="10.0.0.0/16", serverCpu=2048, serverMemory=512, dbInstanceClass="db.x9.large")
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(home))
    assert code == 1
    assert any("Did you mean cvat:vpcCidr" in sentence for sentence in said(out, "PROBLEM", "configuration"))
    home = stack(serverCpu=2048, serverMemory=512, dbInstanceClass="db.x9.large")
    _, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(home))
    problems = " ".join(said(out, "PROBLEM", "configuration"))
    assert "cvat:serverMemory = 512" in problems
    assert "cvat:dbInstanceClass = 'db.x9.large'" in problems


def test_an_unknown_stack_is_answered_with_those_there_are(run: Run, stack: Stack) -> None:
    home = stack()
    assert "Stacks with a file in" in run("doctor", "--offline", "--project", str(home))[2]
    code, _, err = run("doctor", "--stack", "onw", "--offline", "--project", str(home))
    assert code == 2
    assert "There is no stack 'onw'" in err
    assert "own" in err


@pytest.mark.parametrize(
    ("settings", "level", "topic", "text"),
    [
        ({"region": "cn-northwest-7"}, "PROBLEM", "configuration", "no AWS region has this name"),
        ({"httpPort": 80}, "advice", "configuration", "blocked in mainland China"),
        ({}, "advice", "mirrors", "Docker Hub cannot be reached from mainland China"),
        ({"region": "cn-north-1"}, "advice", "zones", "Fargate does not run in every zone of cn-north-1"),
        ({"modelArchives": "nowhere"}, "advice", "models", "without auto-annotation"),
        (
            {"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/x"},
            "PROBLEM",
            "configuration",
            "must be the ARN of a certificate of this region (arn:aws-cn:acm:",
        ),
        ({"requestCertificate": True, "hostName": "a.cn"}, "PROBLEM", "configuration", "Set cvat:hostedZoneId"),
        ({"oidcClientSecret": "in-clear"}, "PROBLEM", "configuration", "is in clear in the stack's file"),
        ({"release": "v2"}, "PROBLEM", "images", "has no digest of cvat/server:"),
    ],
)
def test_offline_findings(run: Run, stack: Stack, settings: dict[str, Any], level: str, topic: str, text: str) -> None:
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack(**settings)))
    assert any(text in sentence for sentence in said(out, level, topic)), out
    assert code == (1 if level == "PROBLEM" else 0)


def test_a_release_of_published_images_needs_no_source(run: Run, stack: Stack) -> None:
    digests = [f"{base.reference}@sha256:{'a' * 64}" for base in RELEASES["v2"].base_images.values()]
    home = stack(release="v2", baseImageDigests=digests)
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(home))
    assert code == 0, out
    assert not said(out, "PROBLEM", "images")
    assert not any("mirrorCvatRepository" in sentence for sentence in said(out, "advice", "mirrors"))
    assert any("mirrorBaseRegistry" in sentence for sentence in said(out, "advice", "mirrors"))


def test_outside_of_china_mirrors_are_not_mentioned(run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://state?region=ap-northeast-1&awssdk=v2")
    _, out, _ = run(
        "doctor", "--stack", "own", "--offline", "--project", str(stack(region="ap-northeast-1", httpPort=80))
    )
    assert not said(out, "advice", "mirrors")
    assert "ICP" not in out


@pytest.mark.parametrize(
    ("backend", "level", "text"),
    [
        ("file:///state", "advice", "on this machine only"),
        ("s3://state", "PROBLEM", "names no region"),
        ("s3://state?region=us-east-1", "PROBLEM", "another partition"),
        ("https://api.pulumi.com", "advice", "outside of China"),
        ("", "PROBLEM", "Pulumi is not logged in"),
    ],
)
def test_the_state_backend_is_judged_by_its_address(  # noqa: PLR0913, PLR0917  (fixtures and a table)
    run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, backend: str, level: str, text: str
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", backend)
    _, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack()))
    assert any(text in sentence for sentence in said(out, level, "state")), out


def test_missing_tools_are_named_with_what_they_are_for(
    run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    code, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack()))
    assert code == 1
    tools = " ".join(said(out, "PROBLEM", "tools"))
    assert "Pulumi CLI was not found" in tools
    assert "must build the images gateway, models, server, ui" in tools
    images = {f"{name}Image": image(name) for name in ("server", "ui", "gateway", "models")}
    _, out, _ = run("doctor", "--stack", "own", "--offline", "--project", str(stack(**images)), "-v")
    assert "Docker is not needed" in out

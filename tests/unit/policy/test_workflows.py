"""The workflows keep what they promise: pinned actions, no credentials for strangers' code, the right stacks."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"^\S+@[0-9a-f]{40}$")


def steps(workflow: dict[Any, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job.get("steps", [])


def read(name: str) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return document


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_a_full_digest_with_its_version_beside_it(file: Path) -> None:
    used = [line.split("uses:")[1].strip() for line in file.read_text().splitlines() if "uses:" in line]
    foreign = [action for action in used if not action.startswith("./")]
    assert all(PINNED.match(action.partition(" #")[0]) and re.search(r"# v\d", action) for action in foreign), foreign


def test_code_of_a_pull_request_runs_without_any_credential() -> None:
    workflow = read("pull-request.yml")
    assert list(workflow[True]) == ["pull_request"], "YAML reads `on` as true; never pull_request_target"
    assert workflow["permissions"] == {"contents": "read"}
    for name in ("check", "rehearse", "changed"):
        job = workflow["jobs"][name]
        assert "permissions" not in job
        assert "secrets." not in str(job)
    for step in steps(workflow):
        if "checkout" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_who_may_comment_runs_nothing_of_the_pull_request() -> None:
    workflow = read("comment.yml")
    used = [step.get("uses", "") for step in steps(workflow)]
    assert not any("checkout" in action for action in used)
    assert not any("run" in step for step in steps(workflow))
    assert workflow["permissions"] == {}


def test_the_audience_and_the_role_are_those_of_the_partition() -> None:
    (login,) = [step["with"] for step in steps(read("pulumi.yml")) if "configure-aws" in step.get("uses", "")]
    assert "'sts.amazonaws.com.cn' || 'sts.amazonaws.com'" in login["audience"]
    assert "AWS_ROLE_CN || vars.AWS_ROLE_GLOBAL" in login["role-to-assume"]
    assert "aws-access-key-id" not in login, "no long-lived key"


@pytest.fixture(scope="module")
def changed() -> Callable[..., list[str]]:
    function: Callable[..., list[str]] = runpy.run_path(str(ROOT / ".github" / "changed_stacks.py"))["changed"]
    return function


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["Pulumi.cn-north-1.yaml"], ["cn-north-1"]),
        (["Pulumi.other.yaml"], []),
        (["README.md", "docs/china.md", "tests/unit/test_region.py", "rehearsal/run.py"], []),
        (["components/network/__init__.py"], ["cn-north-1", "ap-northeast-1"]),
        (["Pulumi.yaml"], ["cn-north-1", "ap-northeast-1"]),
        (["policy/rules/permissions.py"], ["cn-north-1", "ap-northeast-1"]),
        ([], []),
    ],
)
def test_which_stacks_a_change_can_alter(
    changed: Callable[..., list[str]], files: list[str], expected: list[str]
) -> None:
    assert changed(files, ["cn-north-1", "ap-northeast-1"]) == expected


def test_a_wrong_list_of_stacks_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(ROOT / ".github" / "changed_stacks.py"))["main"]
    assert main("a", "b", "cn-north-1") == 1
    assert "must be a JSON list of stack names" in capsys.readouterr().err

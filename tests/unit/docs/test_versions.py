"""The version of the Pulumi CLI, wherever it is written."""

from __future__ import annotations

import re

import yaml

from tests.support.paths import ROOT


def test_the_project_asks_for_the_cli_that_its_python_package_belongs_to() -> None:
    """An older CLI would fail somewhere in an update instead of before it."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
    (pinned,) = re.findall(r"(?m)^pulumi==(\d+\.\d+\.\d+)$", (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert project["requiredPulumiVersion"] == f">={pinned}"
    engine = (ROOT / ".github" / "workflows" / "engine.yml").read_text(encoding="utf-8")
    assert re.findall(r"pulumi-version: (\S+)", engine) == [pinned], "CI's engine is the oldest that is supported"
    for readme in ("README.md", "README.zh-CN.md"):
        (said,) = re.findall(
            r"\[Pulumi CLI\]\(https://www\.pulumi\.com/docs/install/\) (\d+\.\d+) ", (ROOT / readme).read_text("utf-8")
        )
        assert pinned.startswith(f"{said}.")

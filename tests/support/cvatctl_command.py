"""cvatctl, run in the process of the test; and a project folder with one stack for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cvatctl.__main__ import main
from rehearsal.defaults import HOME
from tests.support.doctor_cloud import REGION

Stack = Callable[..., Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process: exit code, standard output, standard error."""

    def once(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        said = capsys.readouterr()
        assert "Traceback" not in said.err, "an operator gets sentences"
        return code, said.out, said.err

    return once


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archives: Path) -> Stack:
    """Write a project folder with one stack, `own`, and a machine that has Pulumi and Docker."""
    for name in ("pulumi", "docker"):
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"s3://state?region={REGION}&awssdk=v2")
    monkeypatch.delenv("AWS_REGION", raising=False)

    def write(**settings: Any) -> Path:
        home = tmp_path / "project"
        home.mkdir(exist_ok=True)
        (home / "serverless").mkdir(exist_ok=True)
        if not (home / "serverless" / "functions").exists():
            (home / "serverless" / "functions").symlink_to(HOME / "serverless" / "functions")
        (home / "Pulumi.yaml").write_text((HOME / "Pulumi.yaml").read_text(encoding="utf-8"), encoding="utf-8")
        usual = {"modelArchives": str(archives), "allowedCidrs": ["10.0.0.0/8"], "httpPort": 81, "preset": "team"}
        config = {f"cvat:{key}": value for key, value in {**usual, **settings}.items() if key != "region"}
        config["aws:region"] = settings.get("region", REGION)
        (home / "Pulumi.own.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")
        return home

    return write

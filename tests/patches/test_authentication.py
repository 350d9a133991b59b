"""Scripts may write over HTTPS with a session and no Referer; requests that another site provokes may not."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("CVAT_PYTHON", "")
FORGED = (
    "script with another token",
    "script without the cookie",
    "form of another site",
    "script of another site",
    "sandbox of another site",
    "page of another site",
)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """Judge and request -> what came of it."""
    if not PYTHON:
        pytest.skip("CVAT_HOME_PATCHED and CVAT_PYTHON do not name a patched checkout and its Python 3.8")
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/patches/overlay", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [PYTHON, "-W", "ignore", "-m", "tests.patches.csrf_requests"]
    done = subprocess.run(  # noqa: S603
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


def test_django_refuses_scripts_which_is_why_there_is_a_class_of_ours(outcomes: dict[str, str]) -> None:
    assert "no Referer" in outcomes["rest_framework script"]


def test_browsers_and_scripts_are_allowed(outcomes: dict[str, str]) -> None:
    assert outcomes["cvat_aws browser"] == outcomes["cvat_aws script"] == "allowed"


@pytest.mark.parametrize("name", FORGED)
def test_a_cross_origin_request_is_refused_for_the_reason_that_django_has(outcomes: dict[str, str], name: str) -> None:
    assert outcomes[f"cvat_aws {name}"].startswith("CSRF Failed")
    assert "left" not in outcomes[f"cvat_aws {name}"]

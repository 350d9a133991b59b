"""docs/images.md against the code: no variable without a word on it, and none that is not read."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = r"\b(?:CVAT|DJANGO|PGSSL|DEMO|AWS)[A-Z0-9_]*_?[A-Z]+\b"
OF_CVAT = {"CVAT_SERVERLESS"}  # read by CVAT itself
SETTINGS = {"DJANGO_AUTH_TYPE"}  # what we set for Django, not what we read


def read_by_the_code() -> set[str]:
    text = "".join(path.read_text() for path in (ROOT / "patches/overlay/cvat_aws").glob("*.py"))
    roles = {f"CVAT_LDAP_{role}_GROUPS" for role in ("ADMIN", "ANNOTATOR", "USER", "OBSERVER")}
    return {name for name in re.findall(f'"({NAME})"', text) if "{" not in name} | roles


def test_every_variable_is_documented() -> None:
    documented = set(re.findall(f"`({NAME})`", (ROOT / "docs/images.md").read_text()))
    assert read_by_the_code() - documented - SETTINGS == set()


def test_every_documented_variable_is_read() -> None:
    table = (ROOT / "docs/images.md").read_text().split("### Environment")[1].split("### What a task writes to")[0]
    documented = set(re.findall(f"`({NAME})`", table))
    assert documented - read_by_the_code() - OF_CVAT == set()

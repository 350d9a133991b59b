"""Tests by Pulumi's real engine and provider: skipped where they are not installed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.real_engine import is_missing

LONGEST_S = 3600
"""One test: the guided hour is most of one on a busy machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`make engine-test` runs them where the CLI and its plugins are."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.timeout(LONGEST_S))
    if not here or not is_missing():
        return
    if os.environ.get("ENGINE_REQUIRED"):
        raise pytest.UsageError("ENGINE_REQUIRED is set, and no Pulumi CLI with its AWS plugin is on PATH.")
    for item in here:
        item.add_marker(pytest.mark.skip(reason="no Pulumi CLI with its AWS plugin"))

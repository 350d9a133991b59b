"""Fixtures of the tests that run CVAT's own libraries."""

from __future__ import annotations

import os

import pytest

PYTHONS = {"c48411ae": os.environ.get("CVAT_PYTHON", ""), "v2": os.environ.get("CVAT_V2_PYTHON", "")}


@pytest.fixture(params=list(PYTHONS))
def python(request: pytest.FixtureRequest) -> str:
    """A Python with the packages of a release."""
    path = PYTHONS[request.param]
    if not path:
        pytest.skip("CVAT_PYTHON and CVAT_V2_PYTHON do not name the Python of this release")
    return path

"""cvatctl/canary/environment.json says what the smoke test reads; here it is held against its code."""

from __future__ import annotations

import json
from pathlib import Path

from cvatctl.canary import __main__ as canary

DECLARATION = json.loads((Path(canary.__file__).parent / "environment.json").read_text(encoding="utf-8"))


def test_declared_are_the_variables_that_the_smoke_test_reads() -> None:
    assert tuple(DECLARATION["required"]) == canary.REQUIRED
    assert set(DECLARATION["properties"]) == {*canary.REQUIRED, *canary.OPTIONAL}

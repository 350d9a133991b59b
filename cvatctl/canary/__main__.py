"""The smoke test as a scheduled task: told by variables, it writes a line of JSON for each step.

Ends with 0 if all went well, with 1 if a step failed, with 2 if it was told too little.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from cvatctl.canary import Step, smoke

REQUIRED = ("CVAT_URL", "CVAT_USER", "CVAT_PASSWORD")
OPTIONAL = ("CVAT_FUNCTIONS",)
"""Names of functions that CVAT must offer, separated by commas."""
WELL, FAILED, TOLD_TOO_LITTLE = 0, 1, 2


def lacking(told: Mapping[str, str]) -> list[str]:
    """Variables that are missing or empty."""
    return [name for name in REQUIRED if not told.get(name)]


def show(step: Step) -> None:
    """One line, which CloudWatch's queries take apart by themselves."""
    line = {"step": step.name, "ok": step.ok, "seconds": round(step.seconds, 2), "detail": step.detail}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(told: Mapping[str, str]) -> int:
    """Run the smoke test against the CVAT that the variables name."""
    if missing := lacking(told):
        sys.stderr.write(f"{', '.join(missing)} must be set: the address of CVAT, and whom to log in as.\n")
        return TOLD_TOO_LITTLE
    expected = [name for name in told.get("CVAT_FUNCTIONS", "").split(",") if name]
    steps = smoke(told["CVAT_URL"], told["CVAT_USER"], told["CVAT_PASSWORD"], expected, show)
    return WELL if all(step.ok for step in steps) else FAILED


if __name__ == "__main__":
    sys.exit(main(os.environ))

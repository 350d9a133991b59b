"""The smoke test as a scheduled task: configured by environment variables, it writes a line of JSON for each step.

Exit codes: 0 all steps worked; 1 a step failed; 2 a variable is missing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from cvatctl.canary import Step, smoke

REQUIRED = ("CVAT_URL", "CVAT_USER", "CVAT_PASSWORD")
OPTIONAL = ("CVAT_FUNCTIONS", "CVAT_RELEASE")
"""Names of functions that CVAT must offer, separated by commas; the release of CVAT."""
OK, FAILED, MISSING_VARIABLE = 0, 1, 2


def missing_variables(environment: Mapping[str, str]) -> list[str]:
    """Required variables that are missing or empty."""
    return [name for name in REQUIRED if not environment.get(name)]


def print_step(step: Step) -> None:
    """One line of JSON, whose fields CloudWatch Logs Insights discovers."""
    line = {"step": step.name, "ok": step.ok, "seconds": round(step.seconds, 2), "detail": step.detail}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main(environment: Mapping[str, str]) -> int:
    """Run the smoke test against the CVAT that the variables name."""
    if missing := missing_variables(environment):
        sys.stderr.write(f"{', '.join(missing)} must be set: the address of CVAT, and the user to log in as.\n")
        return MISSING_VARIABLE
    expected = [name for name in environment.get("CVAT_FUNCTIONS", "").split(",") if name]
    login = (environment["CVAT_URL"], environment["CVAT_USER"], environment["CVAT_PASSWORD"])
    steps = smoke(*login, expected, print_step, release=environment.get("CVAT_RELEASE") or "c48411ae")
    return OK if all(step.ok for step in steps) else FAILED


if __name__ == "__main__":
    sys.exit(main(os.environ))

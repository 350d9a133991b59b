"""Start CVAT v2's containers as processes, with PostgreSQL and Redis by TLS; use them as a browser does.

    python -m patches.trial.v2 --home DIR --python FILE    a patched checkout and a Python 3.12 with its packages

docs/images.md has the commands that make them. OPA and smokescreen are taken from PATH, or built with Go from their
modules. Nothing but the folder of the trial is written to; where a step fails, the folder stays.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from patches.trial.__main__ import in_folder, missing, run
from patches.trial.cloud import cloud
from patches.trial.models import models
from patches.trial.processes import Place
from patches.trial.services import Services
from patches.trial.serving import free_port
from patches.trial.v2.fleet import FleetV2
from patches.trial.v2.function_steps import hook
from patches.trial.v2.go_programs import OPA, SMOKESCREEN, go_program
from patches.trial.v2.steps import TrialV2

POSTGRES_PASSWORD, REDIS_PASSWORD = "p@ss/w:rd %2F?#", "r3d!s/p@ss:w#rd%2F?"
MEDIA_PASSWORD = "m/e:d@i#a%3A&="  # noqa: S105 - of this trial alone
"""Each breaks a URL that it is put into as it is."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m patches.trial.v2", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="a patched checkout of CVAT")
    parser.add_argument("--python", default="python", help="the Python that has CVAT's packages")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and data behind")
    return parser.parse_args()


def attempt(chosen: argparse.Namespace, folder: Path) -> int:
    """All steps; the exit code. Raises MissingError."""
    for module in (OPA, SMOKESCREEN):
        go_program(module)
    services = Services(
        folder / "services",
        postgres_port=25433,
        redis_port=26380,
        media_redis_port=26381,
        postgres_password=POSTGRES_PASSWORD,
        redis_password=REDIS_PASSWORD,
        media_redis_password=MEDIA_PASSWORD,
    )
    place = Place(None, chosen.home.resolve(), str(Path(chosen.python).absolute()))
    with cloud() as aws, models() as slow, hook() as received:
        fleet = FleetV2(place, services, folder)
        try:
            services.start()
            fleet.gateway(free_port())
            return run(TrialV2(fleet, aws, slow, received))
        finally:
            fleet.stop()
            services.stop()


def main() -> int:
    chosen = options()
    if sentence := missing(chosen):
        sys.stderr.write(f"{sentence}\n")
        return 2
    return in_folder(lambda folder: attempt(chosen, folder), keep=chosen.keep)


if __name__ == "__main__":
    sys.exit(main())

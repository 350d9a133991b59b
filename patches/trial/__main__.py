"""Start CVAT's processes against PostgreSQL and Redis with TLS and passwords; use them as a browser does.

    python -m patches.trial --root DIR                a root file system made from the server image (as root)
    python -m patches.trial --home DIR --python FILE  a patched checkout and a Python 3.8 with its packages

docs/images.md has the commands that make either. Nothing but the folder of the trial is written to; where a step
fails, the folder stays.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from patches.trial.client import RefusedError
from patches.trial.cloud import cloud
from patches.trial.models import models
from patches.trial.processes import Fleet, Place
from patches.trial.services import MissingError, Services
from patches.trial.steps import Step, Trial


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m patches.trial",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--root", type=Path, help="a root file system made from the server image")
    where.add_argument("--home", type=Path, help="a patched checkout of CVAT")
    parser.add_argument("--python", default="python", help="with --home: the Python that has CVAT's packages")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and data behind")
    return parser.parse_args()


def place(chosen: argparse.Namespace) -> Place:
    if chosen.root:
        return Place(chosen.root.resolve(), chosen.root.resolve() / "home/django", "/opt/venv/bin/python")
    return Place(None, chosen.home.resolve(), chosen.python)


def missing(chosen: argparse.Namespace) -> str | None:
    """What the command line names and is not there, with how it is made; None where all is there."""
    root: Path | None = getattr(chosen, "root", None)
    option, home = (f"--root {root}", root / "home/django") if root else (f"--home {chosen.home}", chosen.home)
    if not (home / "manage.py").is_file():
        what = "no root file system of the server image" if root else "no checkout of CVAT"
        return (
            f"{option}: it is {what} ({home / 'manage.py'} is missing). docs/images.md has the commands that make one."
        )
    if root is None and shutil.which(chosen.python) is None:
        return f"--python {chosen.python}: there is no such program. `make trial-home` makes one with CVAT's packages."
    return None


class Steps(Protocol):
    """A trial of one release."""

    @property
    def fleet(self) -> Fleet: ...

    def steps(self) -> Iterator[Step]: ...


def run(trial: Steps) -> int:
    """Steps build on each other, so the first that fails is the last; it shows the logs of processes that ended."""
    for number, (title, step) in enumerate(trial.steps(), start=1):
        began = time.monotonic()
        try:
            result = step()
        except (RefusedError, OSError, KeyError, subprocess.TimeoutExpired) as error:
            logs = [log for log in trial.fleet.ended().values() if log not in str(error)]
            problem = "\n".join([str(error), *logs])
            sys.stdout.write(f"{number:2} FAILED  {title}\n           {problem}\n")
            return 1
        sys.stdout.write(f"{number:2} ok      {title}  [{time.monotonic() - began:.1f} s]\n           {result}\n")
        sys.stdout.flush()
    return 0


def in_folder(attempt: Callable[[Path], int], *, keep: bool) -> int:
    """Tries in a new folder, which goes if all went well; the exit code. 2: what the trial needs is missing."""
    folder = Path(tempfile.mkdtemp(prefix="cvat-trial-"))
    folder.chmod(0o755)
    code = 1
    try:
        code = attempt(folder)
    except MissingError as missing:
        sys.stderr.write(f"{missing}\n")
        code = 2
    finally:
        if code or keep:
            sys.stdout.write(f"logs and data: {folder}\n")
        else:
            shutil.rmtree(folder)
    return code


def main() -> int:
    chosen = options()
    if chosen.home and os.geteuid() == 0:
        sys.stderr.write("With --home, run this as an ordinary user: Apache serves no pages as root.\n")
        return 2
    if sentence := missing(chosen):
        sys.stderr.write(f"{sentence}\n")
        return 2
    return in_folder(lambda folder: _try(place(chosen), folder), keep=chosen.keep)


def _try(where: Place, folder: Path) -> int:
    services = Services(folder / "services")
    with cloud() as aws, models() as detector:
        fleet = Fleet(where, services, folder, models_port=detector.server_port)
        try:
            services.start()
            if where.root:
                shutil.copy(folder / "services/ca.pem", where.home / "share/trial-ca.pem")
            return run(Trial(fleet, aws, detector))
        finally:
            fleet.stop()
            services.stop()


if __name__ == "__main__":
    sys.exit(main())

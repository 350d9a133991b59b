"""A picture of a report, taken by a headless Chromium: python -m rehearsal.report.picture REPORT.html PICTURE.png"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
REMEDY = "Install it, on Debian with: apt-get install chromium chromium-driver"

FLAGS = (
    "--headless",
    "--no-sandbox",  # the report is our own file, and containers allow no sandbox to root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
"""Chromium as a tool: no window, no calls home."""

SIZE = (1280, 1760)
"""Pixels: from the title to the diagram's legend."""
TIMEOUT_SECONDS = 60


def browser() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def take(chromium: str, page: Path, picture: Path) -> None:
    """Write the page's upper part as PNG."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    width, height = SIZE
    with tempfile.TemporaryDirectory() as profile:
        flags = [f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={picture.resolve()}"]
        subprocess.run(  # noqa: S603  (a browser that was looked up, on a file of ours)
            [chromium, *FLAGS, *flags, page.resolve().as_uri()],
            check=True,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.report.picture", description=__doc__)
    parser.add_argument("report", type=Path, help="a report.html that the rehearsal has written")
    parser.add_argument("picture", type=Path, help="the PNG file to write")
    arguments = parser.parse_args(argv)
    if not arguments.report.is_file():
        sys.stderr.write(f"{arguments.report} does not exist: make it with `make rehearse`.\n")
        return 1
    chromium = browser()
    if chromium is None:
        sys.stderr.write(f"No Chromium was found ({', '.join(NAMES)}). {REMEDY}\n")
        return 1
    take(chromium, arguments.report, arguments.picture)
    sys.stdout.write(f"{arguments.picture}: {arguments.picture.stat().st_size // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

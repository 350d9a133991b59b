"""Why a test may be skipped, and how to get it run. In CI (variable CI) any other reason fails the run."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Skip:
    """A reason that tests give for being skipped."""

    reason: str
    """Regular expression for the start of the reason's text."""

    remedy: str

    in_ci: bool = False
    """Whether CI may skip for it: only what cannot be installed from Debian or PyPI in a minute."""


SKIPS = (
    Skip(r"no Chromium or no chromedriver", "apt-get install chromium chromium-driver"),
    Skip(r"redis-server is not installed", "apt-get install redis-server"),
    Skip(r"nginx is not installed", "apt-get install nginx"),
    Skip(r"slapd is not installed", "apt-get install slapd", in_ci=True),
    Skip(r"git is not installed", "apt-get install git"),
    Skip(r"policy/\.venv is missing", "make policy"),
    Skip(
        r"torch and torchvision are not installed",
        "pip install torch torchvision (200 MB; the exports of serverless/models need them)",
        in_ci=True,
    ),
    Skip(
        r"torch, transformers and segment-anything are not installed",
        "pip install torch torchvision transformers segment-anything (1 GB; networks are compared with the originals)",
        in_ci=True,
    ),
    Skip(r"npm is not installed", "apt-get install npm", in_ci=True),
    Skip(
        r"CVAT_CHECKOUT does not name a clone",
        "git clone https://github.com/cvat-ai/cvat build/cvat, then CVAT_CHECKOUT=build/cvat make test",
        in_ci=True,
    ),
    Skip(
        r"CVAT_HOME_PATCHED and CVAT_PYTHON do not name",
        'docs/images.md, "Trial", makes both: a patched checkout and its Python 3.8',
        in_ci=True,
    ),
    Skip(
        r"CVAT_PYTHON and CVAT_V2_PYTHON do not name",
        'docs/images.md, "Trial", makes both: the Python of each release',
        in_ci=True,
    ),
    Skip(
        r"CVAT_V2_HOME and CVAT_V2_PYTHON do not name",
        'docs/images.md, "Trial", makes both for RELEASE=v2: a patched checkout and its Python 3.12',
        in_ci=True,
    ),
    Skip(r"Debian has awk", "apt-get install mawk"),
    Skip(
        r"no Pulumi CLI with its AWS plugin",
        "install the Pulumi CLI, `pulumi install` in this folder, make engine-test (docs/practice.md)",
        in_ci=True,
    ),
    Skip(
        r"PREVIOUS_RELEASE names no release",
        "PREVIOUS_RELEASE=v0.2.0 make engine-test",
        in_ci=True,
    ),
    Skip(r"this clone does not hold [0-9a-f]{40}", "git fetch --unshallow", in_ci=True),
)


def entry(reason: str) -> Skip | None:
    """The entry of SKIPS that a reason belongs to."""
    return next((skip for skip in SKIPS if re.match(skip.reason, reason)), None)


def forbidden(reasons: Iterable[str]) -> list[str]:
    """The reasons for which CI may not skip a test."""
    return sorted({reason for reason in reasons if (skip := entry(reason)) is None or not skip.in_ci})


def summary(reasons: Iterable[str]) -> list[str]:
    """A line for each reason: how many tests, why, and what to do."""
    counts = Counter((skip, "") if (skip := entry(reason)) else (None, reason) for reason in reasons)
    lines = []
    for (skip, text), count in sorted(counts.items(), key=lambda item: -item[1]):
        tests = f"{count} test{'s' if count > 1 else ''} skipped"
        if skip is None:
            lines.append(f"{tests}: {text} (no known reason: add it to tests/support/skips.py)")
        else:
            lines.append(f"{tests}: {_plain(skip.reason)}. To run: {skip.remedy}")
    return lines


def _plain(expression: str) -> str:
    return expression.replace("\\", "").replace("[0-9a-f]{40}", "an older commit")


def _reasons(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    return [str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped]


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The last lines say what was skipped, and how to get it run."""
    for line in summary(_reasons(config)):
        terminalreporter.write_line(line)
    if os.environ.get("CI"):
        for reason in forbidden(_reasons(config)):
            terminalreporter.write_line(f"FAILED: in CI no test may be skipped because {reason}", red=True)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI the run fails if a test was skipped for another reason than those of SKIPS that CI may have."""
    is_worker = hasattr(session.config, "workerinput")  # of pytest-xdist: the controller sees all reports
    if os.environ.get("CI") and not is_worker and session.exitstatus == 0 and forbidden(_reasons(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

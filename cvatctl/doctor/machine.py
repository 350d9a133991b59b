"""The machine that `pulumi up` runs on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from cvatctl.doctor.finding import Case, Finding


def tools(case: Case | None) -> Iterator[Finding]:
    """The programs that a deployment calls."""
    if shutil.which("pulumi") is None:
        yield Finding(
            "problem",
            "tools",
            "The Pulumi CLI was not found. Install it (https://www.pulumi.com/docs/install/); inside mainland China "
            "its plugins are slow to come: `pulumi plugin install --server` takes a mirror.",
        )
    else:
        yield Finding("ok", "tools", "the Pulumi CLI is there.")
    if case is None:
        return
    wanted = {"server", "ui"} | ({"gateway", "models"} if case.functions else set())
    builds = sorted(wanted - set(case.settings.given_images))
    if not builds:
        yield Finding("ok", "tools", "all images are given, so Docker is not needed.")
    elif shutil.which("docker") is None:
        yield Finding(
            "problem",
            "tools",
            f"Docker was not found, and the images {', '.join(builds)} are built here. Install it, or give ready "
            "images (cvat:serverImage and so on).",
        )
    else:
        yield Finding("ok", "tools", f"Docker is there to build {', '.join(builds)}.")

"""Programs on this machine that `pulumi up` calls."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from cvatctl.doctor.finding import Finding, PlannedStack


def tools(stack: PlannedStack | None) -> Iterator[Finding]:
    """Findings on the Pulumi CLI and Docker."""
    if shutil.which("pulumi") is None:
        yield Finding(
            "problem",
            "tools",
            "The Pulumi CLI was not found. Install it (https://www.pulumi.com/docs/install/); inside mainland China "
            "its plugins are slow to come: `pulumi plugin install --server` takes a mirror.",
        )
    else:
        yield Finding("ok", "tools", "the Pulumi CLI is there.")
    if stack is None:
        return
    images = {"server", "ui"} | ({"gateway", "models"} if stack.functions else set())
    builds = sorted(images - set(stack.settings.images.ready))
    if not builds:
        yield Finding("ok", "tools", "all images are given, so Docker is not needed.")
    elif shutil.which("docker") is None:
        yield Finding(
            "problem",
            "tools",
            f"Docker was not found, and this machine must build the images {', '.join(builds)}. Install it, or name "
            "existing images (cvat:serverImage and so on).",
        )
    else:
        yield Finding("ok", "tools", f"Docker is there to build {', '.join(builds)}.")

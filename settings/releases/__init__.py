"""The releases of CVAT that a stack can run: one file for each, of the record in release.py."""

from __future__ import annotations

from settings.releases.c48411ae import C48411AE
from settings.releases.release import Release
from settings.releases.v2 import V2

DEFAULT = C48411AE
RELEASES = {release.name: release for release in (C48411AE, V2)}
"""By the value of `cvat:release`."""

__all__ = ["DEFAULT", "RELEASES", "Release"]

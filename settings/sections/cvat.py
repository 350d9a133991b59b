"""Section "Release of CVAT": which CVAT the stack runs, and which one filled the database that it begins with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from settings.releases import RELEASES, Release
from settings.sections.adopted import Adopted
from settings.sections.restore import Restore
from settings.sections.section import Section


class Cvat(Section):
    """Release of CVAT"""

    release: Literal["c48411ae", "v2"] = "c48411ae"
    """`c48411ae` is CVAT of 2021, as the reference deployment runs it; `v2` is CVAT's current line
    (docs/releases.md says which version). A stack keeps its release: an upgrade from one to the other is a new stack
    with the restored data and upgradeFrom."""
    upgrade_from: Literal["", "c48411ae"] = ""
    """Release that has filled the restored database of a new stack: the initialisation then migrates it step by step.
    Empty: the database is new, or of the stack's own release. Remove it after the upgrade."""

    @property
    def chosen(self) -> Release:
        """What `cvat:release` names."""
        return RELEASES[self.release]

    @property
    def upgrade_images(self) -> tuple[str, ...]:
        """Images of the steps that come before the release's own migration."""
        return self.chosen.upgrades.get(self.upgrade_from, ())


def upgrade(cvat: Cvat, restore: Restore, adopted: Adopted) -> Iterator[str]:
    """An upgrade changes the database beyond return, so it works on a copy."""
    if not cvat.upgrade_from:
        return
    if cvat.upgrade_from not in cvat.chosen.upgrades:
        yield (
            f"cvat:upgradeFrom = {cvat.upgrade_from}: cvat:release = {cvat.release} cannot take over its database. "
            "Remove cvat:upgradeFrom, or set cvat:release to a release that can (docs/releases.md)."
        )
    elif not restore.restore_database_snapshot and not adopted.db_instance_id:
        yield (
            f"cvat:upgradeFrom = {cvat.upgrade_from}: there is no database to upgrade. Name a snapshot of it in "
            "cvat:restoreDatabaseSnapshot, and the restored files in cvat:fileSystemId (docs/releases.md)."
        )

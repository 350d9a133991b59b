"""The steps of an upgrade from c48411ae that are not migrations of the current CVAT.

CVAT v2.48.1 and later cannot read a database that is older than v2.0: its migrations are gone. The container `upgrade`,
CVAT v2.48.0, runs before `init` and brings the database to its own state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cvat_aws.environment import UnusableError

OLD = "c48411ae"
LAST_OF_V2_48 = "0093_issue_assignee_updated_date_alter_issue_assignee_and_more"
"""The newest migration of CVAT's engine in v2.48.0."""
Say = Callable[[str], None]


def before(cursor: Any, say: Say) -> None:
    """Raises UnusableError where `upgrade` has not done its part: `migrate` would only say NodeNotFoundError."""
    cursor.execute("SELECT to_regclass('django_migrations')")
    if cursor.fetchone()[0] is None:
        raise UnusableError(
            f"CVAT_UPGRADE_FROM is {OLD}, but the database is empty: there is nothing to upgrade. Restore the snapshot "
            "of the old stack (cvat:restoreDatabaseSnapshot), or leave out cvat:upgradeFrom."
        )
    cursor.execute("SELECT count(*) FROM django_migrations WHERE app = 'engine' AND name = %s", [LAST_OF_V2_48])
    if not cursor.fetchone()[0]:
        raise UnusableError(
            "The database is that of an older CVAT than v2.48.0, which the container `upgrade` should have brought up "
            "to date. Look at its log, correct what it names, and run this task again."
        )
    say(f"upgrading the data of {OLD}, which v2.48.0 has migrated: {_sizes(cursor)}")


def after(cursor: Any, say: Say) -> None:
    """What of the old release has another name today."""
    cursor.execute(
        "UPDATE engine_cloudstorage SET credentials_type = 'ANONYMOUS_ACCESS', credentials = '' "
        "WHERE credentials_type = 'TASK_ROLE'"
    )
    say(f"{cursor.rowcount} cloud storages are opened by the task's role as before, now as 'Anonymous access'")
    say(f"after the migrations: {_sizes(cursor)}")


def _sizes(cursor: Any) -> str:
    """For the log, before and after: numbers that must not change."""
    sizes = []
    for name, table in COUNTED.items():
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a constant
        sizes.append(f"{cursor.fetchone()[0]} {name}")
    return ", ".join(sizes)


COUNTED = {
    "users": "auth_user",
    "projects": "engine_project",
    "tasks": "engine_task",
    "jobs": "engine_job",
    "images": "engine_image",
    "shapes": "engine_labeledshape",
    "tracks": "engine_labeledtrack",
    "tags": "engine_labeledimage",
}
"""The same tables in both releases."""

"""The container's entry point: `python -m cvat_aws_upgrade`. A second run finds nothing to do."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from cvat_aws import initialise
from cvat_aws.entry import BAD_USE
from cvat_aws.environment import Reader, UnusableError
from cvat_aws.stores import RDS_ROOTS

LAST = "0093_issue_assignee_updated_date_alter_issue_assignee_and_more"
"""The newest migration of CVAT's engine in v2.48.0."""
FIRST_OF_V2 = "0041_auto_20210827_0258"
"""The first after c48411ae."""


def say(message: str) -> None:
    sys.stdout.write(f"upgrade: {message}\n")
    sys.stdout.flush()


def check(env: Mapping[str, str]) -> None:
    """Raises UnusableError with all that is wrong."""
    read = Reader(env)
    read.required("DJANGO_SECRET_KEY", "the key that signs sessions, the same in every task")
    read.required("CVAT_POSTGRES_HOST", "the host name of PostgreSQL")
    read.required("CVAT_POSTGRES_USER", "the PostgreSQL user")
    read.required("CVAT_POSTGRES_PASSWORD", "the PostgreSQL user's password")
    read.finish()


def applied(cursor: Any) -> set[str]:
    """Names of the engine's migrations in the database; none where it is empty."""
    cursor.execute("SELECT to_regclass('django_migrations')")
    if cursor.fetchone()[0] is None:
        return set()
    cursor.execute("SELECT name FROM django_migrations WHERE app = 'engine'")
    return {name for (name,) in cursor.fetchall()}


def complete(cursor: Any) -> None:
    """CVAT gives each user a profile when the user is made; a user without one would end a migration (0086)."""
    cursor.execute(
        "INSERT INTO engine_profile (user_id, rating) SELECT id, 0 FROM auth_user "
        "WHERE id NOT IN (SELECT user_id FROM engine_profile)"
    )
    if cursor.rowcount:
        say(f"{cursor.rowcount} users had no profile: made")


def migrate() -> None:
    """Django is set up. Raises UnusableError where there is nothing that this could migrate."""
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        initialise.lock(cursor)
        names = applied(cursor)
        if LAST in names:
            say("the database is that of v2.48.0 or newer: nothing to do")
            return
        if not names:
            raise UnusableError(
                "The database is empty: there is nothing to upgrade. Restore the snapshot of the old stack "
                "(cvat:restoreDatabaseSnapshot), or leave out cvat:upgradeFrom."
            )
        if FIRST_OF_V2 not in names:
            complete(cursor)
        say(f"{len(names)} migrations of the engine were applied; migrating with CVAT v2.48.0")
        call_command("migrate", interactive=False, no_color=True)
        say("done; `init` continues with the current CVAT")


def main() -> int:
    os.environ.setdefault("PGSSLMODE", "verify-full")  # libpq reads them: CVAT has no settings for TLS
    os.environ.setdefault("PGSSLROOTCERT", RDS_ROOTS)
    os.environ["DJANGO_SETTINGS_MODULE"] = "cvat_aws_upgrade.settings"
    try:
        check(os.environ)
        import django

        django.setup()
        from django.db import OperationalError

        try:
            migrate()
        except OperationalError as error:
            raise UnusableError(f"PostgreSQL cannot be used: {str(error).strip()}") from error
    except UnusableError as problem:
        sys.stderr.write(f"upgrade cannot work:\n{problem}\n")
        return BAD_USE
    return 0


if __name__ == "__main__":
    sys.exit(main())

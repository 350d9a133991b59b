"""`init`: bring both stores up to date and make the administrator. A second run does no harm."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cvat_aws.environment import Reader, UnusableError
from cvat_aws.initialise import lock, public_name, say, superuser

from cvat_aws_v2 import upgrade


class Options(NamedTuple):
    name: str
    email: str
    password: str
    upgrade_from: str
    """The release whose data these are; empty: this one's."""


def options(env: Mapping[str, str]) -> Options:
    """Raises UnusableError with all that is wrong."""
    read = Reader(env)
    chosen = Options(
        read.required("DJANGO_SUPERUSER_USERNAME", "the administrator's name"),
        read.text("DJANGO_SUPERUSER_EMAIL"),
        read.required("DJANGO_SUPERUSER_PASSWORD", "the administrator's password"),
        read.choice("CVAT_UPGRADE_FROM", ["", upgrade.OLD]),
    )
    read.finish()
    return chosen


def administrators_group(settings: Any, users: Any, groups: Any, name: str) -> None:
    """CVAT's policies ask for the group; CVAT itself adds it only where accounts are its own (not with LDAP)."""
    users.get(username=name).groups.add(groups.get(name=settings.IAM_ADMIN_ROLE))


Migration = tuple[str, str]
"""Application and name, which begins with a number."""


def newer(applied: Iterable[Migration], known: Iterable[Migration]) -> list[Migration]:
    """Applied migrations that come after the last one known of their application.

    Those of before are no concern: CVAT's images lack what they have squashed, and applications that are gone.
    """
    last: dict[str, int] = {}
    for application, name in known:
        last[application] = max(last.get(application, 0), _number(name))
    return sorted(
        (application, name) for application, name in applied if _number(name) > last.get(application, _number(name))
    )


def _number(name: str) -> int:
    digits = name.partition("_")[0]
    return int(digits) if digits.isdigit() else 0


def refuse_newer(connection: Any) -> None:
    """Raises UnusableError where a newer CVAT has migrated the database: Django would run this one on it in silence."""
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.recorder import MigrationRecorder

    ahead = newer(MigrationRecorder(connection).applied_migrations(), MigrationLoader(None).disk_migrations)
    if ahead:
        names = ", ".join(f"{application} {name}" for application, name in ahead)
        raise UnusableError(
            f"A newer CVAT has migrated the database, and there is no way back: this one does not know {names}. Deploy "
            "the newer one again, or restore the snapshot from before its migration as a new stack (docs/releases.md)."
        )


def _command(name: str, **arguments: Any) -> None:
    """Run one of Django's commands; its lines become ours."""
    from django.core.management import call_command

    output = io.StringIO()
    try:
        call_command(name, stdout=output, **arguments)
    finally:
        for line in output.getvalue().splitlines():
            say(f"{name}: {line.strip()}")


def run(chosen: Options) -> int:
    """Django is set up. One init at a time; the others wait, and then find nothing to do."""
    from django.conf import settings
    from django.contrib.auth import get_user_model, hashers
    from django.contrib.auth.models import Group
    from django.contrib.sites.models import Site
    from django.db import OperationalError, connection, transaction

    try:
        with connection.cursor() as cursor:
            lock(cursor)
            refuse_newer(connection)
            if chosen.upgrade_from:
                upgrade.before(cursor, say)
            say("migrating the database")
            _command("migrate", interactive=False, no_color=True)
            if chosen.upgrade_from:
                upgrade.after(cursor, say)
            say("migrating Redis, and its list of periodic jobs")
            _command("migrateredis", no_color=True)
            _command("syncperiodicjobs", no_color=True)
            with transaction.atomic():
                say(public_name(settings, Site.objects))
                users = get_user_model().objects
                say(superuser(cursor, users, hashers, chosen.name, chosen.email, chosen.password))
                administrators_group(settings, users, Group.objects, chosen.name)
    except OperationalError as error:
        raise UnusableError(f"PostgreSQL cannot be used: {str(error).strip()}") from error
    say("done")
    return 0

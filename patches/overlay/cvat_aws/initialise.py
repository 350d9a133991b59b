"""`cvat-aws init`: bring the database up to date and make the administrator. A second run does no harm."""

from __future__ import annotations

import sys
import time
from typing import Any, Callable, Mapping
from urllib.parse import urlsplit

from cvat_aws.environment import Reader, UnusableError

LOCK_KEY = 0x43564154  # "CVAT"; any number will do, as long as every init takes the same
LOCK_PATIENCE_S = 600.0
POLL_S = 2.0
NAME_LENGTH = 50
"""Characters of the name of Django's site."""

# What the secret was when it was last applied, as Django stores passwords: salted and slow to guess. It tells
# "the secret was changed" (apply it) from "the administrator changed the password in CVAT" (leave it).
APPLIED_TABLE = """
    CREATE TABLE IF NOT EXISTS cvat_aws_applied_secret (username text PRIMARY KEY, fingerprint text NOT NULL)
"""


def say(message: str) -> None:
    sys.stdout.write(f"init: {message}\n")
    sys.stdout.flush()


def lock(cursor: Any, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> None:
    """Take PostgreSQL's advisory lock; the session holds it, so it is freed however this process ends."""
    deadline = clock() + LOCK_PATIENCE_S
    while True:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK_KEY])
        if cursor.fetchone()[0]:
            return
        if clock() > deadline:
            raise UnusableError(
                f"Another init has held the database for {LOCK_PATIENCE_S:.0f} s. "
                "Look at its log, stop its task, and start this one again."
            )
        say("another init is at work; waiting for it")
        sleep(POLL_S)


def superuser(cursor: Any, users: Any, hasher: Any, name: str, email: str, password: str) -> str:
    """Create the administrator, or give it the secret's password if that changed. Returns what was done.

    `users` is Django's user manager and `hasher` its password hashing (`make_password`, `check_password`).
    """
    cursor.execute(APPLIED_TABLE)
    cursor.execute("SELECT fingerprint FROM cvat_aws_applied_secret WHERE username = %s", [name])
    row = cursor.fetchone()
    user = users.filter(username=name).first()
    if user is not None and row is not None and hasher.check_password(password, row[0]):
        return f"administrator '{name}' exists and the secret has not changed"
    if user is None:
        users.create_superuser(name, email, password)
        done = f"administrator '{name}' created"
    else:
        user.set_password(password)
        user.is_staff = user.is_superuser = user.is_active = True
        user.save()
        done = f"password of administrator '{name}' set to the secret's new value"
    cursor.execute(
        "INSERT INTO cvat_aws_applied_secret VALUES (%s, %s) "
        "ON CONFLICT (username) DO UPDATE SET fingerprint = excluded.fingerprint",
        [name, hasher.make_password(password)],
    )
    return done


def public_name(settings: Any, sites: Any) -> str:
    """Name the site by the address that users open. Links in mails are made from it; Django calls it example.com."""
    host = urlsplit(settings.UI_URL).netloc
    sites.update_or_create(id=settings.SITE_ID, defaults={"domain": host, "name": host[:NAME_LENGTH]})
    return f"links in mails go to {host}"


def run(env: Mapping[str, str]) -> int:
    read = Reader(env)
    name = read.required("DJANGO_SUPERUSER_USERNAME", "the administrator's name")
    email = read.text("DJANGO_SUPERUSER_EMAIL")
    password = read.required("DJANGO_SUPERUSER_PASSWORD", "the administrator's password")
    read.finish()

    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import get_user_model, hashers
    from django.contrib.sites.models import Site
    from django.core.management import call_command
    from django.db import OperationalError, connection, transaction

    try:
        with connection.cursor() as cursor:
            lock(cursor)
            say("migrating the database")
            call_command("migrate", interactive=False)
            with transaction.atomic():
                say(public_name(settings, Site.objects))
                say(superuser(cursor, get_user_model().objects, hashers, name, email, password))
    except OperationalError as error:
        raise UnusableError(f"PostgreSQL cannot be used: {str(error).strip()}") from error
    say("done")
    return 0

"""`python -m tests.patches.ldap_login NAME PASSWORD [BEFORE]`: log in as CVAT does, with our settings.

Prints whether the user is a superuser, and the groups. BEFORE: what the account was: `local` (an administrator with a
password of its own), `directory` (one that the directory's groups had made), `off` (switched off in CVAT).
Runs in CVAT's Python of either release, with django-auth-ldap and an SQLite database in memory, but without CVAT.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import django
from cvat_aws import directory
from cvat_aws.environment import Reader
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

BEFORE: dict[str, dict[str, Any]] = {
    "local": {"is_staff": True, "is_superuser": True, "password": "a password of its own"},
    "directory": {"is_staff": True, "is_superuser": True, "password": None},
    "off": {"is_active": False, "password": None},
}


def main(name: str, password: str, before: str = "") -> None:
    read = Reader(os.environ)
    ldap = directory.ldap(read, ["django.contrib.auth.backends.ModelBackend"])
    read.finish()
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        **directory.with_searches(ldap),
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from django_auth_ldap.backend import populate_user  # noqa: PLC0415 - has models: Django must be set up

    groups: list[str] = []

    def populate(user: Any, ldap_user: Any, **_: Any) -> None:
        """As CVAT's receiver does."""
        groups.extend(sorted(ldap_user.group_dns))
        if not ldap_user.group_dns.isdisjoint(group.lower() for group in settings.AUTH_LDAP_ADMIN_GROUPS):
            user.is_staff = user.is_superuser = True

    populate_user.connect(populate)
    if before:
        get_user_model().objects.create_user(name, **BEFORE[before])
    user = authenticate(username=name, password=password)
    if user is None:
        sys.stdout.write("refused\n")
    else:
        sys.stdout.write("\n".join(["superuser" if user.is_superuser else "user", *groups]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

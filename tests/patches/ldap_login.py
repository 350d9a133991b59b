"""`python -m tests.patches.ldap_login NAME PASSWORD`: log in as CVAT does, with our settings; prints the groups.

Runs in CVAT's Python (3.8), with django-auth-ldap and an SQLite database in memory, but without CVAT.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import django
from cvat_aws import directory
from cvat_aws.environment import Reader
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import call_command


def main(name: str, password: str) -> None:
    read = Reader(os.environ)
    ldap = directory.ldap(read, ["django.contrib.auth.backends.ModelBackend"])
    read.finish()
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
        **directory.with_searches(ldap),
    )
    django.setup()
    call_command("migrate", verbosity=0)
    from django_auth_ldap.backend import populate_user  # noqa: PLC0415 - has models: Django must be set up

    groups: list[str] = []

    def populate(ldap_user: Any, **_: Any) -> None:
        groups.extend(sorted(ldap_user.group_dns))

    populate_user.connect(populate)
    user = authenticate(username=name, password=password)
    sys.stdout.write("refused\n" if user is None else "\n".join(["logged in", *groups]) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

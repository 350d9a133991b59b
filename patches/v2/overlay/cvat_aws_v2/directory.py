"""Logging in with LDAP instead of CVAT's own accounts."""

from __future__ import annotations

from typing import Any

from cvat_aws import directory
from cvat_aws.environment import Reader

ROLES = {"admin": ("ADMIN",), "user": ("USER",), "worker": ("ANNOTATOR", "OBSERVER")}
"""CVAT's roles today -> those of c48411ae, whose groups the variables name. A worker sees what is assigned to it."""


def ldap(read: Reader, backends: list[str]) -> dict[str, Any]:
    """Plain values; `cvat_aws.directory.with_searches` turns the two searches into what django-auth-ldap wants."""
    settings = directory.ldap(read, backends)
    if not settings:
        return {}
    groups = {role: [settings[f"AUTH_LDAP_{name}_GROUPS"] for name in names] for role, names in ROLES.items()}
    # CVAT compares with the names that django-auth-ldap has put into lower case.
    lower = {role: [name.lower() for named in lists for name in named] for role, lists in groups.items()}
    return {**settings, "IAM_TYPE": settings["DJANGO_AUTH_TYPE"], "DJANGO_AUTH_LDAP_GROUPS": lower}

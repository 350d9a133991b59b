"""Logging in with LDAP instead of CVAT's own accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cvat_aws import directory
from cvat_aws.environment import Reader

ROLES = {"admin": ("ADMIN",), "user": ("USER",), "worker": ("ANNOTATOR", "OBSERVER")}
"""CVAT's roles today -> those of c48411ae, whose groups the variables name. A worker sees what is assigned to it."""


def ldap(read: Reader, backends: list[str]) -> dict[str, Any]:
    """Plain values; `with_searches` does the rest."""
    settings = directory.ldap(read, backends)
    return {**settings, "IAM_TYPE": settings["DJANGO_AUTH_TYPE"]} if settings else {}


def with_searches(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Needs python-ldap where LDAP is on."""
    done = directory.with_searches(settings)
    return {**done, "DJANGO_AUTH_LDAP_GROUPS": roles(done)} if "AUTH_LDAP_SERVER_URI" in done else done


def roles(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Role -> groups. CVAT compares with the names that django-auth-ldap has put into lower case."""
    return {
        role: [group.lower() for name in names for group in settings[f"AUTH_LDAP_{name}_GROUPS"]]
        for role, names in ROLES.items()
    }

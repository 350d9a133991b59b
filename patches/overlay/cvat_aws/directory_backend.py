"""The login of a user of the directory. Imported by Django once its models are there."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django_auth_ldap.backend import LDAPBackend


class DirectoryBackend(LDAPBackend):  # type: ignore[misc]  # has no types
    def get_or_build_user(self, username: str, ldap_user: Any) -> tuple[Any, bool]:
        """CVAT makes members of the administrators' groups superusers, but never takes that back: who left them stayed
        one. And an account of the directory that is called like a local administrator would become it.
        """
        user, built = super().get_or_build_user(username, ldap_user)
        if not user.is_active:
            raise ldap_user.AuthenticationFailed(f"the account '{username}' is switched off")
        groups = {name.lower() for name in settings.AUTH_LDAP_ADMIN_GROUPS}
        if user.is_superuser and user.has_usable_password() and groups.isdisjoint(ldap_user.group_dns):
            raise ldap_user.AuthenticationFailed(f"'{username}' is a local administrator")
        user.is_staff = user.is_superuser = False  # CVAT sets both at once, where the groups say so
        return user, built

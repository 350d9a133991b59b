"""Logging in with LDAP instead of CVAT's own accounts."""

from __future__ import annotations

import re
from typing import Any, Mapping, Tuple

from cvat_aws.environment import Reader

ROLES = ("ADMIN", "ANNOTATOR", "USER", "OBSERVER")  # CVAT's, see cvat/apps/authentication/auth_ldap.py
Search = Tuple[str, str]  # (base DN, filter)
GROUP_TYPES = {
    "groupOfNames": ("GroupOfNamesType", "NestedGroupOfNamesType"),
    "groupOfUniqueNames": ("GroupOfUniqueNamesType", "NestedGroupOfUniqueNamesType"),
    "activeDirectory": ("ActiveDirectoryGroupType", "NestedActiveDirectoryGroupType"),
    "posixGroup": ("PosixGroupType", ""),
}
"""What CVAT_LDAP_GROUP_TYPE names -> django-auth-ldap's classes: plain, and for groups within groups."""
OBJECT_CLASSES = {"activeDirectory": "group"}
"""The groups' object class, where it is not the name of the type."""
TIMEOUT_S = 10
"""For connecting, and for each answer: a directory that is away, or silent, must not hold the web server's threads."""
ENCRYPTED = "ldaps://"


def ldap(read: Reader, backends: list[str]) -> dict[str, Any]:
    """Plain values; `with_searches` turns the two searches into what django-auth-ldap wants."""
    url = read.text("CVAT_LDAP_URL")
    if not url:
        return {}
    users = read.required("CVAT_LDAP_USER_BASE", "the DN below which users are, as CVAT_LDAP_URL is set")
    groups = read.required("CVAT_LDAP_GROUP_BASE", "the DN below which groups are, as CVAT_LDAP_URL is set")
    start_tls = read.flag("CVAT_LDAP_START_TLS", default=not url.startswith(ENCRYPTED))
    _check_url(read, url, start_tls=start_tls)
    group_type = read.choice("CVAT_LDAP_GROUP_TYPE", list(GROUP_TYPES))
    every_group = f"(objectClass={OBJECT_CLASSES.get(group_type, group_type)})"
    settings: dict[str, Any] = {
        "DJANGO_AUTH_TYPE": "LDAP",
        "AUTHENTICATION_BACKENDS": [*backends, "cvat_aws.directory_backend.DirectoryBackend"],
        "AUTH_LDAP_SERVER_URI": url,
        "AUTH_LDAP_START_TLS": start_tls,
        "AUTH_LDAP_CA": read.text("CVAT_LDAP_CA"),
        "AUTH_LDAP_BIND_DN": read.text("CVAT_LDAP_BIND_DN"),
        "AUTH_LDAP_BIND_PASSWORD": read.text("CVAT_LDAP_BIND_PASSWORD"),
        "AUTH_LDAP_USER_SEARCH": (users, read.text("CVAT_LDAP_USER_FILTER", "(uid=%(user)s)")),
        "AUTH_LDAP_GROUP_SEARCH": (groups, read.text("CVAT_LDAP_GROUP_FILTER", every_group)),
        "AUTH_LDAP_GROUP_TYPE": _group_class(read, group_type),
        "AUTH_LDAP_USER_ATTR_MAP": {"first_name": "givenName", "last_name": "sn", "email": "mail"},
        "AUTH_LDAP_ALWAYS_UPDATE_USER": True,
    }
    for role in ROLES:  # DNs have commas, so groups are parted by semicolons
        named = read.text(f"CVAT_LDAP_{role}_GROUPS").split(";")
        settings[f"AUTH_LDAP_{role}_GROUPS"] = [group.strip() for group in named if group.strip()]
    return settings


def _check_url(read: Reader, url: str, *, start_tls: bool) -> None:
    if not url.startswith(("ldap://", ENCRYPTED)):
        read.problems.append(f"CVAT_LDAP_URL is '{url}', but must be like ldaps://directory.example.com.")
    elif start_tls and url.startswith(ENCRYPTED):
        read.problems.append(
            f"CVAT_LDAP_START_TLS is yes, but {url} is encrypted from the first byte. Set it to no, or use ldap://."
        )


def _group_class(read: Reader, group_type: str) -> str:
    """The name of django-auth-ldap's class."""
    plain, nested = GROUP_TYPES[group_type]
    if not read.flag("CVAT_LDAP_NESTED_GROUPS", default=False):
        return plain
    if not nested:
        read.problems.append(
            f"CVAT_LDAP_NESTED_GROUPS is yes, but a {group_type} has users only, no groups. Set it to no, or another "
            "CVAT_LDAP_GROUP_TYPE."
        )
    return nested


def with_searches(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Needs python-ldap, so it is apart from the pure part and imports only when LDAP is on.

    Active Directory, searched from its root, answers with referrals to other parts of the forest. libldap follows
    them without a login, which fails, and with it the search: they are ignored.
    """
    if "AUTH_LDAP_SERVER_URI" not in settings:
        return dict(settings)
    import ldap as protocol
    from django_auth_ldap import config

    def search(value: Search) -> Any:
        return config.LDAPSearch(value[0], protocol.SCOPE_SUBTREE, value[1])

    options: dict[int, Any] = {
        protocol.OPT_REFERRALS: 0,
        protocol.OPT_NETWORK_TIMEOUT: TIMEOUT_S,
        protocol.OPT_TIMEOUT: TIMEOUT_S,
    }
    if settings["AUTH_LDAP_CA"]:  # a new context takes it up; it must come last
        options.update({protocol.OPT_X_TLS_CACERTFILE: settings["AUTH_LDAP_CA"], protocol.OPT_X_TLS_NEWCTX: 0})
    return {
        **settings,
        "AUTH_LDAP_USER_SEARCH": search(settings["AUTH_LDAP_USER_SEARCH"]),
        "AUTH_LDAP_GROUP_SEARCH": search(settings["AUTH_LDAP_GROUP_SEARCH"]),
        "AUTH_LDAP_GROUP_TYPE": getattr(config, settings["AUTH_LDAP_GROUP_TYPE"])(),
        "AUTH_LDAP_CONNECTION_OPTIONS": options,
        **{
            name: [spelling for group in settings[name] for spelling in spellings(group)]
            for name in (f"AUTH_LDAP_{role}_GROUPS" for role in ROLES)
        },
    }


def spellings(name: str) -> list[str]:
    """A DN as it was typed, and as directories write it: without spaces after commas, its special characters escaped
    as themselves (Active Directory) or by their codes (OpenLDAP). CVAT compares letter by letter.
    """
    import ldap as protocol
    from ldap.dn import dn2str, str2dn

    try:
        plain = dn2str(str2dn(name))
    except protocol.DECODING_ERROR:
        return [name]
    codes = re.sub(r"\\([^0-9A-Fa-f])", lambda match: f"\\{ord(match[1]):02x}", plain)
    return sorted({name, plain, codes})

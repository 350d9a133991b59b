"""Ports by which CVAT's server calls a mail server and a directory, as its variables name them (docs/images.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

ADDRESSES = ("CVAT_LDAP_URL", "CVAT_SMTP_ENCRYPTION", "CVAT_SMTP_HOST", "CVAT_SMTP_PORT")
"""The variables that are read here."""
_MAIL = {"tls": 465}
_MAIL_DEFAULT = 587
_DIRECTORY = {"ldap": 389, "ldaps": 636}


def outward_ports(variables: Mapping[str, str]) -> tuple[int, ...]:
    """In order, each once. A port that is no number is left out: the image refuses it with a sentence."""
    return tuple(sorted({*_mail(variables), *_directories(variables)}))


def _mail(variables: Mapping[str, str]) -> Iterator[int]:
    if variables.get("CVAT_SMTP_HOST"):
        own = variables.get("CVAT_SMTP_PORT", "").strip()
        if not own:
            yield _MAIL.get(variables.get("CVAT_SMTP_ENCRYPTION", "").strip(), _MAIL_DEFAULT)
        elif own.isdecimal():
            yield int(own)


def _directories(variables: Mapping[str, str]) -> Iterator[int]:
    """libldap tries several addresses, separated by spaces, one after the other."""
    for url in variables.get("CVAT_LDAP_URL", "").split():
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            continue
        if port or parts.scheme in _DIRECTORY:
            yield port or _DIRECTORY[parts.scheme]

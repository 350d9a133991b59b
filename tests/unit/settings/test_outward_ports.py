"""Which ports the variables of CVAT's server make it call."""

from __future__ import annotations

import pytest

from settings.outward_ports import outward_ports


@pytest.mark.parametrize(
    ("variables", "ports"),
    [
        ({}, ()),
        ({"CVAT_SMTP_PORT": "587"}, ()),
        ({"CVAT_SMTP_HOST": "mail"}, (587,)),
        ({"CVAT_SMTP_HOST": "mail", "CVAT_SMTP_ENCRYPTION": "tls"}, (465,)),
        ({"CVAT_SMTP_HOST": "mail", "CVAT_SMTP_PORT": "2587"}, (2587,)),
        ({"CVAT_SMTP_HOST": "mail", "CVAT_SMTP_PORT": "many"}, ()),
        ({"CVAT_LDAP_URL": "ldap://ad.example"}, (389,)),
        ({"CVAT_LDAP_URL": "ldaps://ad.example ldaps://other.example:3269"}, (636, 3269)),
        ({"CVAT_LDAP_URL": "ad.example"}, ()),
        ({"CVAT_LDAP_URL": "ldaps://ad.example:port"}, ()),
        ({"CVAT_SMTP_HOST": "mail", "CVAT_LDAP_URL": "ldaps://ad.example"}, (587, 636)),
    ],
)
def test_ports_are_those_that_the_image_would_call(variables: dict[str, str], ports: tuple[int, ...]) -> None:
    assert outward_ports(variables) == ports

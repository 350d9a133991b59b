"""Logging in against real LDAP servers, with the Python of either release.

The first server refers to the second, as Active Directory's root does. The third has certificates of its own authority.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cvat_aws import directory

from patches.trial import slapd
from patches.trial.services import certificates
from patches.trial.serving import free_port

ROOT = Path(__file__).parents[2]
SLAPD = shutil.which(slapd.NAME, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(SLAPD is None, reason="slapd is not installed")
PASSWORD = "secret-of-ann"
ENTRIES = """
dn: dc=example
objectClass: domain
dc: example

dn: dc=sub,dc=example
objectClass: referral
objectClass: extensibleObject
dc: sub
ref: ldap://127.0.0.1:{other}/dc=sub,dc=example

dn: uid=ann,dc=example
objectClass: inetOrgPerson
objectClass: posixAccount
uid: ann
cn: Ann
sn: Example
uidNumber: 1
gidNumber: 10
homeDirectory: /
userPassword: {password}

dn: cn=inner,dc=example
objectClass: groupOfNames
cn: inner
member: uid=ann,dc=example

dn: cn=outer,dc=example
objectClass: groupOfNames
cn: outer
member: cn=inner,dc=example

dn: cn=unix,dc=example
objectClass: posixGroup
cn: unix
gidNumber: 20
memberUid: ann
"""
ODD_GROUP = 'cn=R&D\\, Ops \\+ \\"QA\\" (ü)'
ENCRYPTED_ENTRIES = f"""
dn: dc=example
objectClass: domain

dn: uid=ann,dc=example
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Example
userPassword: {PASSWORD}

dn: {ODD_GROUP},dc=example
objectClass: groupOfNames
member: uid=ann,dc=example
"""


@dataclass
class Servers:
    plain: str
    ldap: str
    """Of the server with certificates, as are `ldaps` and `ca`."""
    ldaps: str
    ca: str


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder, other = tmp_path_factory.mktemp("ldap"), free_port()
    certificates(folder)
    elsewhere = "dn: dc=sub,dc=example\nobjectClass: domain\ndc: sub\n"
    refuses = "disallow bind_anon\nrequire authc"
    directories = [
        slapd.start(folder / "other", "dc=sub,dc=example", elsewhere, port=other, more=refuses),
        slapd.start(folder / "first", "dc=example", ENTRIES.format(other=other, password=PASSWORD)),
        slapd.start(folder / "encrypted", "dc=example", ENCRYPTED_ENTRIES, certificates=folder),
    ]
    _, first, encrypted = directories
    yield Servers(first.ldap, encrypted.ldap, encrypted.ldaps, str(folder / "ca.pem"))
    for server in directories:
        server.stop()


def log_in(python: str, url: str, password: str = PASSWORD, before: str = "", **more: str) -> list[str]:
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}/patches/overlay",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CVAT_LDAP_URL": url,
        "CVAT_LDAP_START_TLS": "no",
        "CVAT_LDAP_USER_BASE": "dc=example",
        "CVAT_LDAP_GROUP_BASE": "dc=example",
        **more,
    }
    command = [python, "-W", "ignore", "-m", "tests.patches.ldap_login", "ann", password, *([before] if before else [])]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_a_search_from_the_root_ignores_what_other_servers_hold(python: str, servers: Servers) -> None:
    assert log_in(python, servers.plain) == ["user", "cn=inner,dc=example"]


def test_a_wrong_password_is_refused(python: str, servers: Servers) -> None:
    assert log_in(python, servers.plain, password="wrong") == ["refused"]


def test_groups_within_groups_count_where_they_are_wanted(python: str, servers: Servers) -> None:
    groups = log_in(python, servers.plain, CVAT_LDAP_NESTED_GROUPS="yes")
    assert groups == ["user", "cn=inner,dc=example", "cn=outer,dc=example"]


def test_posix_groups_are_found_by_the_name_of_their_member(python: str, servers: Servers) -> None:
    assert log_in(python, servers.plain, CVAT_LDAP_GROUP_TYPE="posixGroup") == ["user", "cn=unix,dc=example"]


@pytest.mark.parametrize("start_tls", ["yes", "no"])
def test_a_certificate_of_an_authority_of_ones_own_is_believed_where_it_is_named(
    python: str, servers: Servers, start_tls: str
) -> None:
    url = servers.ldap if start_tls == "yes" else servers.ldaps
    (role, group) = log_in(python, url, CVAT_LDAP_START_TLS=start_tls, CVAT_LDAP_CA=servers.ca)
    assert (role, group.endswith("(ü),dc=example")) == ("user", True)
    assert log_in(python, url, CVAT_LDAP_START_TLS=start_tls) == ["refused"], "the system does not know it"


@pytest.mark.parametrize("group", [f"{ODD_GROUP}, dc=example", "CN=R&D\\2C Ops \\2B \\22QA\\22 (ü),DC=example"])
def test_a_group_counts_however_its_name_is_written(python: str, servers: Servers, group: str) -> None:
    variables = {"CVAT_LDAP_CA": servers.ca, "CVAT_LDAP_ADMIN_GROUPS": group}
    assert log_in(python, servers.ldaps, **variables)[0] == "superuser"


@pytest.mark.parametrize(
    ("before", "role"),
    [
        ("directory", "user"),  # left the administrators: CVAT itself would let the user stay one
        ("local", "refused"),  # anyone in the directory who is called so would be the administrator
        ("off", "refused"),
    ],
)
def test_only_groups_of_the_directory_make_an_administrator(
    python: str, servers: Servers, before: str, role: str
) -> None:
    assert log_in(python, servers.plain, before=before)[0] == role


def test_a_local_administrator_whom_the_groups_confirm_logs_in(python: str, servers: Servers) -> None:
    roles = log_in(python, servers.plain, before="local", CVAT_LDAP_ADMIN_GROUPS="cn=inner, dc=example")
    assert roles[0] == "superuser"


def test_a_silent_directory_holds_a_login_for_its_time_limit_only(python: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and says nothing
        url = f"ldap://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert log_in(python, url, CVAT_LDAP_START_TLS="yes") == ["refused"]
    assert directory.TIMEOUT_S <= time.monotonic() - began < 3 * directory.TIMEOUT_S


def test_a_directory_that_is_away_refuses_at_once(python: str) -> None:
    assert log_in(python, f"ldap://127.0.0.1:{free_port()}") == ["refused"]

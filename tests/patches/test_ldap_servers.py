"""Logging in against two real LDAP servers: the first refers to the second, as Active Directory's root does."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from patches.trial.serving import free_port

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("CVAT_PYTHON", "")
SLAPD = shutil.which("slapd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="CVAT_HOME_PATCHED and CVAT_PYTHON do not name a patched checkout"),
    pytest.mark.skipif(SLAPD is None, reason="slapd is not installed"),
]
PASSWORD = "secret-of-ann"
CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
{more}
database mdb
suffix "{suffix}"
rootdn "cn=root,{suffix}"
rootpw root
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by * read
"""
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


def start(folder: Path, port: int, suffix: str, entries: str, more: str = "") -> subprocess.Popen[bytes]:
    (folder / "data").mkdir(parents=True)
    (folder / "slapd.conf").write_text(CONFIGURATION.format(folder=folder, suffix=suffix, more=more))
    (folder / "entries.ldif").write_text(entries)
    add = [str(SLAPD), "-T", "add", "-f", f"{folder}/slapd.conf", "-l", f"{folder}/entries.ldif"]
    subprocess.run(add, check=True, capture_output=True)  # noqa: S603
    command = [str(SLAPD), "-f", f"{folder}/slapd.conf", "-h", f"ldap://127.0.0.1:{port}", "-d", "0"]
    process = subprocess.Popen(command)  # noqa: S603
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return process
        except OSError:
            assert time.monotonic() < deadline, "slapd does not answer"
            time.sleep(0.05)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port, other = tmp_path_factory.mktemp("ldap"), free_port(), free_port()
    elsewhere = "dn: dc=sub,dc=example\nobjectClass: domain\ndc: sub\n"
    processes = [
        start(folder / "other", other, "dc=sub,dc=example", elsewhere, more="disallow bind_anon\nrequire authc"),
        start(folder / "first", port, "dc=example", ENTRIES.format(other=other, password=PASSWORD)),
    ]
    yield f"ldap://127.0.0.1:{port}"
    for process in processes:
        process.terminate()
        process.wait(10)


def log_in(url: str, password: str = PASSWORD, **more: str) -> list[str]:
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
    command = [PYTHON, "-W", "ignore", "-m", "tests.patches.ldap_login", "ann", password]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")[:-1]


def test_a_search_from_the_root_ignores_what_other_servers_hold(url: str) -> None:
    assert log_in(url) == ["logged in", "cn=inner,dc=example"]


def test_a_wrong_password_is_refused(url: str) -> None:
    assert log_in(url, password="wrong") == ["refused"]


def test_groups_within_groups_count_where_they_are_wanted(url: str) -> None:
    groups = log_in(url, CVAT_LDAP_NESTED_GROUPS="yes")
    assert groups == ["logged in", "cn=inner,dc=example", "cn=outer,dc=example"]


def test_posix_groups_are_found_by_the_name_of_their_member(url: str) -> None:
    assert log_in(url, CVAT_LDAP_GROUP_TYPE="posixGroup") == ["logged in", "cn=unix,dc=example"]

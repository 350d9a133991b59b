"""A directory of the trial and of tests: Debian's slapd with users, groups, and a certificate where one is named."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from patches.trial.services import MissingError, program
from patches.trial.serving import free_port

NAME = "slapd"
WAIT_S = 10.0
SCHEMAS = ("core", "cosine", "inetorgperson", "nis")
CONFIGURATION = """
{schemas}
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
TLS = """
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
"""


@dataclass
class Directory:
    """`ldap`, on `port`, and with a certificate `ldaps`: its addresses. `stop` ends it."""

    process: subprocess.Popen[bytes]
    port: int
    ldap: str
    ldaps: str = ""

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(WAIT_S)


def entry(name: str, *attributes: str, **more: str) -> str:
    """LDIF of one entry. `attributes` are whole lines; `more` is for those that occur once."""
    return "\n".join([f"dn: {name}", *attributes, *(f"{key}: {value}" for key, value in more.items())]) + "\n"


def start(
    folder: Path, suffix: str, entries: str, *, port: int = 0, certificates: Path | None = None, more: str = ""
) -> Directory:
    """Start slapd with the LDIF in `entries`. `certificates`: a folder with ca.pem, server.pem and server.key.

    Raises MissingError where it is not installed.
    """
    (folder / "data").mkdir(parents=True)
    tls = TLS.format(folder=certificates) if certificates else ""
    schemas = "\n".join(f"include /etc/ldap/schema/{schema}.schema" for schema in SCHEMAS)
    configuration = CONFIGURATION.format(schemas=schemas, folder=folder, suffix=suffix, more=more + tls)
    (folder / "slapd.conf").write_text(configuration)
    (folder / "entries.ldif").write_text(entries, encoding="utf-8")
    add = [program(NAME), "-T", "add", "-f", f"{folder}/slapd.conf", "-l", f"{folder}/entries.ldif"]
    subprocess.run(add, check=True, capture_output=True)  # noqa: S603
    ports = {"ldap": port or free_port(), **({"ldaps": free_port()} if certificates else {})}
    # Not "localhost": libldap takes the machine's own name for it, and looks for that in the certificate.
    urls = {scheme: f"{scheme}://127.0.0.1:{number}" for scheme, number in ports.items()}
    process = subprocess.Popen([program(NAME), "-f", f"{folder}/slapd.conf", "-h", " ".join(urls.values()), "-d", "0"])  # noqa: S603
    deadline = time.monotonic() + WAIT_S
    while not _listens(ports["ldap"]):
        if time.monotonic() > deadline or process.poll() is not None:
            process.kill()
            raise MissingError(f"slapd does not answer; its configuration is {folder}/slapd.conf")
        time.sleep(0.05)
    return Directory(process, ports["ldap"], **urls)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True

"""Processes of the benchmark, each on a core, and what they use."""

import datetime
import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FOLDER = Path(__file__).parents[1]


class Process:
    """A module on a core of its own."""

    def __init__(self, core: int, *command: str, folder: Path = FOLDER, **environ: str) -> None:
        pinned = ["taskset", "--cpu-list", str(core), sys.executable, "-m", *command]
        self._running = subprocess.Popen(  # noqa: S603 - our own modules
            pinned, env=os.environ | environ, cwd=folder, stdout=subprocess.DEVNULL
        )

    def cpu_seconds(self) -> float:
        """User and system time so far (fields 14 and 15 of proc(5))."""
        fields = Path(f"/proc/{self._running.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, which: str) -> float:
        """Resident memory now (VmRSS) or at most so far (VmHWM)."""
        status = Path(f"/proc/{self._running.pid}/status").read_text()
        return int(status.split(f"{which}:")[1].split()[0]) / 1024

    def end(self) -> None:
        self._running.kill()
        self._running.wait()


@contextmanager
def ended_at_last(*processes: Process) -> Iterator[None]:
    """Leaves no process behind."""
    try:
        yield
    finally:
        for process in processes:
            process.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_certificate(path: Path) -> None:
    """A certificate of 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "benchmark")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    path.write_bytes(certificate.public_bytes(encoding) + private)

"""Certificates for tests, made on the spot: no private key lies in the repository."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, as PEM."""

    certificate: str
    key: str


@dataclass(frozen=True)
class Signer:
    """Somebody who signs certificates."""

    name: str
    key: Key
    pem: str = ""
    """Its own certificate."""


@dataclass(frozen=True)
class Span:
    """From when to when, in days from now."""

    since: float
    days: float


def signer(name: str = "Test CA", *, days: float = 3650, since: float = -1) -> Signer:
    """A signer whose own certificate is valid from `since` to `days`, in days from now."""
    own = Signer(name, ec.generate_private_key(ec.SECP256R1()))
    return Signer(name, own.key, _sign(own, own, [], Span(since, days)))


def pair(*hosts: str, days: float = 365, since: float = -1, by: Signer | None = None, key: Key | None = None) -> Pair:
    """A certificate for these hosts, valid from `since` to `days` (from now, in days); signed by itself by default."""
    own = Signer(hosts[0] if hosts else "nobody", key or ec.generate_private_key(ec.SECP256R1()))
    return Pair(_sign(own, by or own, list(hosts), Span(since, days)), pem(own.key))


def pem(key: Key, passphrase: str = "") -> str:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def _sign(own: Signer, by: Signer, hosts: list[str], span: Span) -> str:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, own.name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, by.name)]))
        .public_key(own.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=span.since))
        .not_valid_after(now + timedelta(days=span.days))
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(by.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

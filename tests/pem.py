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
    pem: str


def signer(name: str = "Test CA") -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    return Signer(name, key, _sign(name, key, name, key, [], 3650, -1))


def pair(
    *hosts: str, days: float = 365, since: float = -1, by: Signer | None = None, key: Key | None = None
) -> Pair:
    """A certificate for these hosts, valid from `since` to `days` (from now, in days); signed by itself by default."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    name = hosts[0] if hosts else "nobody"
    issuer = (by.name, by.key) if by else (name, own)
    certificate = _sign(name, own, *issuer, list(hosts), days, since)
    return Pair(certificate, pem(own))


def pem(key: Key, passphrase: str = "") -> str:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()


def _sign(name: str, key: Key, issuer: str, by: Key, hosts: list[str], days: float, since: float) -> str:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=since))
        .not_valid_after(now + timedelta(days=days))
    )
    if hosts:
        names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

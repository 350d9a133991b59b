"""Stand-ins for encrypted settings, which nobody but the operator can decrypt, nor should."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CERTIFICATE = "cvat:certificate"
CERTIFICATE_KEY = "cvat:certificateKey"


class Encrypted(str):
    """A value in clear that counts as encrypted: for tests, which look where it turns up."""

    __slots__ = ()


def stand_ins(values: Mapping[str, str], locked: Collection[str]) -> dict[str, str]:
    """Settings to use in place of the encrypted ones.

    A certificate whose key is locked is replaced along with it, by one for the same names and the same time: what can
    be said against the real one is said against its double.
    """
    found = {key: f"what {key} hides" for key in locked}
    if CERTIFICATE_KEY in locked and (pair := _double(values.get(CERTIFICATE, ""))):
        found |= {CERTIFICATE: pair[0], CERTIFICATE_KEY: pair[1]}
    return found


def _double(pem: str) -> tuple[str, str] | None:
    """Certificate and key; None where the text is no certificate, which the settings will say."""
    try:
        real = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(real.subject)
        .issuer_name(real.subject)
        .public_key(key.public_key())
        .serial_number(real.serial_number)
        .not_valid_before(real.not_valid_before_utc)
        .not_valid_after(real.not_valid_after_utc)
    )
    for extension in real.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            builder = builder.add_extension(extension.value, extension.critical)
    double = builder.sign(key, hashes.SHA256())
    form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    return double.public_bytes(Encoding.PEM).decode(), key.private_bytes(*form).decode()

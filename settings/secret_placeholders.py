"""Placeholders for the values of encrypted keys, which only the operator can decrypt."""

from __future__ import annotations

from dataclasses import replace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from settings.stack_file import Configuration

CERTIFICATE = "cvat:certificate"
CERTIFICATE_KEY = "cvat:certificateKey"


def with_placeholders(configuration: Configuration) -> Configuration:
    """The configuration with a value for every encrypted key, so that all rules and the whole program can run.

    A certificate whose key is encrypted is replaced along with it, by a self-signed one for the same names and the
    same period of validity: the rules give the same answers for it.
    """
    values = {**configuration.values, **{key: f"placeholder of {key}" for key in configuration.encrypted}}
    if CERTIFICATE_KEY in configuration.encrypted:
        values |= _certificate_pair(values.get(CERTIFICATE, ""))
    return replace(configuration, values=values, encrypted=frozenset())


def _certificate_pair(pem: str) -> dict[str, str]:
    """Certificate and private key; nothing where the text is no certificate, which the rules report."""
    try:
        real = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return {}
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
    certificate = builder.sign(key, hashes.SHA256())
    form = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    return {
        CERTIFICATE: certificate.public_bytes(Encoding.PEM).decode(),
        CERTIFICATE_KEY: key.private_bytes(*form).decode(),
    }

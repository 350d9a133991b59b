"""Looks into a certificate that is to be imported: whether it fits its key, its chain, its host and the day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

_RSA_BITS = (2048, 3072, 4096)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
"""Keys that an ALB takes from ACM (https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html,
read 2026-11). RSA with 1024 bits, which they take too, is too short for browsers."""
_SOON = timedelta(days=30)


class UnreadableError(Exception):
    """What is wrong with a text that should be PEM, as the end of a sentence."""


def beginning(pem: str) -> str:
    """What a text that should be certificates begins with, for a message: a path, as it often is. Never of a key."""
    line = pem.strip().split("\n")[0]
    return "(with a private key)" if "PRIVATE KEY" in pem else repr(f"{line:.60}")


def split(pem: str) -> tuple[str, str]:
    """The first certificate of a PEM text, and those after it as one text."""
    first, *rest = _certificates(pem)
    return _text(first), "".join(map(_text, rest))


def _certificates(pem: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise UnreadableError("it must be PEM text, from -----BEGIN CERTIFICATE----- to the last END line") from None


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def problems(pem: str, key_pem: str, host: str, now: datetime | None = None) -> Iterator[str]:
    """Sentences, each with its key; never a part of the private key."""
    try:
        own, *chain = _certificates(pem)
    except UnreadableError as error:
        yield (
            f"cvat:certificate = {beginning(pem)}: {error}. Set it with: "
            "pulumi config set cvat:certificate < fullchain.pem"
        )
        return
    if "PRIVATE KEY" in pem:
        yield (
            "cvat:certificate holds a private key too, and is not encrypted. Consider the key lost: have the "
            "certificate issued for a new one, and set cvat:certificate to the certificates alone."
        )
    yield from _dates(own, chain, now or datetime.now(UTC))
    yield from _chain(own, chain)
    if host and not any(covers(name, host) for name in names(own)):
        listed = ", ".join(names(own)) or "no host name at all"
        yield f"cvat:hostName = {host}: cvat:certificate is for {listed}. Choose another of the two."
    yield from _key(own, key_pem)


def _dates(own: x509.Certificate, chain: list[x509.Certificate], now: datetime) -> Iterator[str]:
    first, last = own.not_valid_before_utc, own.not_valid_after_utc
    if now > last:
        yield f"cvat:certificate expired on {last:%Y-%m-%d}: browsers would refuse it. Set the renewed one and its key."
    if now < first:
        yield f"cvat:certificate is valid from {first:%Y-%m-%d %H:%M} UTC on: wait until then, or set another one."
    for signer in chain:
        if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
            yield (
                f"cvat:certificate: '{signer.subject.rfc4514_string()}', further down the chain, is valid from "
                f"{signer.not_valid_before_utc:%Y-%m-%d} to {signer.not_valid_after_utc:%Y-%m-%d}: browsers would "
                "refuse it. Set the chain that your authority offers now."
            )


def _chain(own: x509.Certificate, chain: list[x509.Certificate]) -> Iterator[str]:
    """Each is signed by the next."""
    for certificate, issuer in zip([own, *chain], chain, strict=False):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            yield (
                f"cvat:certificate: '{certificate.subject.rfc4514_string()}' is followed by "
                f"'{issuer.subject.rfc4514_string()}', which did not sign it. Put your own certificate first, "
                "then each one's signer."
            )


def _key(own: x509.Certificate, key_pem: str) -> Iterator[str]:
    remedy = "Set it with: pulumi config set --secret cvat:certificateKey < privkey.pem"
    try:
        key = load_pem_private_key(key_pem.encode(), password=None)
    except TypeError:
        yield f"cvat:certificateKey is locked with a passphrase, which ACM cannot take. Remove it. {remedy}"
        return
    except (ValueError, UnsupportedAlgorithm):
        yield f"cvat:certificateKey: it must be a private key as PEM text. {remedy}"
        return
    offered = ", ".join(f"RSA {bits}" for bits in _RSA_BITS) + ", P-256, P-384 and P-521"
    fits = (isinstance(key, rsa.RSAPrivateKey) and key.key_size in _RSA_BITS) or (
        isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES
    )
    if not fits:
        yield f"cvat:certificateKey: load balancers take keys of {offered}. Have the certificate issued for one."
    forms = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*forms) != own.public_key().public_bytes(*forms):
        yield f"cvat:certificateKey is not the key of cvat:certificate: they come as a pair. {remedy}"


def names(own: x509.Certificate) -> list[str]:
    """Host names that a certificate is for; browsers look nowhere else."""
    try:
        extension = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return list(extension.get_values_for_type(x509.DNSName))


def covers(name: str, host: str) -> bool:
    """Whether a certificate's name is for a host; `*.example.com` covers one more label."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def expires_soon(pem: str, now: datetime | None = None) -> datetime | None:
    """When a certificate ends, if that is within a month."""
    last = _certificates(pem)[0].not_valid_after_utc
    return last if last - (now or datetime.now(UTC)) < _SOON else None

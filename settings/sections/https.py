"""Section "HTTPS": the certificate of the load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, SecretStr

from settings import certificate
from settings.fields import Arn, OneOf
from settings.ingress_options import Imported
from settings.sections.section import Section

TlsPolicy = Literal[
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS-1-2-2017-01",
]
"""Of those that an ALB takes (ELB user guide, "Security policies", read 2026-11), those without TLS 1.0 and 1.1."""

ACM_CERTIFICATE = Arn(
    what="a certificate",
    service="acm",
    resource="certificate/<id>",
    pattern=r"certificate/[\w-]+",
    example="certificate/01234567-89ab-cdef-0123-456789abcdef",
)
IAM_CERTIFICATE = Arn(
    what="a server certificate of IAM",
    service="iam",
    resource="server-certificate/<name>",
    pattern=r"server-certificate/[\w+=,.@/-]+",
    regional=False,
    example="server-certificate/cvat",
)
CertificateArn = Annotated[str, AfterValidator(OneOf(example="", kinds=(ACM_CERTIFICATE, IAM_CERTIFICATE)))]


class Https(Section):
    """HTTPS"""

    certificate_arn: CertificateArn = ""
    """Certificate that is in ACM (or IAM) already. Of this key, certificate and requestCertificate at most one is
    set; none: plain HTTP."""
    certificate: str = ""
    """Certificate to import to ACM, as PEM text: your own first, then those that signed it (a `fullchain.pem`)."""
    certificate_key: SecretStr = SecretStr("")
    """Private key of that certificate, as PEM text without a passphrase. A secret: `pulumi config set --secret
    cvat:certificateKey < privkey.pem`."""
    request_certificate: bool = False
    """true: ACM issues a certificate for hostName, proved by a record in hostedZoneId, and renews it."""
    tls_policy: TlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
    """TLS versions and ciphers of the HTTPS listener. The default takes TLS 1.2 and 1.3."""

    @property
    def enabled(self) -> bool:
        """Whether people come by HTTPS."""
        return bool(self.certificate_arn or self.certificate or self.request_certificate)

    @property
    def imported(self) -> Imported | None:
        """The certificate to import. Only of a configuration whose rules hold."""
        if not self.certificate:
            return None
        own, chain = certificate.split(self.certificate)
        return Imported(certificate=own, chain=chain, key=self.certificate_key.get_secret_value())


def one_certificate(https: Https) -> Iterator[str]:
    ways = {
        "certificateArn": bool(https.certificate_arn),
        "certificate": bool(https.certificate),
        "requestCertificate": https.request_certificate,
    }
    chosen = [f"cvat:{key}" for key, is_set in ways.items() if is_set]
    if len(chosen) > 1:
        yield f"{' and '.join(chosen)} are set: a listener has one certificate. Keep one of them."


def certificate_and_key(https: Https, host_name: str) -> Iterator[str]:
    key = https.certificate_key.get_secret_value()
    if https.certificate and not key:
        yield (
            "cvat:certificate has no key: the load balancer needs it to answer. Set it with: "
            "pulumi config set --secret cvat:certificateKey < privkey.pem"
        )
    elif https.certificate:
        yield from certificate.problems(https.certificate, key, host_name)
    elif key:
        yield "cvat:certificateKey is set without cvat:certificate: a key alone opens nothing. Set both, or remove it."


def expiry_warning(https: Https) -> Iterator[str]:
    if https.certificate and (last := certificate.expires_soon(https.certificate)):
        yield f"cvat:certificate expires on {last:%Y-%m-%d}: set the renewed one and its key, then run pulumi up."

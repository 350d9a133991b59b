"""Section "A corporate network": the proxy, and whoever signs certificates there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from cryptography import x509
from pydantic import AfterValidator

from settings.certificate import beginning
from settings.fields import Many, Pattern, Url
from settings.sections.section import Section
from settings.sections.services import Services
from settings.values import Proxy

_OF_PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_OF_AUTHORITIES = "REQUESTS_CA_BUNDLE"
_LONGEST = 16 * 1024
"""Characters: certificates become an argument of builds, which the kernel limits to 128 KiB together with the rest."""

ProxyAddress = Annotated[
    str, AfterValidator(Url(example="http://proxy.example.com:3128", schemes=("http", "https"), credentials=False))
]
Host = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="git.corp.example.com",
            optional=False,
            pattern=r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*",
            rule="must be a host name, a domain or an address, without scheme, port, star and range",
        )
    ),
]


class Corporate(Section):
    """A corporate network"""

    proxy: ProxyAddress = ""
    """Address of an HTTP proxy, such as http://proxy.example.com:3128, by which CVAT, gateway and smoke test call what
    is outside of the VPC. What is inside, S3, and AWS services that have an endpoint there, is called directly."""
    proxy_exceptions: Annotated[tuple[Host, ...], Many] = ()
    """More hosts and domains that are called directly, such as corp.example.com."""
    certificate_authorities: str = ""
    """Certificates (PEM) of authorities of your own. Images trust them besides the public ones, and so do builds."""

    @property
    def http_proxy(self) -> Proxy | None:
        return Proxy(self.proxy, self.proxy_exceptions) if self.proxy else None


def authorities(corporate: Corporate) -> Iterator[str]:
    """The text is certificates and nothing else."""
    text = corporate.certificate_authorities
    if not text:
        return
    if "PRIVATE KEY" in text:
        yield (
            "cvat:certificateAuthorities contains a private key, which everyone can read in the stack's file. Consider "
            "it lost, and give the certificates alone."
        )
        return
    try:
        x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        yield (
            f"cvat:certificateAuthorities = {beginning(text)}: it must be certificates in PEM, each from "
            "-----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----. Set it with: pulumi config set "
            "cvat:certificateAuthorities < authorities.pem"
        )
    if len(text) > _LONGEST:
        yield (
            f"cvat:certificateAuthorities has {len(text)} characters: builds take up to {_LONGEST}. Leave out what "
            "signs nothing that CVAT calls."
        )


def exceptions(corporate: Corporate) -> Iterator[str]:
    if corporate.proxy_exceptions and not corporate.proxy:
        yield "cvat:proxyExceptions belongs to cvat:proxy, which is empty. Set that, or remove the list."


def variables(corporate: Corporate, services: Services) -> Iterator[str]:
    """What the program sets itself."""
    by_proxy = _OF_PROXY if corporate.proxy else ()
    taken = (*by_proxy, *((_OF_AUTHORITIES,) if corporate.certificate_authorities else ()))
    for variable in services.server_environment:
        name = variable.partition("=")[0]
        if name.upper() in taken:
            yield (
                f"cvat:serverEnvironment names {name}, which follows from cvat:proxy and cvat:certificateAuthorities. "
                "Remove one of the two."
            )

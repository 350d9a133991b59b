"""Section "Login in front of CVAT (OpenID Connect)"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from settings.fields import Pattern, Url
from settings.ingress_options import Login
from settings.sections.https import Https
from settings.sections.section import Section

HttpsAddress = Annotated[str, AfterValidator(Url(example="https://login.example.com", ports=(443,)))]
"""On port 443: the load balancer's security group lets out nothing else."""
Scope = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="openid email",
            optional=False,
            pattern=r"([\x21\x23-\x5b\x5d-\x7e]+ )*openid( [\x21\x23-\x5b\x5d-\x7e]+)*",
            rule="must be scopes separated by single spaces, openid among them",
        )
    ),
]


class Oidc(Section):
    """Login in front of CVAT (OpenID Connect)"""

    oidc_issuer: HttpsAddress = ""
    """Issuer of your identity provider, such as https://login.example.com. Set: the load balancer lets in only those
    who have logged in there; CVAT's own login comes after it. Needs HTTPS and all keys up to oidcUserInfoEndpoint."""
    oidc_client_id: str = ""
    """Client that the provider knows CVAT as; its redirect address is https://<hostName>/oauth2/idpresponse."""
    oidc_client_secret: SecretStr = SecretStr("")
    """That client's secret: `pulumi config set --secret cvat:oidcClientSecret`."""
    oidc_authorization_endpoint: HttpsAddress = ""
    """From the provider's .well-known/openid-configuration, like the next two."""
    oidc_token_endpoint: HttpsAddress = ""
    """Called by the load balancer, on port 443."""
    oidc_user_info_endpoint: HttpsAddress = ""
    """Called by the load balancer, on port 443."""
    oidc_scope: Scope = "openid"
    """What is asked of the provider, separated by spaces; `openid` is part of it."""
    oidc_session_hours: int = Field(12, ge=1, le=168)
    """Hours after which people log in again."""
    oidc_token_bypass: bool = False
    """true: calls of /api/ with a token of CVAT (`Authorization: Token ...`) go past the provider, for scripts. CVAT
    checks the token; /api/ is then guarded by CVAT alone."""

    @property
    def login(self) -> Login | None:
        if not self.oidc_issuer:
            return None
        return Login(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=self.oidc_client_secret.get_secret_value(),
            authorization_endpoint=self.oidc_authorization_endpoint,
            token_endpoint=self.oidc_token_endpoint,
            user_info_endpoint=self.oidc_user_info_endpoint,
            scope=self.oidc_scope,
            session_seconds=self.oidc_session_hours * 3600,
            token_bypass=self.oidc_token_bypass,
        )


def all_or_nothing(oidc: Oidc) -> Iterator[str]:
    required = {
        "oidcIssuer": bool(oidc.oidc_issuer),
        "oidcClientId": bool(oidc.oidc_client_id),
        "oidcClientSecret": bool(oidc.oidc_client_secret.get_secret_value()),
        "oidcAuthorizationEndpoint": bool(oidc.oidc_authorization_endpoint),
        "oidcTokenEndpoint": bool(oidc.oidc_token_endpoint),
        "oidcUserInfoEndpoint": bool(oidc.oidc_user_info_endpoint),
    }
    missing = [f"cvat:{key}" for key, is_set in required.items() if not is_set]
    if missing and len(missing) < len(required):
        present = ", ".join(f"cvat:{key}" for key, is_set in required.items() if is_set)
        yield (
            f"{present}: the login in front of CVAT needs {', '.join(missing)} too. Set what is missing from your "
            "provider's .well-known/openid-configuration, or remove the others."
        )


def token_bypass(oidc: Oidc) -> Iterator[str]:
    if oidc.oidc_token_bypass and not oidc.oidc_issuer:
        yield "cvat:oidcTokenBypass = true: there is no login to go past. Set cvat:oidcIssuer, or remove it."


def https_only(oidc: Oidc, https: Https) -> Iterator[str]:
    if oidc.oidc_issuer and not https.enabled:
        yield (
            "cvat:oidcIssuer is set without a certificate: load balancers log people in by HTTPS only. Set "
            "cvat:certificateArn, cvat:certificate or cvat:requestCertificate."
        )

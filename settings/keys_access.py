"""The configuration keys of the way in: address, HTTPS, firewall, login in front of CVAT."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from settings.fields import Cidrs, Host, Many, Port, ZoneId
from settings.section import Section

TlsPolicy = Literal[
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS-1-2-2017-01",
]
"""Of those that an ALB takes (ELB user guide, "Security policies", read 2026-11), those without TLS 1.0 and 1.1."""

RuleGroup = Literal[
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesAnonymousIpList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesLinuxRuleSet",
    "AWSManagedRulesUnixRuleSet",
]
"""AWS's groups without a price of their own, also in China (WAF in China, "Feature Availability", read 2026-11).

Not AWSManagedRulesAdminProtectionRuleSet, which closes /admin to everybody: cvat:adminCidrs opens it to some. Together
they use 1475 capacity units of the 1500 that a web ACL has at no extra price.
"""


class Access(Section):
    """Access"""

    http_port: Port = 80
    """Port of the plain HTTP listener; redirects where HTTPS is on. 0: none (needs a certificate). Ports 80,
    443 and 8080 are blocked in mainland China without an ICP filing."""
    https_port: Port = 443
    """Port of the HTTPS listener; used where there is a certificate."""
    allowed_cidrs: Cidrs = ("0.0.0.0/0",)
    """Address ranges that may reach the load balancer."""
    admin_cidrs: Cidrs = ()
    """Address ranges that may open /admin and /django-rq. Empty: all that may reach the load balancer."""
    internal: bool = False
    """true: the load balancer is in the private subnets, for VPN, peering or Direct Connect only."""
    host_name: Host = ""
    """Name under which people reach CVAT, where it is not the load balancer's own, such as cvat.example.com."""
    hosted_zone_id: ZoneId = ""
    """Hosted zone of Route 53 in which hostName gets its record; the zone must be in this account."""
    enable_exec: bool = False
    """Allows `aws ecs execute-command` into running tasks."""


class Https(Section):
    """HTTPS"""

    certificate_arn: str = ""
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
    def wanted(self) -> bool:
        """Whether people come by HTTPS."""
        return bool(self.certificate_arn or self.certificate or self.request_certificate)


class Waf(Section):
    """Firewall (AWS WAF)"""

    waf: bool = False
    """true: AWS WAF looks at every request before it reaches CVAT."""
    waf_rule_groups: Annotated[tuple[RuleGroup, ...], Many] = (
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    )
    """AWS's groups of rules that block. Rules that would block CVAT's uploads only count (docs/operations.md)."""
    waf_rate_limit: int = Field(20000, ge=0, le=2_000_000_000)
    """Requests in 5 minutes after which an address is blocked until it calms down; 0: no limit. An office behind
    one address counts as one."""
    waf_trusted_cidrs: Cidrs = ()
    """Address ranges that neither the limit nor the rules apply to, such as your office's."""
    waf_logs: bool = False
    """true: what is blocked or counted is logged, without cookies, authorization and query."""


class Oidc(Section):
    """Login in front of CVAT (OpenID Connect)"""

    oidc_issuer: str = ""
    """Issuer of your identity provider, such as https://login.example.com. Set: the load balancer lets nobody in who
    has not logged in there; CVAT's own login comes after it. Needs HTTPS and all keys up to oidcUserInfoEndpoint."""
    oidc_client_id: str = ""
    """Client that the provider knows CVAT as; its redirect address is https://<hostName>/oauth2/idpresponse."""
    oidc_client_secret: SecretStr = SecretStr("")
    """That client's secret: `pulumi config set --secret cvat:oidcClientSecret`."""
    oidc_authorization_endpoint: str = ""
    """From the provider's .well-known/openid-configuration, like the next two."""
    oidc_token_endpoint: str = ""
    """Called by the load balancer, on port 443."""
    oidc_user_info_endpoint: str = ""
    """Called by the load balancer, on port 443."""
    oidc_scope: str = Field("openid", pattern=r"^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$")
    """What is asked of the provider, separated by spaces; `openid` is part of it."""
    oidc_session_hours: int = Field(12, ge=1, le=168)
    """Hours after which people log in again."""
    oidc_token_bypass: bool = False
    """true: calls of /api/ with a token of CVAT (`Authorization: Token ...`) go past the provider, for scripts. CVAT
    checks the token; /api/ is then guarded by CVAT alone."""

"""Rules of the way in: ports, certificate, names, firewall, login. Each yields sentences: key, value, rule, remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

from region import Region
from settings import certificate
from settings.model import Settings
from settings.rules_given import canary_warnings

_RULES_PER_GROUP = 60
"""Entries that a security group takes (VPC quotas, "Inbound or outbound rules per security group", read 2026-11)."""
_LOWEST_RATE = 10
"""WAF counts from there on (AWS WAF developer guide, "Rate-based rule", read 2026-11)."""


def broken_rules(settings: Settings, region: Region) -> Iterator[str]:
    """All that is wrong with the way in, though single values are right."""
    yield from _ports(settings)
    yield from _one_certificate(settings)
    yield from _certificate_arn(settings, region)
    yield from _names(settings)
    yield from _firewall(settings)
    yield from _login(settings)


def _ports(settings: Settings) -> Iterator[str]:
    access, secure = settings.access, settings.https.wanted
    if not secure and not access.http_port:
        yield "cvat:httpPort = 0: without a certificate nothing would listen. Set a port, or cvat:certificateArn."
    if secure and access.http_port == access.https_port:
        yield (
            f"cvat:httpPort = cvat:httpsPort = {access.http_port}: the listeners need different ports. "
            "Change one, or set cvat:httpPort to 0."
        )
    if secure and not access.https_port:
        yield "cvat:httpsPort = 0: a certificate needs a port of its own. Set one, such as 443 or 8443."
    ports = len({access.http_port, access.https_port if secure else 0} - {0})
    entries = ports * len(access.allowed_cidrs)
    if entries > _RULES_PER_GROUP:
        yield (
            f"cvat:allowedCidrs has {len(access.allowed_cidrs)} ranges for {ports} ports, and a security group takes "
            f"{_RULES_PER_GROUP} entries. Join ranges, or set cvat:httpPort to 0 where nobody needs the redirect."
        )


def _one_certificate(settings: Settings) -> Iterator[str]:
    https = settings.https
    ways = {
        "certificateArn": bool(https.certificate_arn),
        "certificate": bool(https.certificate),
        "requestCertificate": https.request_certificate,
    }
    chosen = [f"cvat:{key}" for key, wanted in ways.items() if wanted]
    if len(chosen) > 1:
        yield f"{' and '.join(chosen)} are set: a listener has one certificate. Keep one of them."
    key = https.certificate_key.get_secret_value()
    if https.certificate and not key:
        yield (
            "cvat:certificate has no key: the load balancer needs it to answer. Set it with: "
            "pulumi config set --secret cvat:certificateKey < privkey.pem"
        )
    elif https.certificate:
        yield from certificate.problems(https.certificate, key, settings.access.host_name)
    elif key:
        yield "cvat:certificateKey is set without cvat:certificate: a key alone opens nothing. Set both, or remove it."


def _certificate_arn(settings: Settings, region: Region) -> Iterator[str]:
    arn, account = settings.https.certificate_arn, r"\d{12}"
    acm = region.arn("acm", "certificate/", account="<account>")
    iam = region.arn("iam", "server-certificate/", account="<account>", region="")
    if arn and not any(re.fullmatch(f"{re.escape(one).replace('<account>', account)}.+", arn) for one in (acm, iam)):
        yield (
            f"cvat:certificateArn = {arn}: it must be a certificate of this region, {acm}<id> or {iam}<name>. "
            "Request or import one there, and copy its ARN."
        )


def _names(settings: Settings) -> Iterator[str]:
    access, https = settings.access, settings.https
    if (https.certificate or https.request_certificate) and not access.host_name:
        yield "cvat:hostName is empty: a certificate is for a name. Set the name under which people reach CVAT."
    if https.request_certificate and not access.hosted_zone_id:
        yield (
            "cvat:requestCertificate = true: ACM wants proof that the name is yours, by a record in its zone. "
            "Set cvat:hostedZoneId, or name a certificate that is issued already in cvat:certificateArn."
        )
    if access.hosted_zone_id and not access.host_name:
        yield f"cvat:hostedZoneId = {access.hosted_zone_id}: a record needs a name. Set cvat:hostName."


def _firewall(settings: Settings) -> Iterator[str]:
    waf = settings.waf
    if not waf.waf and (waf.waf_trusted_cidrs or waf.waf_logs):
        key = "wafTrustedCidrs" if waf.waf_trusted_cidrs else "wafLogs"
        yield f"cvat:{key} is set, but cvat:waf is false: there is no firewall. Set cvat:waf to true, or remove it."
    if 0 < waf.waf_rate_limit < _LOWEST_RATE:
        yield f"cvat:wafRateLimit = {waf.waf_rate_limit}: WAF counts from {_LOWEST_RATE} on. Raise it, or set 0."
    for cidr in waf.waf_trusted_cidrs:
        if ip_network(cidr).prefixlen == 0:
            yield f"cvat:wafTrustedCidrs = {cidr}: that trusts everybody. Name your own, or set cvat:waf to false."
        elif ip_network(cidr).version != 4:  # noqa: PLR2004
            yield f"cvat:wafTrustedCidrs = {cidr}: the load balancer has IPv4 only. Name IPv4 ranges."
    if waf.waf and not (waf.waf_rule_groups or waf.waf_rate_limit):
        yield "cvat:waf = true: with no cvat:wafRuleGroups and no cvat:wafRateLimit it looks for nothing. Set one."


def _login(settings: Settings) -> Iterator[str]:
    oidc = settings.oidc
    needed = {
        "oidcIssuer": oidc.oidc_issuer,
        "oidcClientId": oidc.oidc_client_id,
        "oidcClientSecret": oidc.oidc_client_secret.get_secret_value(),
        "oidcAuthorizationEndpoint": oidc.oidc_authorization_endpoint,
        "oidcTokenEndpoint": oidc.oidc_token_endpoint,
        "oidcUserInfoEndpoint": oidc.oidc_user_info_endpoint,
    }
    lacking = [f"cvat:{key}" for key, value in needed.items() if not value]
    if len(lacking) == len(needed):
        if oidc.oidc_token_bypass:
            yield "cvat:oidcTokenBypass = true: there is no login to go past. Set cvat:oidcIssuer, or remove it."
        return
    if lacking:
        given = ", ".join(f"cvat:{key}" for key, value in needed.items() if value)
        yield (
            f"{given}: the login in front of CVAT needs {', '.join(lacking)} too. Set what is missing from your "
            "provider's .well-known/openid-configuration, or remove the others."
        )
    for key in ("oidcIssuer", "oidcAuthorizationEndpoint", "oidcTokenEndpoint", "oidcUserInfoEndpoint"):
        if needed[key] and not _https_address(needed[key]):
            yield f"cvat:{key} = {needed[key]}: it must be an address that begins with https://. Correct it."
    if not settings.https.wanted:
        yield (
            "cvat:oidcIssuer is set without a certificate: load balancers log people in by HTTPS only. Set "
            "cvat:certificateArn, cvat:certificate or cvat:requestCertificate."
        )


def _https_address(text: str) -> bool:
    """With a host, and on port 443: the load balancer's security group lets out nothing else."""
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port in (None, 443)
    except ValueError:
        return False


def warnings(settings: Settings, region: Region) -> Iterator[str]:
    """What is allowed, but what an operator should know before the deployment."""
    access, https = settings.access, settings.https
    if region.is_china and not access.internal and {*settings.ingress.ports} & {80, 443, 8080}:
        yield (
            f"{region.name}: ports 80, 443 and 8080 are blocked in mainland China until the account has an ICP "
            "filing. Set cvat:httpPort (and cvat:httpsPort) to another port unless you have it."
        )
    if not (https.wanted or access.internal) and "0.0.0.0/0" in access.allowed_cidrs:
        yield (
            "CVAT will answer the whole Internet without encryption: passwords can be read on the way. Set "
            "cvat:certificateArn, cvat:certificate or cvat:requestCertificate, or narrow cvat:allowedCidrs."
        )
    if https.certificate_arn and not access.host_name:
        yield (
            "cvat:hostName is empty: no certificate is for the load balancer's own name, so browsers will warn. Set "
            "the name that the certificate is for."
        )
    if https.certificate and (last := certificate.expires_soon(https.certificate)):
        yield f"cvat:certificate expires on {last:%Y-%m-%d}: set the renewed one and its key, then run pulumi up."
    yield from canary_warnings(settings)

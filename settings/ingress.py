"""The keys of access as the one value that the load balancer takes."""

from __future__ import annotations

from settings import certificate
from settings.ingress_options import Firewall, Imported, IngressOptions, Login, MaintenancePage
from settings.keys_access import Access, Https, Oidc, Waf


def ingress(
    access: Access, https: Https, guard: Firewall | None, oidc: Oidc, page: MaintenancePage | None
) -> IngressOptions:
    """How people reach CVAT."""
    return IngressOptions(
        http_port=access.http_port,
        https_port=access.https_port,
        allowed_cidrs=access.allowed_cidrs,
        admin_cidrs=access.admin_cidrs,
        internal=access.internal,
        host_name=access.host_name,
        hosted_zone_id=access.hosted_zone_id,
        certificate_arn=https.certificate_arn,
        imported=_imported(https),
        requested=https.request_certificate,
        tls_policy=https.tls_policy,
        page=page,
        firewall=guard,
        login=_login(oidc),
    )


def firewall(waf: Waf, log_days: int) -> Firewall | None:
    """The firewall, where one is wanted; log_days: for which its log is kept, if there is one."""
    if not waf.waf:
        return None
    return Firewall(
        rule_groups=waf.waf_rule_groups,
        rate_limit=waf.waf_rate_limit,
        trusted_cidrs=waf.waf_trusted_cidrs,
        log_days=log_days if waf.waf_logs else 0,
    )


def _imported(https: Https) -> Imported | None:
    if not https.certificate:
        return None
    own, chain = certificate.split(https.certificate)
    return Imported(certificate=own, chain=chain, key=https.certificate_key.get_secret_value())


def _login(oidc: Oidc) -> Login | None:
    if not oidc.oidc_issuer:
        return None
    return Login(
        issuer=oidc.oidc_issuer,
        client_id=oidc.oidc_client_id,
        client_secret=oidc.oidc_client_secret.get_secret_value(),
        authorization_endpoint=oidc.oidc_authorization_endpoint,
        token_endpoint=oidc.oidc_token_endpoint,
        user_info_endpoint=oidc.oidc_user_info_endpoint,
        scope=oidc.oidc_scope,
        session_seconds=oidc.oidc_session_hours * 3600,
        token_bypass=oidc.oidc_token_bypass,
    )

"""IngressOptions: how people reach CVAT, as one value: ports, names, certificate, firewall, login. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from settings.office_hours import OfficeHours

ANYWHERE = "0.0.0.0/0"
DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST = 1024
"""Bytes of a fixed response (ELB API, FixedResponseActionConfig, read 2026-11:
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_FixedResponseActionConfig.html)."""
_HTML = """<!doctype html><title>CVAT</title><meta name=viewport content="width=device-width">
<body style="font:1.1em/1.6 sans-serif;max-width:34em;margin:15vh auto;padding:0 1em"><h1>Zzz</h1>
<p>CVAT is asleep; your work is kept. {}
<p lang=zh>CVAT 正在休眠。您的工作已保存。{}"""
_BY_HAND = (
    "It wakes when its operator sets <code>cvat:mode</code> to <code>awake</code>.",
    "管理员将 <code>cvat:mode</code> 设为 <code>awake</code> 后即可唤醒。",
)


@dataclass(frozen=True, kw_only=True)
class MaintenancePage:
    """A page of the load balancer's own."""

    body: str
    """HTML, in ASCII."""
    shown: bool
    """Whether it is shown from the start. If not, the schedule of the office hours shows it."""


def maintenance_page(hours: OfficeHours | None) -> MaintenancePage:
    """The page for office hours, or for a stack that sleeps until it is woken."""
    sentences = (f"It is awake {hours}.", f"工作时间: {hours}。") if hours else _BY_HAND
    # A listener has no way to say in which encoding it answers, so what is not ASCII is spelt out.
    body = _HTML.format(*sentences).encode("ascii", "xmlcharrefreplace").decode()
    return MaintenancePage(body=body, shown=hours is None)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A certificate that the operator holds."""

    certificate: str
    """PEM."""
    chain: str
    """PEM of those that signed it, nearest first. Empty: none."""
    key: str = field(repr=False)
    """PEM; secret."""


@dataclass(frozen=True, kw_only=True)
class Firewall:
    """What AWS WAF looks for."""

    rule_groups: Sequence[str]
    """AWS's groups, by name."""
    rate_limit: int
    """Requests of one address in 5 minutes; 0: no limit."""
    trusted_cidrs: Sequence[str] = ()
    """Address ranges that are let through unseen."""
    log_days: int = 0
    """Days for which the log is kept; 0: there is none."""


@dataclass(frozen=True, kw_only=True)
class Login:
    """The identity provider that the load balancer asks (OpenID Connect)."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    authorization_endpoint: str
    token_endpoint: str
    user_info_endpoint: str
    scope: str
    session_seconds: int
    token_bypass: bool
    """Calls of the API that carry a token of CVAT do not go by the provider."""


@dataclass(frozen=True, kw_only=True)
class IngressOptions:
    http_port: int = 80
    """Plain HTTP; redirects where there is a certificate. 0: none."""
    https_port: int = 443
    """Used with a certificate."""
    allowed_cidrs: Sequence[str]
    """Who may call."""
    admin_cidrs: Sequence[str] = ()
    """Who may open the administrators' pages. Default: whoever may call."""
    internal: bool = False
    """Reachable from inside the VPC and what is connected to it only."""
    host_name: str = ""
    """Public name. Default: the load balancer's own."""
    hosted_zone_id: str = ""
    """Hosted zone that gets the record of the public name. Default: the program makes no record."""
    certificate_arn: str = ""
    """A certificate that exists. At most this or one of the next two; none of them: plain HTTP."""
    imported: Imported | None = None
    requested: bool = False
    """ACM issues a certificate for the public name, proved in the hosted zone."""
    tls_policy: str
    page: MaintenancePage | None = None
    """What is answered in the stack's sleep. Default: it never sleeps."""
    firewall: Firewall | None = None
    login: Login | None = None

    @property
    def secure(self) -> bool:
        """Whether people come by HTTPS."""
        return bool(self.certificate_arn or self.imported or self.requested)

    @property
    def scheme(self) -> str:
        return "https" if self.secure else "http"

    @property
    def port(self) -> int:
        """Of the listener that leads to CVAT."""
        return self.https_port if self.secure else self.http_port

    @property
    def ports(self) -> list[int]:
        """All that is listened on."""
        return [port for port in (self.http_port, self.https_port if self.secure else 0) if port]

    @property
    def port_suffix(self) -> str:
        """What follows the host in the base URL: `:8443`, or nothing for the scheme's own port."""
        return "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"

    def hosted_zone_problem(self, domain: str, *, private: bool) -> str | None:
        """What is wrong with the hosted zone being that of `domain`, or None."""
        key = f"cvat:hostedZoneId = {self.hosted_zone_id}"
        if self.host_name != domain and not self.host_name.endswith(f".{domain}"):
            return (
                f"cvat:hostName = {self.host_name}: {key} is the zone of {domain}, and a record must lie inside its "
                "zone. Correct one of them."
            )
        if self.requested and private:
            return (
                f"{key} is a private zone of {domain}, and ACM looks for its proof in public DNS. Name the public "
                "zone, or import a certificate with cvat:certificate."
            )
        return None

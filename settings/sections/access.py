"""Section "Access": ports, names, and who may reach the load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from settings.fields import IpRanges, Pattern, Port
from settings.ingress_options import ANYWHERE
from settings.sections.https import Https
from settings.sections.network import Network
from settings.sections.section import Section

_RULES_PER_GROUP = 60
"""Entries that a security group takes in one direction, by default ("Inbound or outbound rules per security group",
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, read 2026-11)."""
_MOST_ADMIN_RANGES = 270
"""Three fit into a rule beside the two paths, as a rule takes five values; of an ALB's 100 rules ten are for others
(https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html, read 2026-11)."""
_LONGEST_REQUESTED_NAME = 64
"""Characters of the first name that ACM takes
(https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html, read 2026-11)."""
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HostName = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="cvat.example.com",
            pattern=rf"(?=.{{1,253}}$)({_LABEL}\.)+{_LABEL}",
            rule="must be a host name in small letters, such as cvat.example.com, without scheme and port",
        )
    ),
]
HostedZoneId = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="Z0123456789ABC",
            pattern="[A-Z0-9]{1,32}",
            rule="must be a zone's id, such as Z0123456789ABC; `aws route53 list-hosted-zones` shows it",
        )
    ),
]


class Access(Section):
    """Access"""

    http_port: Port = 80
    """Port of the plain HTTP listener; redirects where HTTPS is on. 0: none (needs a certificate). Ports 80,
    443 and 8080 are blocked in mainland China without an ICP filing."""
    https_port: Port = 443
    """Port of the HTTPS listener; used where there is a certificate."""
    allowed_cidrs: IpRanges = (ANYWHERE,)
    """Address ranges that may reach the load balancer."""
    admin_cidrs: IpRanges = ()
    """Address ranges that may open /admin and /django-rq. Empty: all that may reach the load balancer."""
    internal: bool = False
    """true: the load balancer is in the private subnets, for VPN, peering or Direct Connect only."""
    host_name: HostName = ""
    """Name under which people reach CVAT, where it is not the load balancer's own, such as cvat.example.com."""
    hosted_zone_id: HostedZoneId = ""
    """Hosted zone of Route 53 in which hostName gets its record; the zone must be in this account."""
    enable_exec: bool = False
    """Allows `aws ecs execute-command` into running tasks, whose root file systems are then not read-only."""

    @property
    def public(self) -> bool:
        """Whether the whole Internet may reach the load balancer."""
        return not self.internal and ANYWHERE in self.allowed_cidrs


def ports(access: Access, https: Https) -> Iterator[str]:
    if not https.enabled and not access.http_port:
        yield "cvat:httpPort = 0: without a certificate nothing would listen. Set a port, or cvat:certificateArn."
    if https.enabled and access.http_port == access.https_port:
        yield (
            f"cvat:httpPort = cvat:httpsPort = {access.http_port}: the listeners need different ports. "
            "Change one, or set cvat:httpPort to 0."
        )
    if https.enabled and not access.https_port:
        yield "cvat:httpsPort = 0: a certificate needs a port of its own. Set one, such as 443 or 8443."


def someone_allowed(access: Access) -> Iterator[str]:
    if not access.allowed_cidrs:
        yield (
            "cvat:allowedCidrs is empty: the load balancer would answer no one. Name the ranges that may reach it, "
            f"or everyone with: pulumi config set --path 'cvat:allowedCidrs[0]' {ANYWHERE}"
        )


def allowed_ranges(access: Access, https: Https, canary_addresses: int) -> Iterator[str]:
    """canary_addresses: entries that the program adds for the hourly smoke test."""
    listeners = len({access.http_port, access.https_port if https.enabled else 0} - {0})
    added = 0 if access.internal or access.public else canary_addresses
    if listeners * len(access.allowed_cidrs) + added > _RULES_PER_GROUP:
        each = f" for each of {listeners} ports" if listeners > 1 else ""
        besides = f", and {added} addresses from which the smoke test calls" if added else ""
        or_no_redirect = ", or set cvat:httpPort to 0 if the redirect is not needed" if listeners > 1 else ""
        room = (_RULES_PER_GROUP - added) // listeners
        yield (
            f"cvat:allowedCidrs has {len(access.allowed_cidrs)} ranges{each}{besides}: a security group takes "
            f"{_RULES_PER_GROUP} entries. Join ranges until there are {room}{or_no_redirect}."
        )


def admin_ranges(access: Access) -> Iterator[str]:
    if len(access.admin_cidrs) > _MOST_ADMIN_RANGES:
        yield (
            f"cvat:adminCidrs has {len(access.admin_cidrs)} ranges: the load balancer's rules have room for "
            f"{_MOST_ADMIN_RANGES}. Join ranges until there are so many."
        )


def names(access: Access, https: Https) -> Iterator[str]:
    if (https.certificate or https.request_certificate) and not access.host_name:
        yield "cvat:hostName is empty: a certificate is for a name. Set the name under which people reach CVAT."
    if https.request_certificate and not access.hosted_zone_id:
        yield (
            "cvat:requestCertificate = true: ACM wants proof that the name is yours, by a record in its zone. "
            "Set cvat:hostedZoneId, or name a certificate that is issued already in cvat:certificateArn."
        )
    if access.hosted_zone_id and not access.host_name:
        yield f"cvat:hostedZoneId = {access.hosted_zone_id}: a record needs a name. Set cvat:hostName."


def requested_name(access: Access, https: Https) -> Iterator[str]:
    if https.request_certificate and len(access.host_name) > _LONGEST_REQUESTED_NAME:
        yield (
            f"cvat:hostName = {access.host_name}: it has {len(access.host_name)} characters, and ACM issues "
            f"certificates for names of up to {_LONGEST_REQUESTED_NAME}. Choose a shorter one, or import a certificate."
        )


def icp_warning(access: Access, https: Https, region_name: str) -> Iterator[str]:
    """For mainland China."""
    listeners = {access.http_port, *([access.https_port] if https.enabled else [])}
    if not access.internal and listeners & {80, 443, 8080}:
        yield (
            f"{region_name}: ports 80, 443 and 8080 are blocked in mainland China until the account has an ICP "
            "filing. Set cvat:httpPort (and cvat:httpsPort) to another port unless you have it."
        )


def plain_http_warning(access: Access, https: Https) -> Iterator[str]:
    if access.public and not https.enabled:
        yield (
            "CVAT will answer the whole Internet without encryption: passwords can be read on the way. Set "
            "cvat:certificateArn, cvat:certificate or cvat:requestCertificate, or narrow cvat:allowedCidrs."
        )


def host_name_warning(access: Access, https: Https) -> Iterator[str]:
    if https.certificate_arn and not access.host_name:
        yield (
            "cvat:hostName is empty: no certificate is for the load balancer's own name, so browsers will warn. Set "
            "the name that the certificate is for."
        )


def nat_warning(access: Access, network: Network) -> Iterator[str]:
    """For a stack with the canary, which calls CVAT's public address."""
    if network.vpc_id and not access.internal and not access.public:
        yield (
            "The hourly smoke test calls from the NAT gateways of your VPC. Add their addresses to cvat:allowedCidrs, "
            "or set cvat:canary to off."
        )

"""The public name: whether it leads to the load balancer, and whether the listener's certificate is for it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult

from rehearsal.checks import stack_queries
from rehearsal.checks.cached_query import Described, cached_query, paged
from rehearsal.result import Rehearsal


def problems(rehearsal: Rehearsal, address: SplitResult) -> Iterator[str]:
    """What would keep people from CVAT's public address, although a listener is behind it."""
    host = address.hostname or ""
    if address.scheme == "https":
        for arn in _certificates(rehearsal, stack_queries.port_of(address)):
            yield from _certificate_problems(rehearsal, arn, host)
    if zone := stack_queries.setting(rehearsal, "hostedZoneId"):
        yield from _record_problems(rehearsal, zone, host)


def _certificates(rehearsal: Rehearsal, port: int) -> list[str]:
    """Of the listener on a port: ACM's, since IAM does not say what its certificates are for."""
    return [
        certificate["CertificateArn"]
        for listener in stack_queries.listeners(rehearsal)
        if listener["Port"] == port
        for certificate in listener.get("Certificates", [])
        if ":acm:" in certificate["CertificateArn"]
    ]


def _certificate_problems(rehearsal: Rehearsal, arn: str, host: str) -> Iterator[str]:
    certificate = rehearsal.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    names = [certificate["DomainName"], *certificate.get("SubjectAlternativeNames", [])]
    if certificate["Status"] != "ISSUED":
        status = certificate["Status"]
        yield f"the listener's certificate is {status}: AWS refuses such a listener. Wait for its validation."
    if not any(_covers(name, host) for name in names):
        yield f"the listener's certificate is for {', '.join(dict.fromkeys(names))}: browsers refuse it for '{host}'."


def _covers(name: str, host: str) -> bool:
    """Whether a certificate's name is for a host; `*.example.com` covers one more label (RFC 6125, 6.4.3)."""
    if name.startswith("*."):
        return host.partition(".")[2].lower() == name[2:].lower()
    return name.lower() == host.lower()


def _record_problems(rehearsal: Rehearsal, zone: str, host: str) -> Iterator[str]:
    """The host's own record must lead to the stack's load balancer."""
    targets = [alias["DNSName"].rstrip(".").lower() for alias in _aliases(rehearsal, zone, host)]
    for balancer in stack_queries.load_balancers(rehearsal):
        if balancer["DNSName"].lower() not in targets:
            target = ", ".join(targets) or "nowhere"
            yield f"'{host}' leads {target} in zone {zone}, not to {balancer['DNSName']}."


@cached_query
def _aliases(rehearsal: Rehearsal, zone: str, host: str) -> list[Described]:
    client = rehearsal.client("route53")
    records = paged(client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone)
    return [
        record["AliasTarget"] for record in records if record["Name"].rstrip(".") == host and "AliasTarget" in record
    ]

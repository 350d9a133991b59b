"""The public name: whether it leads to the load balancer, and whether the listener's certificate is for it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import SplitResult

from rehearsal.checks import cached_query
from rehearsal.checks.cached_query import Thing
from rehearsal.result import Rehearsal
from settings.certificate import covers


def problems(rehearsal: Rehearsal, address: SplitResult) -> Iterator[str]:
    """What would keep people from CVAT's public address, though a listener stands behind it."""
    host = address.hostname or ""
    if address.scheme == "https":
        for arn in _certificates(rehearsal, cached_query.port_of(address)):
            yield from _misfits(rehearsal, arn, host)
    if zone := rehearsal.config.values.get("cvat:hostedZoneId"):
        yield from _astray(rehearsal, zone, host)


def _certificates(rehearsal: Rehearsal, port: int) -> list[str]:
    """Of the listener on a port: ACM's, since IAM does not say what its certificates are for."""
    return [
        one["CertificateArn"]
        for listener in cached_query.listeners(rehearsal)
        if listener["Port"] == port
        for one in listener.get("Certificates", [])
        if ":acm:" in one["CertificateArn"]
    ]


def _misfits(rehearsal: Rehearsal, arn: str, host: str) -> Iterator[str]:
    about = rehearsal.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    names = [about["DomainName"], *about.get("SubjectAlternativeNames", [])]
    if about["Status"] != "ISSUED":
        yield f"the listener's certificate is {about['Status']}: AWS refuses such a listener. Wait for its validation."
    if not any(covers(name, host) for name in names):
        yield f"the listener's certificate is for {', '.join(dict.fromkeys(names))}: browsers refuse it for '{host}'."


def _astray(rehearsal: Rehearsal, zone: str, host: str) -> Iterator[str]:
    """A record of the host's own leads to the stack's load balancer."""
    targets = [alias["DNSName"].rstrip(".").lower() for alias in _aliases(rehearsal, zone, host)]
    client = rehearsal.client("elbv2")
    for arn in cached_query.balancers(rehearsal):
        (balancer,) = client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        if balancer["DNSName"].lower() not in targets:
            found = ", ".join(targets) or "nowhere"
            yield f"'{host}' leads {found} in zone {zone}, not to {balancer['DNSName']}."


@cached_query.question
def _aliases(rehearsal: Rehearsal, zone: str, host: str) -> list[Thing]:
    client = rehearsal.client("route53")
    records = cached_query.paged(client, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone)
    return [one["AliasTarget"] for one in records if one["Name"].rstrip(".") == host and "AliasTarget" in one]

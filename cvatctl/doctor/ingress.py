"""What the way in names and must exist already: certificate, hosted zone, TLS policy."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cvatctl.clients import Clients
from cvatctl.doctor.finding import Case, Finding, is_gone
from settings.certificate import covers


def certificate(case: Case, clients: Clients) -> Iterator[Finding]:
    """The listener's certificate exists, is issued, and names the host.

    One that is imported has been looked at with the settings; one that is requested does not exist yet.
    """
    arn, host = case.settings.https.certificate_arn, case.settings.access.host_name
    if not arn:
        return
    try:
        names = _acm(arn, clients) if ":acm:" in arn else _iam(arn, clients)
    except ClientError as error:
        if not is_gone(error):
            raise
        yield Finding(
            "problem",
            "certificate",
            f"cvat:certificateArn = {arn}: there is no such certificate in {case.region.name}. Copy the ARN again; or "
            "import one with cvat:certificate, or let ACM issue one with cvat:requestCertificate.",
        )
        return
    if isinstance(names, str):
        yield Finding("problem", "certificate", f"cvat:certificateArn = {arn}: {names}")
    elif host and names and not any(covers(name, host) for name in names):
        yield Finding(
            "problem",
            "certificate",
            f"cvat:hostName = {host}: the certificate is for {', '.join(names)}, so browsers would refuse it. Choose "
            "another of the two.",
        )
    else:
        yield Finding("ok", "certificate", f"it is there{f' and covers {host}' if host and names else ''}.")


def _acm(arn: str, clients: Clients) -> list[str] | str:
    """The names that an ACM certificate is for, or what is wrong with it."""
    about = clients("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if about["Status"] != "ISSUED":
        return (
            f"its status is {about['Status']}, and a listener takes issued ones only. Finish its validation, or let "
            "this program do all of it with cvat:requestCertificate."
        )
    return [about["DomainName"], *about.get("SubjectAlternativeNames", [])]


def _iam(arn: str, clients: Clients) -> list[str]:
    """IAM does not say what its server certificates are for."""
    clients("iam").get_server_certificate(ServerCertificateName=arn.rpartition("/")[2])
    return []


def hosted_zone(case: Case, clients: Clients) -> Iterator[Finding]:
    """The zone exists, and the name fits into it."""
    front = case.settings.ingress
    if not front.hosted_zone_id:
        return
    try:
        zone = clients("route53").get_hosted_zone(Id=front.hosted_zone_id)["HostedZone"]
    except ClientError as error:
        if not is_gone(error):
            raise
        yield Finding(
            "problem",
            "DNS",
            f"cvat:hostedZoneId = {front.hosted_zone_id}: this account has no such zone. "
            "`aws route53 list-hosted-zones` lists them.",
        )
        return
    domain = zone["Name"].rstrip(".")
    why = front.hosted_zone_problem(domain, private=zone["Config"]["PrivateZone"])
    text = why or f"{front.host_name} gets its record in the zone of {domain}."
    yield Finding("problem" if why else "ok", "DNS", text)


def tls_policy(case: Case, clients: Clients) -> Iterator[Finding]:
    """The region's load balancers know the policy."""
    front = case.settings.ingress
    if not front.secure:
        return
    found = clients("elbv2").describe_ssl_policies(LoadBalancerType="application")["SslPolicies"]
    names = sorted(one["Name"] for one in found)
    if front.tls_policy in names:
        yield Finding("ok", "TLS policy", f"{front.tls_policy} is there.")
    else:
        yield Finding(
            "problem",
            "TLS policy",
            f"cvat:tlsPolicy = {front.tls_policy}: {case.region.name} has {', '.join(names)}. Choose one of those.",
        )

"""Checks of what the ingress refers to: certificate, hosted zone, TLS policy."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients
from cvatctl.doctor.finding import Finding, PlannedStack, is_missing
from settings.certificate import covers


def certificate(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The listener's certificate exists, is issued, and covers the host name.

    An imported one was checked with the settings; a requested one does not exist yet.
    """
    arn, host = stack.settings.https.certificate_arn, stack.settings.access.host_name
    if not arn:
        return
    try:
        names = _acm(arn, clients) if ":acm:" in arn else _iam(arn, clients)
    except ClientError as error:
        if not is_missing(error):
            raise
        yield Finding(
            "problem",
            "certificate",
            f"cvat:certificateArn = {arn}: there is no such certificate in {stack.region.name}. Copy the ARN again; or "
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
        yield Finding("ok", "certificate", f"it exists{f' and covers {host}' if host and names else ''}.")


def _acm(arn: str, clients: Clients) -> list[str] | str:
    """The names of an ACM certificate, or why a listener does not take it."""
    description = clients("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if description["Status"] != "ISSUED":
        return (
            f"its status is {description['Status']}, and a listener needs an issued one. Finish its validation, or let "
            "this program do all of it with cvat:requestCertificate."
        )
    return [description["DomainName"], *description.get("SubjectAlternativeNames", [])]


def _iam(arn: str, clients: Clients) -> list[str]:
    """IAM does not tell the names of its server certificates."""
    clients("iam").get_server_certificate(ServerCertificateName=arn.rpartition("/")[2])
    return []


def hosted_zone(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The hosted zone exists, and the host name lies in it."""
    options = stack.settings.ingress
    if not options.hosted_zone_id:
        return
    try:
        zone = clients("route53").get_hosted_zone(Id=options.hosted_zone_id)["HostedZone"]
    except ClientError as error:
        if not is_missing(error):
            raise
        yield Finding(
            "problem",
            "DNS",
            f"cvat:hostedZoneId = {options.hosted_zone_id}: this account has no such zone. "
            "`aws route53 list-hosted-zones` lists them.",
        )
        return
    domain = zone["Name"].rstrip(".")
    problem = options.hosted_zone_problem(domain, private=zone["Config"]["PrivateZone"])
    text = problem or f"{options.host_name} gets its record in the zone of {domain}."
    yield Finding("problem" if problem else "ok", "DNS", text)


def tls_policy(stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The region's load balancers offer the policy."""
    options = stack.settings.ingress
    if not options.secure:
        return
    policies = clients("elbv2").describe_ssl_policies(LoadBalancerType="application")["SslPolicies"]
    names = sorted(policy["Name"] for policy in policies)
    if options.tls_policy in names:
        yield Finding("ok", "TLS policy", f"{options.tls_policy} exists.")
    else:
        yield Finding(
            "problem",
            "TLS policy",
            f"cvat:tlsPolicy = {options.tls_policy}: {stack.region.name} has {', '.join(names)}. Choose one of those.",
        )

"""Certificates, DNS records, and the firewall before the balancer."""

from __future__ import annotations

from typing import Any

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers import shapes
from rehearsal.providers.resource import Made, Make, handles


@handles("aws:acm/certificate:Certificate", tags=True, provider_only={"validationOptions": "for e-mail only"})
def certificate(make: Make) -> Made:
    """One that is imported with its key, or one that ACM is asked for."""
    if "privateKey" in make.inputs:
        arn = make.call("acm", "ImportCertificate", imported(make.inputs))["CertificateArn"]
    else:
        arn = make.call("acm", "RequestCertificate")["CertificateArn"]
    about = make.ask("acm", "DescribeCertificate", CertificateArn=arn)["Certificate"]
    proofs = [
        {
            "domainName": one["DomainName"],
            "resourceRecordName": one["ResourceRecord"]["Name"],
            "resourceRecordType": one["ResourceRecord"]["Type"],
            "resourceRecordValue": one["ResourceRecord"]["Value"],
        }
        for one in about.get("DomainValidationOptions", [])
    ]
    outputs = {"arn": arn, "domainName": about["DomainName"], "status": about["Status"], "type": about["Type"]}
    return Made(arn, outputs | {"domainValidationOptions": proofs}, frozenset({"privateKey"}))


IMPORTED = {"certificateBody": "Certificate", "privateKey": "PrivateKey", "certificateChain": "CertificateChain"}
"""Inputs of a certificate from elsewhere, by the API's names."""


def imported(given: Inputs) -> dict[str, bytes]:
    """Certificate, key and chain as the API spells them."""
    values = {member: given.take(key) for key, member in IMPORTED.items()}
    return {member: value.encode() for member, value in values.items() if value is not None}


@handles("aws:acm/certificateValidation:CertificateValidation")
def certificate_validation(make: Make) -> Made:
    """The provider's own way of waiting until ACM has found every proof."""
    arn, given = make.inputs.require("certificateArn"), make.inputs.take("validationRecordFqdns") or []
    about = make.ask("acm", "DescribeCertificate", CertificateArn=arn)["Certificate"]
    wanted = {one["ResourceRecord"]["Name"].rstrip(".") for one in about["DomainValidationOptions"]}
    if missing := wanted - {name.rstrip(".") for name in given}:
        raise RehearsalError(f"validationRecordFqdns: the proof {', '.join(sorted(missing))} is missing.")
    if about["Status"] != "ISSUED":
        raise RehearsalError(f"{arn} is still {about['Status']}: ACM does not find its proof in public DNS.")
    return Made(arn)


@handles("aws:route53/record:Record", provider_only={"allowOverwrite": "decides between CREATE and UPSERT"})
def record(make: Make) -> Made:
    """A name in a hosted zone."""
    action = "UPSERT" if make.old or make.inputs.peek("allowOverwrite") else "CREATE"
    zone, wanted = make.inputs.take("zoneId"), record_set(make.inputs)
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": wanted}]}
    make.ask("route53", "ChangeResourceRecordSets", HostedZoneId=zone, ChangeBatch=batch)
    name = wanted["Name"]
    return Made(f"{zone}_{name}_{wanted['Type']}", {"fqdn": name, "name": name})


def record_set(given: Inputs) -> dict[str, Any]:
    """A record as the API spells it."""
    name, kind = given.take("name").rstrip("."), given.take("type")
    wanted: dict[str, Any] = {"Name": name, "Type": kind}
    if values := given.take("records"):
        wanted |= {"ResourceRecords": [{"Value": value} for value in values], "TTL": given.take("ttl")}
    for alias in given.take("aliases") or []:
        wanted["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    return wanted


@handles("aws:wafv2/ipSet:IpSet", tags=True)
def ip_set(make: Make) -> Made:
    """A list of addresses."""
    name = make.named(limit=128)
    made = make.call("wafv2", "CreateIPSet", {"Name": name}, renames={"ipAddressVersion": "IPAddressVersion"})
    return Made(made["Summary"]["Id"], {"arn": made["Summary"]["ARN"], "name": name})


@handles("aws:wafv2/webAcl:WebAcl", tags=True)
def web_acl(make: Make) -> Made:
    """The firewall's rules."""
    name = make.named(limit=128)
    made = make.call("wafv2", "CreateWebACL", {"Name": name})["Summary"]
    return Made(made["Id"], {"arn": made["ARN"], "name": name})


@handles("aws:wafv2/webAclAssociation:WebAclAssociation")
def web_acl_association(make: Make) -> Made:
    """The firewall before a balancer."""
    acl, balancer = make.inputs.take("webAclArn"), make.inputs.take("resourceArn")
    make.ask("elbv2", "DescribeLoadBalancers", LoadBalancerArns=[balancer])  # WAF refuses what does not exist
    make.ask("wafv2", "AssociateWebACL", WebACLArn=acl, ResourceArn=balancer)
    return Made(f"{acl},{balancer}")


@handles("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
def web_acl_logging(make: Make) -> Made:
    """Where the firewall writes what it saw, and what it leaves out."""
    given = make.inputs
    acl, places = given.take("resourceArn"), given.take("logDestinationConfigs")
    for place in places:
        if ":log-group:" in place and not place.partition(":log-group:")[2].startswith("aws-waf-logs-"):
            raise RehearsalError(f"logDestinationConfigs: {place} must be named aws-waf-logs-...")
    model = make.client("wafv2").meta.service_model.operation_model("PutLoggingConfiguration")
    rest = {key: given.take(key) for key in ("redactedFields", "loggingFilter") if key in given}
    wanted = shapes.convert(rest, model.input_shape.members["LoggingConfiguration"], "", {})
    wanted |= {"ResourceArn": acl, "LogDestinationConfigs": places}
    make.ask("wafv2", "PutLoggingConfiguration", LoggingConfiguration=wanted)
    return Made(acl)

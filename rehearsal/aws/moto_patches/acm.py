"""AWS Certificate Manager."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from moto.acm.models import AWSCertificateManagerBackend, CertBundle
from moto.route53.models import route53_backends

from region import Region
from rehearsal.aws.moto_patches.patch import Client, moto_patch, replace


def _issues_a_validated_certificate(client: Client) -> bool:
    """A certificate is issued once its validation record is in a public zone, and not before."""
    acm, dns = client("acm"), client("route53")
    arn = acm.request_certificate(DomainName="a.example.com", ValidationMethod="DNS")["CertificateArn"]

    def status() -> str:
        return str(acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"])

    before = status()
    (option,) = acm.describe_certificate(CertificateArn=arn)["Certificate"]["DomainValidationOptions"]
    record = option["ResourceRecord"]
    record_set = {
        "Name": record["Name"],
        "Type": record["Type"],
        "TTL": 60,
        "ResourceRecords": [{"Value": record["Value"]}],
    }
    zone = dns.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    change = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record_set}]}
    dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)
    return (before, status()) == ("PENDING_VALIDATION", "ISSUED")


@moto_patch(_issues_a_validated_certificate)
def certificates_issued_after_validation(stack: ExitStack) -> None:
    """moto issues every certificate after a minute, validated or not, and none before.

    ACM user guide, "DNS validation".
    """
    original = AWSCertificateManagerBackend.describe_certificate

    def describe(self: Any, arn: str) -> Any:
        bundle = original(self, arn)
        if bundle.status == "PENDING_VALIDATION" and _is_validated(self, bundle):
            bundle.status = "ISSUED"
        return bundle

    replace(stack, AWSCertificateManagerBackend, "describe_certificate", describe)
    replace(stack, CertBundle, "check", lambda _: None)


def _is_validated(backend: Any, bundle: Any) -> bool:
    """Whether each record that ACM asks for is in a public zone of the account."""
    zones = route53_backends[backend.account_id][Region(backend.region_name).partition].zones.values()
    records = {
        (record_set.name.rstrip("."), value)
        for zone in zones
        if not zone.private_zone
        for record_set in zone.rrsets
        for value in map(str, record_set.records)
    }
    options = bundle.describe()["Certificate"]["DomainValidationOptions"]
    return {
        (option["ResourceRecord"]["Name"].rstrip("."), option["ResourceRecord"]["Value"]) for option in options
    } <= records

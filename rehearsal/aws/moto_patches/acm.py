"""AWS Certificate Manager."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
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


def _keeps_what_a_renewed_certificate_has(client: Client) -> bool:
    acm, first, second = client("acm"), _pair(), _pair()
    arn = acm.import_certificate(**first, Tags=[{"Key": "a", "Value": "b"}])["CertificateArn"]
    acm.import_certificate(CertificateArn=arn, **second)
    return bool(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"])


@moto_patch(_keeps_what_a_renewed_certificate_has)
def tags_of_renewed_certificates(stack: ExitStack) -> None:
    """moto forgets tags and listeners of a certificate that is imported again under its ARN.

    ACM user guide, "Reimport a certificate": the ARN and the associations stay; API reference, ImportCertificate: tags
    cannot be given again.
    """
    original = AWSCertificateManagerBackend.import_certificate

    def import_again(self: Any, certificate: bytes, private_key: bytes, chain: Any, arn: Any, tags: Any) -> str:
        former = self._certificates.get(arn)
        imported: str = original(self, certificate, private_key, chain, arn, tags)
        if former:
            bundle = self._certificates[imported]
            bundle.tags, bundle.in_use_by = former.tags, former.in_use_by
        return imported

    replace(stack, AWSCertificateManagerBackend, "import_certificate", import_again)


def _pair() -> dict[str, bytes]:
    """A certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a.example.com")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = builder.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return {"Certificate": signed.public_bytes(Encoding.PEM), "PrivateKey": private}

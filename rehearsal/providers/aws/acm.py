"""ACM: certificates, and the provider's wait for their validation."""

from __future__ import annotations

from typing import ClassVar

from rehearsal.engine.inputs import Inputs
from rehearsal.errors import RehearsalError
from rehearsal.providers.resource import Attributes, ResourceRequest, ResourceType, deleted_by, words

IMPORT_MEMBERS = {"certificateBody": "Certificate", "privateKey": "PrivateKey", "certificateChain": "CertificateChain"}


class Certificate(ResourceType, token="aws:acm/certificate:Certificate"):
    """A certificate that is imported with its key (and renewed under its ARN), or one that ACM is asked for."""

    tags = True
    replace_on = words(
        "certificateAuthorityArn domainName keyAlgorithm subjectAlternativeNames validationMethod validationOptions"
    )
    provider_only: ClassVar = {"validationOptions": "for e-mail only"}
    delete_call = deleted_by("acm:DeleteCertificate", CertificateArn="id")

    def create(self, request: ResourceRequest) -> Attributes:
        if "privateKey" in request.inputs:
            extra = _import_members(request.inputs)
            arn = request.call_with_inputs("acm", "ImportCertificate", extra)["CertificateArn"]
        else:
            arn = request.call_with_inputs("acm", "RequestCertificate")["CertificateArn"]
        certificate = request.call("acm", "DescribeCertificate", CertificateArn=arn)["Certificate"]
        validations = [
            {
                "domainName": option["DomainName"],
                "resourceRecordName": option["ResourceRecord"]["Name"],
                "resourceRecordType": option["ResourceRecord"]["Type"],
                "resourceRecordValue": option["ResourceRecord"]["Value"],
            }
            for option in certificate.get("DomainValidationOptions", [])
        ]
        outputs = {
            "arn": arn,
            "domainName": certificate["DomainName"],
            "status": certificate["Status"],
            "type": certificate["Type"],
            "domainValidationOptions": validations,
        }
        return Attributes(arn, outputs, frozenset({"privateKey"}))

    def update(self, request: ResourceRequest) -> None:
        """Certificate, key and chain of an imported one go together."""
        if set(IMPORT_MEMBERS) & set(request.inputs.unused()):
            members = {"CertificateArn": request.id, **_import_members(Inputs(request.all_inputs))}
            request.call("acm", "ImportCertificate", **members)
            for key in IMPORT_MEMBERS:
                request.inputs.take(key)


def _import_members(inputs: Inputs) -> dict[str, bytes]:
    """Certificate, key and chain as the API spells them."""
    values = {member: inputs.take(key) for key, member in IMPORT_MEMBERS.items()}
    return {member: value.encode() for member, value in values.items() if value is not None}


class CertificateValidation(ResourceType, token="aws:acm/certificateValidation:CertificateValidation"):
    """The provider's way of waiting until ACM has found every validation record; nothing in the account."""

    replace_on = words("certificateArn validationRecordFqdns")

    def create(self, request: ResourceRequest) -> Attributes:
        arn, names = request.inputs.require("certificateArn"), request.inputs.take("validationRecordFqdns") or []
        certificate = request.call("acm", "DescribeCertificate", CertificateArn=arn)["Certificate"]
        options = certificate["DomainValidationOptions"]
        required = {option["ResourceRecord"]["Name"].rstrip(".") for option in options}
        if missing := required - {name.rstrip(".") for name in names}:
            raise RehearsalError(f"validationRecordFqdns: the record {', '.join(sorted(missing))} is missing.")
        if certificate["Status"] != "ISSUED":
            raise RehearsalError(
                f"{arn} is still {certificate['Status']}: ACM does not find its validation records in public DNS."
            )
        return Attributes(arn)

    def delete(self, request: ResourceRequest) -> None:
        """Nothing to delete."""

"""The certificate of the HTTPS listener: one that exists, one to import, or one that ACM issues."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from settings.ingress_options import Imported, IngressOptions

_TTL_SECONDS = 300


def certificate(name: str, ingress: IngressOptions, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """ARN of the certificate, known once a listener can use it."""
    if ingress.imported:
        return _imported(name, ingress.imported, opts)
    if ingress.requested:
        return _requested(name, ingress, opts)
    return pulumi.Output.from_input(ingress.certificate_arn)


def _imported(name: str, imported: Imported, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A renewed certificate is imported again under the same ARN."""
    return aws.acm.Certificate(
        name,
        certificate_body=imported.certificate,
        certificate_chain=imported.chain or None,
        private_key=pulumi.Output.secret(imported.key),
        opts=opts,
    ).arn


def _requested(name: str, ingress: IngressOptions, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """ACM renews the certificate for as long as its validation record exists."""
    issued = aws.acm.Certificate(name, domain_name=ingress.host_name, validation_method="DNS", opts=opts)
    validation = issued.domain_validation_options[0]
    record = aws.route53.Record(
        f"{name}-proof",
        zone_id=ingress.hosted_zone_id,
        name=validation.resource_record_name,
        type=validation.resource_record_type,
        records=[validation.resource_record_value],
        ttl=_TTL_SECONDS,
        # The record is the same for every certificate of this name in this account: another stack may have set it, and
        # may need it for its renewals when this stack is gone.
        allow_overwrite=True,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(retain_on_delete=True)),
    )
    return aws.acm.CertificateValidation(
        name, certificate_arn=issued.arn, validation_record_fqdns=[record.fqdn], opts=opts
    ).certificate_arn

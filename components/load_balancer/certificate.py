"""The certificate of the HTTPS listener: one that exists, one to import, or one that ACM issues."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.context import StackContext
from settings.ingress_options import Imported, IngressOptions

_TTL_SECONDS = 300


def certificate(
    name: str, front: IngressOptions, context: StackContext, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """ARN of a certificate that a listener takes, once it does."""
    if front.imported:
        return _imported(name, front.imported, context, opts)
    if front.requested:
        return _requested(name, front, context, opts)
    return pulumi.Output.from_input(front.certificate_arn)


def _imported(name: str, given: Imported, context: StackContext, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """A renewed certificate takes the old one's place under the same ARN."""
    return aws.acm.Certificate(
        name,
        aws.acm.CertificateArgs(
            certificate_body=given.certificate,
            certificate_chain=given.chain or None,
            private_key=pulumi.Output.secret(given.key),
            tags=dict(context.tags),
        ),
        opts=opts,
    ).arn


def _requested(
    name: str, front: IngressOptions, context: StackContext, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """ACM renews it for as long as the record stands."""
    issued = aws.acm.Certificate(
        name,
        aws.acm.CertificateArgs(domain_name=front.host_name, validation_method="DNS", tags=dict(context.tags)),
        opts=opts,
    )
    proof = issued.domain_validation_options[0]
    record = aws.route53.Record(
        f"{name}-proof",
        aws.route53.RecordArgs(
            zone_id=front.hosted_zone_id,
            name=proof.resource_record_name,
            type=proof.resource_record_type,
            records=[proof.resource_record_value],
            ttl=_TTL_SECONDS,
            # The proof is the same for every certificate of this name in this account: another stack may have set it.
            allow_overwrite=True,
        ),
        opts=opts,
    )
    return aws.acm.CertificateValidation(
        name,
        aws.acm.CertificateValidationArgs(certificate_arn=issued.arn, validation_record_fqdns=[record.fqdn]),
        opts=opts,
    ).certificate_arn

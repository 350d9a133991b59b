"""Bridges: certificates and logins at the load balancer."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any
from unittest import mock

from rehearsal.aws import partitions
from rehearsal.aws.moto_patches.table import after, bridge


@bridge
def certificates_that_wait_for_their_proof(stack: ExitStack) -> None:
    """moto issues every certificate after a minute, proved or not, and none before."""
    from moto.acm.models import AWSCertificateManagerBackend, CertBundle  # noqa: PLC0415

    original = AWSCertificateManagerBackend.describe_certificate

    def describe(self: Any, arn: str) -> Any:
        bundle = original(self, arn)
        if bundle.status == "PENDING_VALIDATION" and _proved(self, bundle):
            bundle.status = "ISSUED"
        return bundle

    stack.enter_context(mock.patch.object(AWSCertificateManagerBackend, "describe_certificate", describe))
    stack.enter_context(mock.patch.object(CertBundle, "check", lambda _: None))


def _proved(backend: Any, bundle: Any) -> bool:
    """Whether each record that ACM asks for stands in a public zone of the account."""
    from moto.route53.models import route53_backends  # noqa: PLC0415

    zones = route53_backends[backend.account_id][partitions.of(backend.region_name).name].zones.values()
    known = {
        (record.name.rstrip("."), value)
        for zone in zones
        if not zone.private_zone
        for record in zone.rrsets
        for value in map(str, record.records)
    }
    options = bundle.describe()["Certificate"]["DomainValidationOptions"]
    wanted = {(one["ResourceRecord"]["Name"].rstrip("."), one["ResourceRecord"]["Value"]) for one in options}
    return wanted <= known


@bridge
def client_secrets_that_nobody_tells(stack: ExitStack) -> None:
    """moto shows the secret of an OIDC client to whoever describes the rule."""
    from moto.elbv2.models import FakeAction  # noqa: PLC0415

    def forget(_: None, self: Any, data: dict[str, Any]) -> None:
        if config := self.data.get("AuthenticateOidcConfig"):
            config.pop("ClientSecret", None)

    after(stack, FakeAction, "__init__", forget)

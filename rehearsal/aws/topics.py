"""Publishes to SNS topics what other services of the account send there."""

from __future__ import annotations

from moto.sns.models import sns_backends

from region import Region


def publish(arn: str, message: str) -> None:
    """Nothing arrives at a topic whose ARN names another partition than its region's."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    if partition == Region(region).partition:
        sns_backends[account][region].publish(message=message, arn=arn)

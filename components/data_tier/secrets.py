"""Generated secrets: random values in Secrets Manager, which containers receive by reference only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.context import StackContext

_PASSWORD_LENGTH = 32
_RECOVERY_DAYS = 7
"""The shortest time for which Secrets Manager can keep a deleted secret."""


@dataclass(frozen=True)
class SecretValue:
    """One key of a JSON secret, or with an empty key the whole secret."""

    secret_arn: pulumi.Output[str]
    key: str
    key_arn: str = ""
    """The customer's KMS key that encrypts it. Default: one that readers need no permission for."""

    @property
    def reference(self) -> pulumi.Output[str]:
        """As `valueFrom` of a container's secret: ECS reads the key of the newest version."""
        return pulumi.Output.concat(self.secret_arn, f":{self.key}::" if self.key else "")


def existing_secrets(references: Mapping[str, tuple[str, str]]) -> dict[str, SecretValue]:
    """Secrets that exist already: variable -> (ARN, key)."""
    return {name: SecretValue(pulumi.Output.from_input(arn), key) for name, (arn, key) in references.items()}


@dataclass(frozen=True, kw_only=True)
class GeneratedSecret:
    """Content of a secret, a JSON object: fixed values, and a random one."""

    describe: str
    """Shown in the console."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    generate: str = "password"
    """Key of the random value."""


@dataclass(frozen=True)
class StoredSecret:
    """A secret, its current version (to wait for), and the password in it."""

    arn: pulumi.Output[str]
    version: aws.secretsmanager.SecretVersion
    password: pulumi.Output[str]
    key_arn: str
    """The customer's KMS key that encrypts it; empty: AWS's own."""

    def value(self, key: str) -> SecretValue:
        return SecretValue(self.arn, key, self.key_arn)


def generated(name: str, content: GeneratedSecret, context: StackContext, opts: pulumi.ResourceOptions) -> StoredSecret:
    """Create a secret. One that `opts` protects can be restored for 7 days after its deletion.

    The random value has letters and digits only: RDS refuses `/@" ` and CVAT puts passwords into URLs.
    """
    password = random.RandomPassword(f"{name}-password", length=_PASSWORD_LENGTH, special=False, opts=opts)
    secret = aws.secretsmanager.Secret(
        name,
        description=content.describe,
        kms_key_id=context.key,
        recovery_window_in_days=_RECOVERY_DAYS if opts.protect else 0,
        opts=opts,
    )
    version = aws.secretsmanager.SecretVersion(
        name,
        secret_id=secret.id,
        secret_string=pulumi.Output.json_dumps({**content.fixed, content.generate: password.result}),
        # Another fixed value, such as the administrator's name, is another version; protection would refuse it.
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=False)),
    )
    return StoredSecret(secret.arn, version, password.result, context.key_arn)

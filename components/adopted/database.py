"""An RDS instance that exists already, checked before it is used; its security group gets one rule for CVAT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi_aws as aws

from components.adopted.problems import Problems
from components.context import StackContext
from settings.values import DatabaseReference, DatabaseSize

_OLDEST_MAJOR = 10
"""What CVAT's docker-compose.yml runs at our commit."""
_EXPIRED_AUTHORITIES = ("rds-ca-2015", "rds-ca-2019")
"""Certificate authorities that have expired (RDS user guide, "certificate rotation", read 2026-11)."""


@dataclass(frozen=True, kw_only=True)
class DatabaseDescription:
    """What decides whether an instance can be used."""

    engine: str
    version: str
    vpc_id: str
    encrypted: bool
    key_arn: str
    authority: str
    """Certificate authority of the server's certificate."""
    group_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdoptedDatabase:
    """An instance that the stack can use."""

    identifier: str
    arn: str
    address: str
    port: int
    reference: DatabaseReference
    secret_key_arn: str
    """The customer's KMS key of the secret; empty: AWS's own."""
    size: DatabaseSize


def database_problems(
    reference: DatabaseReference, description: DatabaseDescription, vpc_id: str, key_arn: str
) -> Iterator[str]:
    """Why the instance cannot be used; pure. `key_arn`: the KMS key that stores must have; empty: any."""
    key = f"cvat:dbInstanceId = {reference.instance_id}"
    if description.engine != "postgres":
        yield f"{key}: it is {description.engine}, and CVAT needs postgres. Name another instance."
        return
    if int(description.version.partition(".")[0]) < _OLDEST_MAJOR:
        yield f"{key}: it is PostgreSQL {description.version}, and CVAT needs {_OLDEST_MAJOR} or newer. Upgrade it."
    if description.vpc_id != vpc_id:
        yield f"{key}: it is in {description.vpc_id}, not in cvat:vpcId = {vpc_id}. Name one of that VPC, or that VPC."
    if not description.encrypted:
        yield f"{key}: it is not encrypted, and this stack's stores are. Restore an encrypted copy of a snapshot."
    elif key_arn and description.key_arn != key_arn:
        yield (
            f"{key}: it is encrypted with {description.key_arn}, not with cvat:kmsKeyArn = {key_arn}. Name one that is."
        )
    if description.authority in _EXPIRED_AUTHORITIES:
        yield (
            f"{key}: its certificate is of {description.authority}, which has expired, and CVAT speaks TLS only. "
            "Change it with `aws rds modify-db-instance --ca-certificate-identifier rds-ca-rsa2048-g1`."
        )
    if reference.group_id not in description.group_ids:
        yield (
            f"cvat:dbSecurityGroupId = {reference.group_id}: the instance does not have it, so a rule in it would "
            f"have no effect. Name one of {', '.join(description.group_ids)}."
        )


def adopted_database(
    context: StackContext, reference: DatabaseReference, vpc_id: str, problems: Problems
) -> AdoptedDatabase | None:
    """The instance that the settings name, or None. Adds to `problems` what makes it unusable."""
    instance_id, secret_arn = reference.instance_id, reference.secret_arn
    if not instance_id:
        return None
    instance = problems.ask(
        "dbInstanceId", instance_id, lambda: aws.rds.get_instance(db_instance_identifier=instance_id)
    )
    secret = problems.ask("dbSecretArn", secret_arn, lambda: aws.secretsmanager.get_secret(arn=secret_arn))
    if instance is None or secret is None:
        return None
    description = DatabaseDescription(
        engine=instance.engine,
        version=instance.engine_version,
        vpc_id=aws.rds.get_subnet_group(name=instance.db_subnet_group).vpc_id,
        encrypted=instance.storage_encrypted,
        key_arn=instance.kms_key_id,
        authority=instance.ca_cert_identifier,
        group_ids=tuple(instance.vpc_security_groups),
    )
    problems.add(database_problems(reference, description, vpc_id, context.key_arn))
    return AdoptedDatabase(
        identifier=instance_id,
        arn=instance.db_instance_arn,
        address=instance.address,
        port=instance.port,
        reference=reference,
        secret_key_arn=_customer_key(context, secret.kms_key_id),
        size=DatabaseSize(
            instance_class=instance.db_instance_class,
            storage_gb=instance.allocated_storage,
            max_storage_gb=instance.max_allocated_storage or instance.allocated_storage,
            multi_az=instance.multi_az,
            backup_days=instance.backup_retention_period,
            engine_version=instance.engine_version,
        ),
    )


def _customer_key(context: StackContext, key: str | None) -> str:
    """The ARN of a secret's key, which Secrets Manager gives as ARN or as id; empty for AWS's own key."""
    if not key or "alias/" in key:
        return ""
    return key if key.startswith("arn:") else context.region.arn("kms", f"key/{key}", account=context.account)

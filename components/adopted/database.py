"""A PostgreSQL that exists already: looked at before it is used; all that is added is one rule that lets CVAT in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi_aws as aws

from components.context import StackContext
from components.problems import Problems
from settings.values import DatabaseReference, DatabaseSize

_OLDEST_MAJOR = 10
"""What CVAT's own docker-compose.yml runs at our commit."""
_EXPIRED_AUTHORITIES = ("rds-ca-2015", "rds-ca-2019")
"""Authorities that vouch for no server any more (RDS user guide, "certificate rotation", read 2026-11)."""


@dataclass(frozen=True, kw_only=True)
class DatabaseDescription:
    """What AWS says of an instance, as far as it matters."""

    engine: str
    version: str
    vpc_id: str
    encrypted: bool
    key_arn: str
    authority: str
    """Who signed the server's certificate."""
    group_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdoptedDatabase:
    """An instance that fits the stack."""

    identifier: str
    arn: str
    address: str
    port: int
    named: DatabaseReference
    secret_key_arn: str
    """The customer's KMS key of the secret; empty: AWS's own."""
    size: DatabaseSize


def database_problems(named: DatabaseReference, facts: DatabaseDescription, vpc_id: str, key_arn: str) -> Iterator[str]:
    """All that speaks against using the instance; pure. `key_arn`: the key that stores must have, if any."""
    key = f"cvat:dbInstanceId = {named.instance_id}"
    if facts.engine != "postgres":
        yield f"{key}: it is {facts.engine}, and CVAT needs postgres. Name another instance."
        return
    if int(facts.version.partition(".")[0]) < _OLDEST_MAJOR:
        yield f"{key}: it is PostgreSQL {facts.version}, and CVAT needs {_OLDEST_MAJOR} or newer. Upgrade it."
    if facts.vpc_id != vpc_id:
        yield f"{key}: it is in {facts.vpc_id}, not in cvat:vpcId = {vpc_id}. Name one of that VPC, or that VPC."
    if not facts.encrypted:
        yield f"{key}: it is not encrypted, and this stack's stores are. Restore an encrypted copy of a snapshot."
    elif key_arn and facts.key_arn != key_arn:
        yield f"{key}: it is encrypted with {facts.key_arn}, not with cvat:kmsKeyArn = {key_arn}. Name one that is."
    if facts.authority in _EXPIRED_AUTHORITIES:
        yield (
            f"{key}: its certificate is of {facts.authority}, which has expired, and CVAT speaks TLS only. "
            "Change it with `aws rds modify-db-instance --ca-certificate-identifier rds-ca-rsa2048-g1`."
        )
    if named.group_id not in facts.group_ids:
        yield (
            f"cvat:dbSecurityGroupId = {named.group_id}: the instance does not carry it, so a rule in it would let "
            f"nobody in. Name one of {', '.join(facts.group_ids)}."
        )


def adopted_database(
    context: StackContext, named: DatabaseReference, vpc_id: str, problems: Problems
) -> AdoptedDatabase | None:
    """The instance, if it is named and fits."""
    if not named.instance_id:
        return None
    found = problems.ask(
        "dbInstanceId", named.instance_id, lambda: aws.rds.get_instance(db_instance_identifier=named.instance_id)
    )
    secret = problems.ask("dbSecretArn", named.secret_arn, lambda: aws.secretsmanager.get_secret(arn=named.secret_arn))
    if found is None or secret is None:
        return None
    facts = DatabaseDescription(
        engine=found.engine,
        version=found.engine_version,
        vpc_id=aws.rds.get_subnet_group(name=found.db_subnet_group).vpc_id,
        encrypted=found.storage_encrypted,
        key_arn=found.kms_key_id,
        authority=found.ca_cert_identifier,
        group_ids=tuple(found.vpc_security_groups),
    )
    problems.add(database_problems(named, facts, vpc_id, context.key_arn))
    return AdoptedDatabase(
        identifier=named.instance_id,
        arn=found.db_instance_arn,
        address=found.address,
        port=found.port,
        named=named,
        secret_key_arn=_own_key(context, secret.kms_key_id),
        size=DatabaseSize(
            instance_class=found.db_instance_class,
            storage_gb=found.allocated_storage,
            max_storage_gb=found.max_allocated_storage or found.allocated_storage,
            multi_az=found.multi_az,
            backup_days=found.backup_retention_period,
            engine_version=found.engine_version,
        ),
    )


def _own_key(context: StackContext, key: str | None) -> str:
    """The ARN of a secret's key, which AWS tells as ARN or as id; empty where it is AWS's own."""
    if not key or "alias/" in key:
        return ""
    return key if key.startswith("arn:") else context.region.arn("kms", f"key/{key}", account=context.account)

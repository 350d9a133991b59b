"""PostgreSQL for CVAT: a new RDS instance, or one that exists already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.adopted.database import AdoptedDatabase
from components.context import StackContext
from components.data_tier.secrets import SecretValue, StoredSecret
from components.dynamic.database_start import DatabaseStart
from components.network import security_groups
from settings.engine_versions import is_pinned, postgresql_family
from settings.values import BackupTimes, DatabaseSize

PORT = 5432
NAME = "cvat"
"""Of the database in a new instance, and of its master user."""
_ONLY_AT_CREATION = [
    "identifier",
    "snapshot_identifier",
    "db_name",
    "username",
    "kms_key_id",
    "performance_insights_kms_key_id",
]
"""Name and origin of a database, and its keys. A change would replace it."""
_LOGS = ("postgresql", "upgrade")
"""Logs that RDS sends to CloudWatch."""
_INSIGHTS_DAYS = 7
"""Performance Insights keeps 7 days at no cost."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database that the stack created, or that existed."""

    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    address: pulumi.Output[str]
    port: int
    name: str
    user: SecretValue
    password: SecretValue
    size: DatabaseSize
    managed: bool
    """Whether the stack created it, and may start and stop it."""
    started: pulumi.Output[str] | None = None
    """When an update last started it, stopped as it was. None: the stack does not manage it."""


@dataclass(frozen=True, kw_only=True)
class InstanceArgs:
    context: StackContext
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets, at least two."""
    size: DatabaseSize
    group: aws.ec2.SecurityGroup
    secret: StoredSecret
    """Of the master user."""
    backup_times: BackupTimes
    """When AWS Backup backs it up; RDS's own windows keep a distance."""
    snapshot_id: str | None
    """The snapshot to restore. None: the database begins empty."""
    final_snapshot: pulumi.Input[str] | None
    """Name of the snapshot that a deletion leaves. None: it leaves nothing."""
    log_retention_days: int


def new_database(name: str, args: InstanceArgs, opts: pulumi.ResourceOptions) -> Database:
    """Create an instance. `opts`: its parent, and whether it is protected."""
    start = _start(name, args, pulumi.ResourceOptions(parent=opts.parent))
    instance = _instance(name, args, start, opts)
    return Database(
        identifier=instance.identifier,
        arn=instance.arn,
        address=instance.address,
        port=PORT,
        name=NAME,
        user=args.secret.value("username"),
        password=args.secret.value("password"),
        size=args.size,
        managed=True,
        started=start.started,
    )


def adopted_database(
    name: str, adopted: AdoptedDatabase, client: aws.ec2.SecurityGroup, opts: pulumi.ResourceOptions
) -> Database:
    """Use an instance as it is; its security group gets a rule that lets members of `client` in."""
    secret = pulumi.Output.from_input(adopted.reference.secret_arn)
    security_groups.allow(name, client, adopted.reference.group_id, adopted.port, opts)
    return Database(
        identifier=pulumi.Output.from_input(adopted.identifier),
        arn=pulumi.Output.from_input(adopted.arn),
        address=pulumi.Output.from_input(adopted.address),
        port=adopted.port,
        name=adopted.reference.name,
        user=SecretValue(secret, "username", adopted.secret_key_arn),
        password=SecretValue(secret, "password", adopted.secret_key_arn),
        size=adopted.size,
        managed=False,
    )


def _start(name: str, args: InstanceArgs, opts: pulumi.ResourceOptions) -> DatabaseStart:
    """What starts a stopped instance before RDS is to change it."""
    context = args.context
    return DatabaseStart(
        f"{name}-start",
        {
            **context.client_props,
            "tags": context.own_tags,
            # A rotated password is a change of the instance, too. Its version tells, which is no secret.
            "settings": {**_settings(args), "password_version": args.secret.version.version_id},
            **context.hours_props,
        },
        opts=opts,
    )


def _instance(name: str, args: InstanceArgs, start: DatabaseStart, opts: pulumi.ResourceOptions) -> aws.rds.Instance:
    context, size, child = args.context, args.size, pulumi.ResourceOptions(parent=opts.parent)
    subnets = aws.rds.SubnetGroup(name, subnet_ids=args.subnet_ids, opts=child)
    parameters = aws.rds.ParameterGroup(
        name,
        family=postgresql_family(size.engine_version),
        parameters=[{"name": "rds.force_ssl", "value": "1", "apply_method": "immediate"}],
        opts=child,
    )
    identifier = pulumi.Output.concat(name, "-", random.RandomId(f"{name}-name", byte_length=4, opts=child).hex)
    logs = [_log_group(name, log, identifier, args, child) for log in _LOGS]
    return aws.rds.Instance(
        name,
        **_settings(args),
        identifier=identifier,
        parameter_group_name=parameters.name,
        engine="postgres",
        # A snapshot contains the database and the master user; RDS sets the password after the restore.
        snapshot_identifier=args.snapshot_id,
        db_name=None if args.snapshot_id else NAME,
        username=None if args.snapshot_id else NAME,
        password=args.secret.password,
        port=PORT,
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=context.key,
        db_subnet_group_name=subnets.name,
        vpc_security_group_ids=[args.group.id],
        publicly_accessible=False,
        copy_tags_to_snapshot=True,
        delete_automated_backups=not context.protect,
        skip_final_snapshot=not context.protect,
        final_snapshot_identifier=args.final_snapshot,
        # A new major version is a decision of the operator, who has set it.
        allow_major_version_upgrade=True,
        # Else a change waits for the weekly maintenance window, and every preview until then shows it again.
        apply_immediately=True,
        enabled_cloudwatch_logs_exports=list(_LOGS),
        performance_insights_enabled=True,
        performance_insights_kms_key_id=context.key,
        performance_insights_retention_period=_INSIGHTS_DAYS,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(ignore_changes=_ONLY_AT_CREATION, depends_on=[start, *logs])
        ),
    )


def _log_group(
    name: str, log: str, identifier: pulumi.Output[str], args: InstanceArgs, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """Where RDS sends a log. A group that RDS has to create keeps it for ever (RDS user guide, "Publishing PostgreSQL
    logs to Amazon CloudWatch Logs", read 2026-11), so it exists before the instance, whose name must be known."""
    return aws.cloudwatch.LogGroup(
        f"{name}-{log}",
        name=pulumi.Output.concat("/aws/rds/instance/", identifier, "/", log),
        retention_in_days=args.log_retention_days,
        kms_key_id=args.context.key,
        opts=opts,
    )


def _settings(args: InstanceArgs) -> dict[str, Any]:
    """The arguments of the instance that follow from the stack's settings: RDS changes them while it runs only."""
    size, times = args.size, args.backup_times
    return {
        "engine_version": size.engine_version,
        "instance_class": size.instance_class,
        "allocated_storage": size.storage_gb,
        "max_allocated_storage": size.max_storage_gb if size.max_storage_gb > size.storage_gb else None,
        "multi_az": size.multi_az,
        "backup_retention_period": size.backup_days,
        "backup_window": times.own_backup_window,
        "maintenance_window": times.maintenance_window,
        "deletion_protection": args.context.protect,
        # An upgrade by RDS would make the next `pulumi up` plan a downgrade to the version that is set.
        "auto_minor_version_upgrade": not is_pinned(size.engine_version),
    }

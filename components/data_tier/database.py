"""PostgreSQL for CVAT: an RDS instance of the stack's own, or one that exists already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.adopted.database import AdoptedDatabase
from components.context import StackContext
from components.data_tier.secrets import SecretValue, StoredSecret
from components.network import security_groups
from settings.values import BackupTimes, DatabaseSize

PORT = 5432
NAME = "cvat"
"""Of the database in an instance of our own, and of its master user."""
_ONLY_AT_BIRTH = ["snapshot_identifier", "db_name", "username", "kms_key_id", "performance_insights_kms_key_id"]
"""Where a database comes from, and its key. A change would replace it, so that no setting could be taken back."""
_INSIGHTS_DAYS = 7
"""Performance Insights keeps 7 days at no cost."""


@dataclass(frozen=True, kw_only=True)
class Database:
    """A database, whoever made it."""

    identifier: pulumi.Output[str]
    arn: pulumi.Output[str]
    address: pulumi.Output[str]
    port: int
    name: str
    user: SecretValue
    password: SecretValue
    size: DatabaseSize
    ours: bool
    """Whether the stack made it, and may stop it. Nobody else's is ever touched."""


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
    """From which RDS's own windows keep a distance."""
    snapshot_id: str | None
    """What it is made from. None: it begins empty."""
    final_snapshot: pulumi.Input[str] | None
    """Name of the snapshot that a deletion leaves. None: it leaves nothing."""


def new_database(name: str, args: InstanceArgs, opts: pulumi.ResourceOptions) -> Database:
    """Make an instance; `opts` says whose child it is, and whether it is protected."""
    made = _instance(name, args, opts)
    return Database(
        identifier=made.identifier,
        arn=made.arn,
        address=made.address,
        port=PORT,
        name=NAME,
        user=args.secret.value("username"),
        password=args.secret.value("password"),
        size=args.size,
        ours=True,
    )


def given_database(
    name: str,
    found: AdoptedDatabase,
    client: aws.ec2.SecurityGroup,
    context: StackContext,
    opts: pulumi.ResourceOptions,
) -> Database:
    """Use an instance as it is; all that is added is a rule in its group that lets carriers of `client` in."""
    secret = pulumi.Output.from_input(found.named.secret_arn)
    security_groups.allow(name, client, found.named.group_id, found.port, context.tags, opts)
    return Database(
        identifier=pulumi.Output.from_input(found.identifier),
        arn=pulumi.Output.from_input(found.arn),
        address=pulumi.Output.from_input(found.address),
        port=found.port,
        name=found.named.name,
        user=SecretValue(secret, "username", found.secret_key_arn),
        password=SecretValue(secret, "password", found.secret_key_arn),
        size=found.size,
        ours=False,
    )


def _instance(name: str, args: InstanceArgs, opts: pulumi.ResourceOptions) -> aws.rds.Instance:
    context, size, child = args.context, args.size, pulumi.ResourceOptions(parent=opts.parent)
    subnets = aws.rds.SubnetGroup(
        name, aws.rds.SubnetGroupArgs(subnet_ids=args.subnet_ids, tags=dict(context.tags)), opts=child
    )
    parameters = aws.rds.ParameterGroup(
        name,
        aws.rds.ParameterGroupArgs(
            family=f"postgres{size.engine_version.partition('.')[0]}",
            parameters=[aws.rds.ParameterGroupParameterArgs(name="rds.force_ssl", value="1")],
            tags=dict(context.tags),
        ),
        opts=child,
    )
    return aws.rds.Instance(
        name,
        aws.rds.InstanceArgs(
            engine="postgres",
            engine_version=size.engine_version,
            instance_class=size.instance_class,
            # A snapshot brings its database and its master user along; the password is set anew after the restore.
            snapshot_identifier=args.snapshot_id,
            db_name=None if args.snapshot_id else NAME,
            username=None if args.snapshot_id else NAME,
            password=args.secret.password,
            port=PORT,
            allocated_storage=size.storage_gb,
            max_allocated_storage=size.max_storage_gb if size.max_storage_gb > size.storage_gb else None,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=context.key,
            multi_az=size.multi_az,
            db_subnet_group_name=subnets.name,
            parameter_group_name=parameters.name,
            vpc_security_group_ids=[args.group.id],
            publicly_accessible=False,
            backup_retention_period=size.backup_days,
            backup_window=args.backup_times.own_backup_window,
            maintenance_window=args.backup_times.maintenance_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=not context.protect,
            deletion_protection=context.protect,
            skip_final_snapshot=not context.protect,
            final_snapshot_identifier=args.final_snapshot,
            auto_minor_version_upgrade=True,
            enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
            performance_insights_enabled=True,
            performance_insights_kms_key_id=context.key,
            performance_insights_retention_period=_INSIGHTS_DAYS,
            tags=dict(context.tags),
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=_ONLY_AT_BIRTH)),
    )

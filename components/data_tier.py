"""DataTier: PostgreSQL, Redis and the file system, with their secrets. All that must never be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components import secrets, security_groups
from components.file_system import FileSystem, FileSystemArgs
from components.sizes import CacheSize, DatabaseSize

POSTGRESQL_PORT = 5432
REDIS_PORT = 6379
DATABASE = "cvat"
_REDIS_SNAPSHOT_DAYS = 3
_INSIGHTS_DAYS = 7
"""Performance Insights keeps 7 days at no cost."""


@dataclass(frozen=True, kw_only=True)
class DataTierArgs:
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets for database and cache, at least two."""
    mount_subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets that get a mount target of the file system, one a zone. Its length is plain."""
    database: DatabaseSize
    cache: CacheSize
    admin_user: str
    """Name of CVAT's first administrator."""
    protect: bool = True
    """Refuse deletion, and take final snapshots. False: a disposable stack."""
    snapshot_name: str = "cvat"
    """Start of the final snapshots' names: unlike other names, AWS does not complete it."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags for every resource."""


class DataTier(pulumi.ComponentResource):
    """The stores. Each has a client security group: who carries it may call."""

    def __init__(self, name: str, args: DataTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:DataTier", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        database_user = {"username": DATABASE}
        self.database_secret = self._secret("database", "PostgreSQL's master user", fixed=database_user)
        self.redis_secret = self._secret("redis", "AUTH token of Redis")
        self.django_secret = self._secret("django", "Django's SECRET_KEY, one for all tasks", generate="secret_key")
        self.admin_secret = self._secret("admin", "CVAT's administrator", fixed={"username": args.admin_user})
        self.postgresql_client, server = self._edge("postgresql", POSTGRESQL_PORT)
        self.database_host = self._database(server)
        self.redis_client, server = self._edge("redis", REDIS_PORT)
        self.redis_host = self._cache(server)
        self.files = FileSystem(
            f"{name}-files",
            FileSystemArgs(vpc_id=args.vpc_id, subnet_ids=args.mount_subnet_ids, protect=args.protect, tags=args.tags),
            opts=self._child,
        )
        self.register_outputs({"database_host": self.database_host, "redis_host": self.redis_host})

    def _secret(
        self, noun: str, describe: str, *, fixed: Mapping[str, str] | None = None, generate: str = "password"
    ) -> secrets.StoredSecret:
        content = secrets.GeneratedSecret(describe=f"CVAT: {describe}", fixed=fixed or {}, generate=generate)
        return secrets.generated(f"{self._name}-{noun}", content, self._args.tags, self._kept)

    def _edge(self, store: str, port: int) -> tuple[aws.ec2.SecurityGroup, aws.ec2.SecurityGroup]:
        """The client and the server group of a store, with the one edge between them."""
        name, args = f"{self._name}-{store}", self._args
        client = security_groups.group(f"{name}-client", f"{store}-client", args.vpc_id, args.tags, self._child)
        server = security_groups.group(name, store, args.vpc_id, args.tags, self._child)
        security_groups.allow(name, client, server, port, args.tags, self._child)
        return client, server

    def _final_snapshot(self, store: str) -> pulumi.Output[str] | None:
        """A name that no earlier stack can have used: a taken name would make the deletion fail half way."""
        if not self._args.protect:
            return None
        name = f"{self._name}-{store}-final"
        suffix = random.RandomId(name, random.RandomIdArgs(byte_length=4), opts=self._child).hex
        return pulumi.Output.concat(self._args.snapshot_name, "-", store, "-final-", suffix)

    def _database(self, group: aws.ec2.SecurityGroup) -> pulumi.Output[str]:
        name, args, size = f"{self._name}-database", self._args, self._args.database
        subnets = aws.rds.SubnetGroup(
            name, aws.rds.SubnetGroupArgs(subnet_ids=args.subnet_ids, tags=dict(args.tags)), opts=self._child
        )
        parameters = aws.rds.ParameterGroup(
            name,
            aws.rds.ParameterGroupArgs(
                family=f"postgres{size.engine_version.partition('.')[0]}",
                parameters=[aws.rds.ParameterGroupParameterArgs(name="rds.force_ssl", value="1")],
                tags=dict(args.tags),
            ),
            opts=self._child,
        )
        database = aws.rds.Instance(
            name,
            aws.rds.InstanceArgs(
                engine="postgres",
                engine_version=size.engine_version,
                instance_class=size.instance_class,
                db_name=DATABASE,
                username=DATABASE,
                password=self.database_secret.password,
                port=POSTGRESQL_PORT,
                allocated_storage=size.storage_gb,
                max_allocated_storage=size.max_storage_gb if size.max_storage_gb > size.storage_gb else None,
                storage_type="gp3",
                storage_encrypted=True,
                multi_az=size.multi_az,
                db_subnet_group_name=subnets.name,
                parameter_group_name=parameters.name,
                vpc_security_group_ids=[group.id],
                publicly_accessible=False,
                backup_retention_period=size.backup_days,
                copy_tags_to_snapshot=True,
                delete_automated_backups=not args.protect,
                deletion_protection=args.protect,
                skip_final_snapshot=not args.protect,
                final_snapshot_identifier=self._final_snapshot("database"),
                auto_minor_version_upgrade=True,
                enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
                performance_insights_enabled=True,
                performance_insights_retention_period=_INSIGHTS_DAYS,
                tags=dict(args.tags),
            ),
            opts=self._kept,
        )
        return database.address

    def _cache(self, group: aws.ec2.SecurityGroup) -> pulumi.Output[str]:
        name, args, size = f"{self._name}-redis", self._args, self._args.cache
        subnets = aws.elasticache.SubnetGroup(
            name, aws.elasticache.SubnetGroupArgs(subnet_ids=args.subnet_ids, tags=dict(args.tags)), opts=self._child
        )
        parameters = aws.elasticache.ParameterGroup(
            name,
            aws.elasticache.ParameterGroupArgs(
                family=f"redis{size.engine_version.partition('.')[0]}",
                # CVAT's jobs live here: evicting a key would lose one.
                parameters=[aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value="noeviction")],
                tags=dict(args.tags),
            ),
            opts=self._child,
        )
        cache = aws.elasticache.ReplicationGroup(
            name,
            aws.elasticache.ReplicationGroupArgs(
                description="CVAT: job queues and cache",
                engine="redis",
                engine_version=size.engine_version,
                node_type=size.node_type,
                num_cache_clusters=1 + size.replicas,
                automatic_failover_enabled=size.replicas > 0,
                multi_az_enabled=size.replicas > 0,
                port=REDIS_PORT,
                subnet_group_name=subnets.name,
                parameter_group_name=parameters.name,
                security_group_ids=[group.id],
                at_rest_encryption_enabled=True,
                transit_encryption_enabled=True,
                auth_token=self.redis_secret.password,
                snapshot_retention_limit=_REDIS_SNAPSHOT_DAYS if args.protect else 0,
                final_snapshot_identifier=self._final_snapshot("redis"),
                apply_immediately=True,
                tags=dict(args.tags),
            ),
            opts=self._kept,
        )
        return cache.primary_endpoint_address

"""DataTier: PostgreSQL, Redis and the file system, with their secrets. All that must never be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.adopted import Existing
from components.context import StackContext
from components.data_tier import database
from components.data_tier.database import Database, InstanceArgs
from components.data_tier.file_system import FileSystem, FileSystemArgs
from components.data_tier.secrets import GeneratedSecret, StoredSecret, generated
from components.data_tier.store_access import StoreAccess
from components.dynamic.database_switch import DatabaseSwitch
from components.network import security_groups
from settings.values import BackupTimes, CacheSize, DatabaseSize, StoreSizes

REDIS_PORT = 6379
_REDIS_SNAPSHOT_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class DataTierArgs:
    context: StackContext
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets for database and cache, at least two."""
    mount_subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets that get a mount target of the file system, one a zone. Its length is plain."""
    database: DatabaseSize
    cache: CacheSize
    admin_user: str
    """Name of CVAT's first administrator."""
    existing: Existing = field(default_factory=Existing)
    """What is used, or begun with, instead of empty stores. Default: nothing."""
    backup_times: BackupTimes = field(default_factory=BackupTimes)
    """When AWS Backup takes the stores; RDS's own windows keep a distance."""


class DataTier(pulumi.ComponentResource):
    """The stores. Depend on this component to use them: mount targets and versions of secrets are there then."""

    access: StoreAccess
    """What a task of CVAT's server needs to reach them."""
    admin_secret: StoredSecret
    """Name and password of CVAT's administrator: `username`, `password`."""
    database: Database
    cache: aws.elasticache.ReplicationGroup
    identifiers: Mapping[str, pulumi.Output[str]]
    """Of database, cache and files, for the operator."""
    file_system_id: pulumi.Output[str]
    file_system_arn: pulumi.Output[str]
    sizes: StoreSizes

    def __init__(self, name: str, args: DataTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:DataTier", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=args.context.protect)
        self._clients: list[aws.ec2.SecurityGroup] = []
        self._redis_secret = self._secret("redis", "AUTH token of Redis")
        self.admin_secret = self._secret("admin", "CVAT's administrator", fixed={"username": args.admin_user})
        self.database = self._given_database() or self._new_database()
        self.sizes = StoreSizes(database=self.database.size, cache=args.cache)
        self.cache = self._cache(self._edge("redis", REDIS_PORT))
        self._files = FileSystem(
            f"{name}-files",
            FileSystemArgs(
                context=args.context, vpc_id=args.vpc_id, subnet_ids=args.mount_subnet_ids, existing=args.existing.files
            ),
            opts=self._child,
        )
        self.file_system_id, self.file_system_arn = self._files.data.file_system_id, self._files.data.file_system_arn
        self.identifiers = {
            "database": self.database.identifier,
            "cache": self.cache.id,
            "files": self._files.data.file_system_id,
        }
        self.access = self._access()
        if self.database.ours and not args.context.asleep:
            switched = {"instance": self.database.identifier, "wanted": "available", "profile": args.context.profile}
            where = {"region": args.context.region.name, "by_clock": args.context.hours is not None}
            DatabaseSwitch(f"{name}-awake", {**switched, **where}, opts=self._child)
        self.register_outputs({"database": self.database.address, "cache": self.cache.primary_endpoint_address})

    def _access(self) -> StoreAccess:
        """The stores in the words of CVAT's processes."""
        return StoreAccess(
            database=self.database.identifier,
            database_is_ours=self.database.ours,
            environment={
                "CVAT_POSTGRES_HOST": self.database.address,
                "CVAT_POSTGRES_PORT": str(self.database.port),
                "CVAT_POSTGRES_DBNAME": self.database.name,
                "CVAT_REDIS_HOST": self.cache.primary_endpoint_address,
                "CVAT_REDIS_PORT": str(REDIS_PORT),
                "CVAT_REDIS_SSL": "yes",
                "AWS_REGION": self._args.context.region.name,
            },
            secrets={
                "CVAT_POSTGRES_USER": self.database.user,
                "CVAT_POSTGRES_PASSWORD": self.database.password,
                "CVAT_REDIS_PASSWORD": self._redis_secret.value("password"),
                "DJANGO_SECRET_KEY": self._secret("django", "Django's SECRET_KEY", generate="secret_key").value(
                    "secret_key"
                ),
            },
            volumes={"data": self._files.data, "share": self._files.share},
            restored=self._files.root,
            clients=[*self._clients, self._files.client],
        )

    def _secret(
        self, noun: str, describe: str, *, fixed: Mapping[str, str] | None = None, generate: str = "password"
    ) -> StoredSecret:
        content = GeneratedSecret(describe=f"CVAT: {describe}", fixed=fixed or {}, generate=generate)
        return generated(f"{self._name}-{noun}", content, self._args.context, self._kept)

    def _client(self, store: str) -> aws.ec2.SecurityGroup:
        """The group whose carriers reach a store."""
        name, args = f"{self._name}-{store}-client", self._args
        client = security_groups.group(name, f"{store}-client", args.vpc_id, args.context.tags, self._child)
        self._clients.append(client)
        return client

    def _edge(self, store: str, port: int) -> aws.ec2.SecurityGroup:
        """The server group of a store, which only carriers of its client group reach."""
        name, args, client = f"{self._name}-{store}", self._args, self._client(store)
        server = security_groups.group(name, store, args.vpc_id, args.context.tags, self._child)
        security_groups.allow(name, client, server, port, args.context.tags, self._child)
        return server

    def _given_database(self) -> Database | None:
        found = self._args.existing.database
        if not found:
            return None
        name, client = f"{self._name}-postgresql", self._client("postgresql")
        return database.given_database(name, found, client, self._args.context, self._child)

    def _new_database(self) -> Database:
        args = self._args
        wanted = InstanceArgs(
            context=args.context,
            subnet_ids=args.subnet_ids,
            size=args.database,
            group=self._edge("postgresql", database.PORT),
            secret=self._secret("database", "PostgreSQL's master user", fixed={"username": database.NAME}),
            backup_times=args.backup_times,
            snapshot_id=args.existing.snapshot_id,
            final_snapshot=self._final_snapshot("database"),
        )
        return database.new_database(f"{self._name}-database", wanted, self._kept)

    def _final_snapshot(self, store: str) -> pulumi.Output[str] | None:
        """A name that no earlier stack can have used: a taken name would make the deletion fail half way."""
        if not self._args.context.protect:
            return None
        name = f"{self._name}-{store}-final"
        suffix = random.RandomId(name, random.RandomIdArgs(byte_length=4), opts=self._child).hex
        return pulumi.Output.concat("cvat-", self._args.context.stack, "-", store, "-final-", suffix)

    def _cache(self, group: aws.ec2.SecurityGroup) -> aws.elasticache.ReplicationGroup:
        name, args, size = f"{self._name}-redis", self._args, self._args.cache
        subnets = aws.elasticache.SubnetGroup(
            name,
            aws.elasticache.SubnetGroupArgs(subnet_ids=args.subnet_ids, tags=dict(args.context.tags)),
            opts=self._child,
        )
        parameters = aws.elasticache.ParameterGroup(
            name,
            aws.elasticache.ParameterGroupArgs(
                family=f"redis{size.engine_version.partition('.')[0]}",
                # CVAT's jobs live here: evicting a key would lose one.
                parameters=[aws.elasticache.ParameterGroupParameterArgs(name="maxmemory-policy", value="noeviction")],
                tags=dict(args.context.tags),
            ),
            opts=self._child,
        )
        return aws.elasticache.ReplicationGroup(
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
                kms_key_id=args.context.key,
                transit_encryption_enabled=True,
                auth_token=self._redis_secret.password,
                snapshot_retention_limit=_REDIS_SNAPSHOT_DAYS if args.context.protect else 0,
                final_snapshot_identifier=self._final_snapshot("redis"),
                apply_immediately=True,
                tags=dict(args.context.tags),
            ),
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(ignore_changes=["kms_key_id"])),
        )

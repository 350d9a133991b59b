"""DataTier: PostgreSQL, Redis and the file system, with their secrets. All that must never be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.adopted import Adopted
from components.context import StackContext
from components.data_tier import database, redis
from components.data_tier.database import Database, InstanceArgs
from components.data_tier.file_system import FileSystem, FileSystemArgs
from components.data_tier.redis import REDIS_PORT
from components.data_tier.secrets import GeneratedSecret, StoredSecret, generated
from components.data_tier.store_access import MonitoredStores, StoreAccess
from components.dynamic.database_switch import DatabaseSwitch
from components.network import security_groups
from settings.values import BackupTimes, CacheSize, DatabaseSize

_REDIS_SNAPSHOT_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class DataTierArgs:
    context: StackContext
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets for database and cache, at least two."""
    mount_subnet_ids: Sequence[pulumi.Input[str]]
    """Private subnets that get a mount target of the file system, one a zone."""
    database: DatabaseSize
    cache: CacheSize
    media_cache: CacheSize | None = None
    """Of a second Redis that keeps frames. Default: the release has none."""
    admin_user: str
    """Name of CVAT's first administrator."""
    log_retention_days: int = 30
    """Days for which the database's logs are kept."""
    adopted: Adopted = field(default_factory=Adopted)
    """Stores that exist already, and the snapshot that a new database begins with. Default: empty stores."""
    backup_times: BackupTimes = field(default_factory=BackupTimes)
    """When AWS Backup backs the stores up; RDS's own windows keep a distance."""


class DataTier(pulumi.ComponentResource):
    """Depend on this component to use the stores: mount targets and versions of secrets exist then."""

    access: StoreAccess
    """How a task of CVAT's server reaches the stores."""
    monitored: MonitoredStores
    admin_secret: StoredSecret
    """Name and password of CVAT's administrator: `username`, `password`."""
    database: Database
    identifiers: Mapping[str, pulumi.Output[str]]
    """Of database, cache and files, for the operator."""
    file_system_arn: pulumi.Output[str]

    def __init__(self, name: str, args: DataTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("cvat:index:DataTier", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._store = pulumi.ResourceOptions(parent=self, protect=args.context.protect)
        self._clients: list[aws.ec2.SecurityGroup] = []
        self._redis_secret = self._secret("redis", "AUTH token of Redis")
        self.admin_secret = self._secret("admin", "CVAT's administrator", fixed={"username": args.admin_user})
        self.database = self._adopted_database() or self._new_database()
        self._cache = self._jobs_cache(self._server_group("redis", REDIS_PORT))
        self._media = self._media_cache(args.media_cache) if args.media_cache else None
        self._files = self._file_system()
        self._django_secret = self._secret("django", "Django's SECRET_KEY", generate="secret_key")
        self.file_system_arn = self._files.data.file_system_arn
        media_group = self._media.group if self._media else None
        self.identifiers = {
            "database": self.database.identifier,
            "cache": self._cache.id,
            "files": self._files.data.file_system_id,
            **({"media": media_group.id} if media_group else {}),
        }
        self.access = self._access()
        self.monitored = MonitoredStores(
            database=self.database.identifier,
            database_size=self.database.size,
            cache=self._cache.replication_group_id,
            cache_nodes=1 + args.cache.replicas,
            file_system=self._files.data.file_system_id,
            media=media_group.replication_group_id if media_group else None,
            media_nodes=self._media.nodes if self._media else 0,
        )
        if self.database.managed and not args.context.asleep:
            self._keep_available()
        self.register_outputs({"database": self.database.address, "cache": self._cache.primary_endpoint_address})

    def _access(self) -> StoreAccess:
        """The stores by the variables that CVAT's processes read."""
        return StoreAccess(
            database=self.database.identifier,
            database_is_managed=self.database.managed,
            environment={
                "CVAT_POSTGRES_HOST": self.database.address,
                "CVAT_POSTGRES_PORT": str(self.database.port),
                "CVAT_POSTGRES_DBNAME": self.database.name,
                "CVAT_REDIS_HOST": self._cache.primary_endpoint_address,
                "CVAT_REDIS_PORT": str(REDIS_PORT),
                "CVAT_REDIS_SSL": "yes",
                "AWS_REGION": self._args.context.region.name,
                **(self._media.environment if self._media else {}),
            },
            secrets={
                "CVAT_POSTGRES_USER": self.database.user,
                "CVAT_POSTGRES_PASSWORD": self.database.password,
                "CVAT_REDIS_PASSWORD": self._redis_secret.value("password"),
                "DJANGO_SECRET_KEY": self._django_secret.value("secret_key"),
                **(self._media.secrets if self._media else {}),
            },
            volumes={"data": self._files.data, "share": self._files.share},
            restored=self._files.root,
            clients=[*self._clients, self._files.client],
        )

    def _secret(
        self, noun: str, describe: str, *, fixed: Mapping[str, str] | None = None, generate: str = "password"
    ) -> StoredSecret:
        content = GeneratedSecret(describe=f"CVAT: {describe}", fixed=fixed or {}, generate=generate)
        return generated(f"{self._name}-{noun}", content, self._args.context, self._store)

    def _client_group(self, store: str) -> aws.ec2.SecurityGroup:
        """The group whose members may call a store."""
        name = f"{self._name}-{store}-client"
        client = security_groups.group(name, f"{store}-client", self._args.vpc_id, self._child)
        self._clients.append(client)
        return client

    def _server_group(self, store: str, port: int) -> aws.ec2.SecurityGroup:
        """The group of a store, which only members of its client group may call."""
        name, client = f"{self._name}-{store}", self._client_group(store)
        server = security_groups.group(name, store, self._args.vpc_id, self._child)
        security_groups.allow(name, client, server, port, self._child)
        return server

    def _adopted_database(self) -> Database | None:
        instance = self._args.adopted.database
        if not instance:
            return None
        return database.adopted_database(
            f"{self._name}-postgresql", instance, self._client_group("postgresql"), self._child
        )

    def _new_database(self) -> Database:
        args = self._args
        instance = InstanceArgs(
            context=args.context,
            subnet_ids=args.subnet_ids,
            size=args.database,
            group=self._server_group("postgresql", database.PORT),
            secret=self._secret("database", "PostgreSQL's master user", fixed={"username": database.NAME}),
            backup_times=args.backup_times,
            snapshot_id=args.adopted.snapshot_id,
            final_snapshot=self._final_snapshot("database"),
            log_retention_days=args.log_retention_days,
        )
        return database.new_database(f"{self._name}-database", instance, self._store)

    def _keep_available(self) -> None:
        """Starts a stopped database before anything that needs it."""
        context = self._args.context
        DatabaseSwitch(
            f"{self._name}-awake",
            {
                **context.client_props,
                "instance": self.database.identifier,
                "state": "available",
                "scheduled": context.hours is not None,
            },
            opts=self._child,
        )

    def _final_snapshot(self, store: str) -> pulumi.Output[str] | None:
        """A random name: RDS refuses a deletion whose final snapshot has the name of an existing one."""
        if not self._args.context.protect:
            return None
        suffix = random.RandomId(f"{self._name}-{store}-final", byte_length=4, opts=self._child).hex
        return pulumi.Output.concat("cvat-", self._args.context.stack, "-", store, "-final-", suffix)

    def _file_system(self) -> FileSystem:
        args = self._args
        return FileSystem(
            f"{self._name}-files",
            FileSystemArgs(
                context=args.context,
                vpc_id=args.vpc_id,
                subnet_ids=args.mount_subnet_ids,
                adopted=args.adopted.file_system,
            ),
            opts=self._child,
        )

    def _jobs_cache(self, group: aws.ec2.SecurityGroup) -> aws.elasticache.ReplicationGroup:
        """CVAT's jobs live here: evicting a key would lose one."""
        args = self._args
        return redis.replication_group(
            f"{self._name}-redis",
            redis.RedisArgs(
                context=args.context,
                describe="CVAT: job queues and cache",
                subnet_ids=args.subnet_ids,
                size=args.cache,
                eviction="noeviction",
                group=group,
                password=self._redis_secret.password,
                snapshot_days=_REDIS_SNAPSHOT_DAYS if args.context.protect else 0,
                final_snapshot=self._final_snapshot("redis"),
            ),
            self._store,
            self._child,
        )

    def _media_cache(self, size: CacheSize) -> redis.MediaCache:
        """Frames live here for a day. All of it can be made again, so nothing is protected, or kept through a sleep.

        Its secret and its security groups stay: they cost next to nothing. Office hours leave it alone, because a
        schedule that creates it would have to hold its password.
        """
        args, secret = self._args, self._secret("media", "AUTH token of the Redis that keeps frames")
        security_group = self._server_group("media", REDIS_PORT)
        if args.context.asleep:
            return redis.MediaCache(None, 0, secret)
        group = redis.replication_group(
            f"{self._name}-media",
            redis.RedisArgs(
                context=args.context,
                describe="CVAT: frames",
                subnet_ids=args.subnet_ids,
                size=size,
                eviction="allkeys-lru",
                group=security_group,
                password=secret.password,
                tags={"cvat:content": "frames"},
            ),
            self._child,
            self._child,
        )
        return redis.MediaCache(group, 1 + size.replicas, secret)

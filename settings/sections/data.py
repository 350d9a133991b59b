"""Section "Data stores": database, Redis, backups, buckets of media."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from region import Region
from settings.engine_versions import POSTGRESQL_FAMILIES, REDIS_FAMILIES
from settings.fields import InstanceType, KmsKeyArn, Many, Pattern, Unset
from settings.instance_types import offer_problem
from settings.office_hours import OfficeHours
from settings.sections.section import Section
from settings.sections.stack import Stack
from settings.values import BackupTimes, CacheSize, DatabaseSize

_SMALLEST_DATABASE_GB, _LARGEST_DATABASE_GB = 20, 65536
"""gp3 storage that RDS takes for PostgreSQL (RDS API, CreateDBInstance, "AllocatedStorage",
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, read 2026-11)."""
Storage = Annotated[int, Field(ge=_SMALLEST_DATABASE_GB, le=_LARGEST_DATABASE_GB)]

Bucket = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="my-media",
            optional=False,
            pattern=r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
            rule="must be the name of a bucket alone, without s3:// and path, such as my-media",
        )
    ),
]


_MAJORS = tuple(POSTGRESQL_FAMILIES)
_POSTGRESQL = Pattern(
    example="15",
    optional=False,
    pattern=rf"({'|'.join(_MAJORS)})(\.\d+(-rds\.\d+)?)?",
    rule=f"must be a version of PostgreSQL that RDS has: {_MAJORS[0]} to {_MAJORS[-1]}, such as 15 or 15.12",
)
_REDIS = Pattern(
    example="7.1",
    optional=False,
    pattern="|".join(map(re.escape, REDIS_FAMILIES)),
    rule=f"must be a version of Redis that ElastiCache has: {', '.join(REDIS_FAMILIES)}",
)


class Data(Section):
    """Data stores"""

    db_engine_version: Annotated[str, AfterValidator(_POSTGRESQL)] = "15"
    """PostgreSQL version. A major version takes AWS's default minor one and its minor upgrades; a full version such as
    15.12 stays as it is. CVAT at our commit is tested with 15."""
    db_instance_class: Annotated[str, AfterValidator(InstanceType(service="database", example="db.m6g.xlarge"))]
    """RDS instance class, such as db.m6g.xlarge."""
    db_storage_gb: Storage
    """Storage of the database at the start, in GB (gp3, 20 to 65536)."""
    db_max_storage_gb: Storage
    """Storage in GB up to which the database grows by itself."""
    db_availability: Literal["single", "multi-az"]
    """`multi-az` keeps a standby in another zone."""
    db_backup_days: Annotated[int, Field(ge=0, le=35)]
    """Days for which automated database backups are kept (1 to 35)."""
    backup_days: Annotated[int, Field(ge=0, le=36500)]
    """Days for which AWS Backup keeps the daily restore points of database and files together; 0: none are taken."""
    backup_hour: Annotated[Annotated[int, Field(ge=0, le=23)] | None, Unset] = None
    """Hour of the day, in UTC, at which the restore point is taken. RDS's own backup and maintenance keep a distance
    from it. -1: 18, which is two in the morning in China; with office hours, the last that lies well inside them."""
    backup_key_arn: KmsKeyArn = ""
    """KMS key that encrypts the restore points. Empty: kmsKeyArn, else AWS's own key for backups."""
    media_buckets: Annotated[tuple[Bucket, ...], Many] = ()
    """S3 buckets that CVAT may read as cloud storages with its tasks' role (credentials_type TASK_ROLE)."""
    redis_engine_version: Annotated[str, AfterValidator(_REDIS)] = "7.1"
    """Redis version of ElastiCache."""
    redis_node_type: Annotated[str, AfterValidator(InstanceType(service="cache", example="cache.r6g.large"))]
    """ElastiCache node type, such as cache.r6g.large."""
    redis_replicas: Annotated[int, Field(ge=0, le=5)]
    """Redis nodes that can take over; 0: one node, no failover."""
    media_node_type: Annotated[str, AfterValidator(InstanceType(service="cache", example="cache.r6g.large"))]
    """ElastiCache node type of the Redis that keeps frames for a day (release `v2`)."""
    media_replicas: Annotated[int, Field(ge=0, le=5)]
    """Nodes of it that can take over (release `v2`)."""

    @property
    def database(self) -> DatabaseSize:
        return DatabaseSize(
            instance_class=self.db_instance_class,
            storage_gb=self.db_storage_gb,
            max_storage_gb=self.db_max_storage_gb,
            multi_az=self.db_availability == "multi-az",
            backup_days=self.db_backup_days,
            engine_version=self.db_engine_version,
        )

    @property
    def cache(self) -> CacheSize:
        return CacheSize(
            node_type=self.redis_node_type, replicas=self.redis_replicas, engine_version=self.redis_engine_version
        )

    @property
    def media_cache(self) -> CacheSize:
        return CacheSize(
            node_type=self.media_node_type, replicas=self.media_replicas, engine_version=self.redis_engine_version
        )

    def backup_times(self, hours: OfficeHours | None) -> BackupTimes:
        """When restore points are taken: whenever the database runs."""
        possible = hours.backup_hours() if hours else ()
        hour = self.backup_hour if self.backup_hour is not None else possible[-1] if possible else BackupTimes.hour
        return BackupTimes(hour=hour, days=hours.backup_days(hour) if hours else "")


def database_class(data: Data, region: Region) -> Iterator[str]:
    if problem := offer_problem("database", data.db_instance_class, region.name):
        yield f"cvat:dbInstanceClass = {data.db_instance_class}: {problem}. Choose one of those."


def node_type(data: Data, region: Region) -> Iterator[str]:
    for key, node in (("redisNodeType", data.redis_node_type), ("mediaNodeType", data.media_node_type)):
        if problem := offer_problem("cache", node, region.name):
            yield f"cvat:{key} = {node}: {problem}. Choose one of those."


def storage(data: Data) -> Iterator[str]:
    if data.db_max_storage_gb < data.db_storage_gb:
        yield (
            f"cvat:dbMaxStorageGb = {data.db_max_storage_gb}: it must not be below cvat:dbStorageGb = "
            f"{data.db_storage_gb}. Raise it, or make both the same to switch growth off."
        )


def database_backups(data: Data, stack: Stack) -> Iterator[str]:
    if stack.protect and data.db_backup_days < 1:
        yield (
            f"cvat:dbBackupDays = {data.db_backup_days}: a stack that is not disposable keeps backups. "
            "Set 1 to 35, or cvat:disposable to true."
        )


def restore_points(data: Data, stack: Stack) -> Iterator[str]:
    if stack.protect and data.backup_days < 1:
        yield (
            "cvat:backupDays = 0: a stack that is not disposable keeps restore points. Set 1 or more, or "
            "cvat:disposable to true."
        )


def backups_by_day(data: Data, hours: OfficeHours | None) -> Iterator[str]:
    """With office hours, the database runs while backups are taken."""
    if hours is None or not data.backup_days:
        return
    possible = hours.backup_hours()
    if not possible:
        yield (
            f"cvat:officeHours = {hours.text}: backups need a running database for six hours in a row. "
            "Make the office hours longer."
        )
    elif data.backup_hour is not None and data.backup_hour not in possible:
        yield (
            f"cvat:backupHour = {data.backup_hour} (UTC): at cvat:officeHours = {hours} the database does not "
            f"run from three hours before until two after. Choose one of {', '.join(map(str, possible))}, or -1."
        )

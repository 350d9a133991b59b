"""Snapshots, restore points, buckets and secrets of a stack that was destroyed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from botocore.exceptions import ClientError

from cvatctl.aws_clients import Clients, all_pages
from cvatctl.resource_state import ResourceState, Section, sections
from cvatctl.terminal import ago

PROJECT = "cvat"
_NO_TAGS = "NoSuchTagSet"
"""S3's error code for a bucket without tags."""


@dataclass(frozen=True)
class StackTags:
    """The tags of a stack's resources; the stack itself may be gone."""

    stack: str

    def match(self, tags: Mapping[str, str]) -> bool:
        """Whether these are the stack's tags."""
        return (tags.get("project"), tags.get("stack")) == (PROJECT, self.stack)


def _database_snapshots(own: StackTags, clients: Clients) -> Iterator[ResourceState]:
    """Final ones, those before migrations, and manual ones: each copies the database's tags."""
    for snapshot in all_pages(clients("rds"), "describe_db_snapshots", "DBSnapshots", SnapshotType="manual"):
        name, tags = snapshot["DBSnapshotIdentifier"], {tag["Key"]: tag["Value"] for tag in snapshot.get("TagList", [])}
        if own.match(tags) or name.startswith(f"cvat-{own.stack}-database-final-"):
            age = ago(snapshot["SnapshotCreateTime"]) if "SnapshotCreateTime" in snapshot else "in progress"
            state = f"{age}, {snapshot['AllocatedStorage']} GB, PostgreSQL {snapshot.get('EngineVersion', '?')}"
            remove = f"aws rds delete-db-snapshot --db-snapshot-identifier {name}"
            details = [f"restore: cvat:restoreDatabaseSnapshot {name}", f"remove: {remove}"]
            yield ResourceState(name, state, details=details)


def _cache_snapshots(own: StackTags, clients: Clients) -> Iterator[ResourceState]:
    for snapshot in all_pages(clients("elasticache"), "describe_snapshots", "Snapshots"):
        name = snapshot["SnapshotName"]
        if name.startswith(f"cvat-{own.stack}-redis-final-"):
            remove = f"aws elasticache delete-snapshot --snapshot-name {name}"
            yield ResourceState(name, snapshot.get("SnapshotStatus", "?"), details=[f"remove: {remove}"])


def _vaults(own: StackTags, clients: Clients) -> Iterator[ResourceState]:
    client = clients("backup")
    for vault in all_pages(client, "list_backup_vaults", "BackupVaultList"):
        if own.match(client.list_tags(ResourceArn=vault["BackupVaultArn"]).get("Tags", {})):
            name, points = vault["BackupVaultName"], vault.get("NumberOfRecoveryPoints", 0)
            look = f"aws backup list-recovery-points-by-backup-vault --backup-vault-name {name}"
            remove = f"aws backup delete-backup-vault --backup-vault-name {name}"
            details = [f"look: {look}", f"remove, once it is empty: {remove}"]
            yield ResourceState(name, f"{points} recovery point{'s' if points != 1 else ''}", details=details)


def _buckets(own: StackTags, clients: Clients) -> Iterator[ResourceState]:
    client = clients("s3")
    for name in (bucket["Name"] for bucket in client.list_buckets()["Buckets"]):
        try:
            tags = client.get_bucket_tagging(Bucket=name)["TagSet"]
        except ClientError as error:
            if error.response["Error"].get("Code") == _NO_TAGS:
                continue
            raise
        if own.match({tag["Key"]: tag["Value"] for tag in tags}):
            # `aws s3 rb --force` leaves old versions behind, and then fails: lifecycle rules delete those in 30 days.
            yield ResourceState(name, "exists", details=[f"look: aws s3 ls --recursive s3://{name}"])


def _repositories(own: StackTags, clients: Clients) -> Iterator[ResourceState]:
    client = clients("ecr")
    for repository in all_pages(client, "describe_repositories", "repositories"):
        tags = client.list_tags_for_resource(resourceArn=repository["repositoryArn"]).get("tags", [])
        if own.match({tag["Key"]: tag["Value"] for tag in tags}):
            name = repository["repositoryName"]
            remove = f"aws ecr delete-repository --force --repository-name {name}"
            yield ResourceState(name, "exists", details=[f"remove, with its images: {remove}"])


def _secrets(own: StackTags, clients: Clients) -> Iterator[ResourceState]:
    for secret in all_pages(clients("secretsmanager"), "list_secrets", "SecretList", IncludePlannedDeletion=True):
        if own.match({tag["Key"]: tag["Value"] for tag in secret.get("Tags", [])}):
            name, deleted = secret["Name"], "DeletedDate" in secret
            details = [f"restore: aws secretsmanager restore-secret --secret-id {name}"] if deleted else []
            yield ResourceState(name, "deleted, can still be restored" if deleted else "in use", details=details)


_SECTIONS: tuple[tuple[str, Callable[[StackTags, Clients], Iterator[ResourceState]]], ...] = (
    ("Snapshots of the database", _database_snapshots),
    ("Snapshots of Redis", _cache_snapshots),
    ("Restore points of database and files", _vaults),
    ("Buckets", _buckets),
    ("Image repositories", _repositories),
    ("Secrets", _secrets),
)


def find_leftovers(stack: str, clients: Clients) -> list[Section]:
    """What the account holds of the stack, by kind."""
    own = StackTags(stack)
    return sections((title, functools.partial(find, own, clients)) for title, find in _SECTIONS)

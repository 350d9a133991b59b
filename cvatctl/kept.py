"""`kept`: what AWS still holds of a stack that was destroyed: found by names and tags, as there are no outputs left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.clients import Clients, explain, pages
from cvatctl.parts import Line, Part
from cvatctl.show import ago, table

PROJECT = "cvat"
_NO_TAGS = "NoSuchTagSet"
"""How S3 says that a bucket has no tags."""


@dataclass(frozen=True)
class Whose:
    """A stack that may be gone."""

    stack: str
    clients: Clients

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Whether these are the stack's tags."""
        return (tags.get("project"), tags.get("stack")) == (PROJECT, self.stack)


def _database_snapshots(whose: Whose) -> Iterator[Line]:
    """Final ones, those before migrations, and by hand: each copies the database's tags."""
    for one in pages(whose.clients("rds"), "describe_db_snapshots", "DBSnapshots", SnapshotType="manual"):
        name, tags = one["DBSnapshotIdentifier"], {tag["Key"]: tag["Value"] for tag in one.get("TagList", [])}
        if whose.owns(tags) or name.startswith(f"cvat-{whose.stack}-database-final-"):
            made = ago(one["SnapshotCreateTime"]) if "SnapshotCreateTime" in one else "being made"
            state = f"{made}, {one['AllocatedStorage']} GB, PostgreSQL {one.get('EngineVersion', '?')}"
            remove = f"aws rds delete-db-snapshot --db-snapshot-identifier {name}"
            yield Line(name, state, details=[f"restore: cvat:restoreDatabaseSnapshot {name}", f"remove: {remove}"])


def _cache_snapshots(whose: Whose) -> Iterator[Line]:
    for one in pages(whose.clients("elasticache"), "describe_snapshots", "Snapshots"):
        name = one["SnapshotName"]
        if name.startswith(f"cvat-{whose.stack}-redis-final-"):
            remove = f"aws elasticache delete-snapshot --snapshot-name {name}"
            yield Line(name, one.get("SnapshotStatus", "?"), details=[f"remove: {remove}"])


def _vaults(whose: Whose) -> Iterator[Line]:
    client = whose.clients("backup")
    for one in pages(client, "list_backup_vaults", "BackupVaultList"):
        if whose.owns(client.list_tags(ResourceArn=one["BackupVaultArn"]).get("Tags", {})):
            name, points = one["BackupVaultName"], one.get("NumberOfRecoveryPoints", 0)
            look = f"aws backup list-recovery-points-by-backup-vault --backup-vault-name {name}"
            details = [
                f"look: {look}",
                f"remove, once it is empty: aws backup delete-backup-vault --backup-vault-name {name}",
            ]
            yield Line(name, f"{points} recovery point{'s' if points != 1 else ''}", details=details)


def _buckets(whose: Whose) -> Iterator[Line]:
    client = whose.clients("s3")
    for name in (one["Name"] for one in client.list_buckets()["Buckets"]):
        try:
            tags = client.get_bucket_tagging(Bucket=name)["TagSet"]
        except ClientError as error:
            if error.response["Error"].get("Code") == _NO_TAGS:
                continue
            raise
        if whose.owns({tag["Key"]: tag["Value"] for tag in tags}):
            # `aws s3 rb --force` leaves old versions behind, and then fails: lifecycle rules end those in 30 days.
            yield Line(name, "still there", details=[f"look: aws s3 ls --recursive s3://{name}"])


def _secrets(whose: Whose) -> Iterator[Line]:
    found = pages(whose.clients("secretsmanager"), "list_secrets", "SecretList", IncludePlannedDeletion=True)
    for one in found:
        if whose.owns({tag["Key"]: tag["Value"] for tag in one.get("Tags", [])}):
            name, gone = one["Name"], "DeletedDate" in one
            back = [f"bring back: aws secretsmanager restore-secret --secret-id {name}"] if gone else []
            yield Line(name, "deleted, can still be brought back" if gone else "in use", details=back)


_PARTS: tuple[tuple[str, Callable[[Whose], Iterator[Line]]], ...] = (
    ("Snapshots of the database", _database_snapshots),
    ("Snapshots of Redis", _cache_snapshots),
    ("Restore points of database and files", _vaults),
    ("Buckets", _buckets),
    ("Secrets", _secrets),
)


def look(stack: str, clients: Clients) -> list[Part]:
    """Ask for every kind of thing; one that may not be asked hides no other."""
    found = []
    for title, part in _PARTS:
        try:
            lines = list(part(Whose(stack, clients)))
        except (BotoCoreError, ClientError) as error:
            lines = [Line("?", explain(error), ok=False)]
        found.append(Part(title, lines))
    return found


def text(stack: str, parts: list[Part]) -> Iterator[str]:
    """For people."""
    yield f"What this account and region hold of the stack {stack}:"
    for part in parts:
        yield ""
        yield part.title
        if not part.lines:
            yield "  none"
        for line, shown in zip(part.lines, table([(one.name, one.state) for one in part.lines]), strict=True):
            yield shown
            yield from (f"      {detail}" for detail in line.details)

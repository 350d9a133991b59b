"""Section "Restore": a snapshot from which a new database is made."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from settings.fields import Arn, OneOf, Pattern
from settings.sections.section import Section

SNAPSHOT = Arn(
    what="an RDS snapshot",
    service="rds",
    resource="snapshot:<identifier>",
    pattern=r"snapshot:[\w:-]+",
    example="snapshot:cvat-before-upgrade",
)
SNAPSHOT_ID = Pattern(
    example="cvat-before-upgrade",
    pattern=r"(?!arn:)([a-z]+:)?[A-Za-z][A-Za-z0-9-]{0,254}",
    rule="must be the identifier of an RDS snapshot, such as cvat-before-upgrade or awsbackup:job-<id>",
)
Snapshot = Annotated[str, AfterValidator(OneOf(example="", kinds=(SNAPSHOT_ID, SNAPSHOT)))]


class Restore(Section):
    """Restore"""

    restore_database_snapshot: Snapshot = ""
    """Identifier or ARN of an RDS snapshot (also one of AWS Backup) from which a new stack's database is made. Looked
    at only when the database is created. The files of a restore: fileSystemId."""

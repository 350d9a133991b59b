"""Section "First start": the first administrator, demo files, migration of the database."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from settings.fields import S3_ADDRESS, Email, Pattern
from settings.sections.section import Section

AdminUser = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="admin",
            optional=False,
            pattern=r"[\w.@+-]{1,150}",
            rule="must be 1 to 150 letters, digits and @ . + - _, which is what Django takes as a user's name",
        )
    ),
]
DemoData = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="builtin",
            optional=False,
            pattern=rf"builtin|none|{S3_ADDRESS}",
            rule="must be builtin, none, or an S3 address such as s3://my-bucket/demo",
        )
    ),
]


class Init(Section):
    """First start"""

    admin_user: AdminUser = "admin"
    """Name of the first administrator; the password is generated."""
    admin_email: Email = "admin@example.com"
    """Mail address of the first administrator."""
    demo_data: DemoData = "builtin"
    """Files to copy to CVAT's share: `builtin`, `none`, or an S3 address (s3://bucket/prefix)."""
    init_timeout_minutes: int = Field(30, ge=5, le=240)
    """Minutes after which the initialisation counts as failed."""
    snapshot_before_migration: Literal["", "always", "never"] = ""
    """Whether the database is snapshotted before a new server image migrates it. Empty: unless disposable."""

    def takes_snapshot(self, *, protect: bool) -> bool:
        """Whether migrations wait for a snapshot of the database: by default in a stack that keeps its stores."""
        return self.snapshot_before_migration == "always" or (self.snapshot_before_migration == "" and protect)

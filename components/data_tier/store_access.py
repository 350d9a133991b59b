"""StoreAccess: what a task of CVAT's server is given to reach PostgreSQL, Redis and the file system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.data_tier.file_system import Folder
from components.data_tier.secrets import SecretValue


@dataclass(frozen=True, kw_only=True)
class StoreAccess:
    database: pulumi.Input[str]
    """Identifier of the RDS instance."""
    database_is_ours: bool
    """Whether it may be started; who keeps a database for others decides for himself when it runs."""
    environment: Mapping[str, pulumi.Input[str]]
    """Where the stores are, by the variables that CVAT reads."""
    secrets: Mapping[str, SecretValue]
    """Variable -> secret."""
    volumes: Mapping[str, Folder]
    """`data` and `share`."""
    restored: Folder | None
    """The root of a restored file system, whose folders must be put in place first. None: the file system is new."""
    clients: Sequence[aws.ec2.SecurityGroup]
    """The groups that let their carriers call the stores."""

"""What other components learn of the stores: how a task reaches them, and under which names CloudWatch knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.data_tier.file_system import Folder
from components.data_tier.secrets import SecretValue
from settings.values import DatabaseSize


@dataclass(frozen=True, kw_only=True)
class StoreAccess:
    database: pulumi.Input[str]
    """Identifier of the RDS instance."""
    database_is_managed: bool
    """Whether the stack created it and may start it."""
    environment: Mapping[str, pulumi.Input[str]]
    """Addresses of the stores, by the variables that CVAT reads."""
    secrets: Mapping[str, SecretValue]
    """Variable -> secret."""
    volumes: Mapping[str, Folder]
    """`data` and `share`."""
    restored: Folder | None
    """The root of a restored file system, whose folders must be put in place first. None: the file system is new."""
    clients: Sequence[aws.ec2.SecurityGroup]
    """The groups whose members may call the stores."""


@dataclass(frozen=True, kw_only=True)
class MonitoredStores:
    database: pulumi.Input[str]
    """Identifier of the RDS instance."""
    database_size: DatabaseSize
    cache: pulumi.Input[str]
    """Identifier of the replication group."""
    cache_nodes: int
    media: pulumi.Input[str] | None
    """Identifier of the replication group that keeps frames. None: the release has none, or the stack is asleep."""
    media_nodes: int
    file_system: pulumi.Input[str]
    """Identifier of the file system."""

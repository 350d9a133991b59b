"""What an operator names in the configuration that exists already: plain identifiers, as they were written."""

from __future__ import annotations

from dataclasses import dataclass

from settings.ingress_options import IngressOptions


@dataclass(frozen=True, kw_only=True)
class DatabaseReference:
    """What the operator named."""

    instance_id: str
    """Identifier of an RDS instance. Empty: the stack makes its own, and the rest is empty, too."""
    secret_arn: str = ""
    """Secret with `username` and `password`."""
    group_id: str = ""
    """Security group of the instance."""
    name: str = "cvat"
    """Database in the instance."""


@dataclass(frozen=True)
class FilesReference:
    """What the operator named."""

    file_system_id: str = ""
    """Empty: the stack makes its own."""
    group_id: str = ""
    """Security group of its mount targets. Empty: it has none, and the stack makes them."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancerReference:
    """What the operator named."""

    arn: str = ""
    """Empty: the stack makes its own."""
    group_id: str = ""
    """Security group of the load balancer."""
    internal: bool = False
    """What the settings say that it is."""


@dataclass(frozen=True, kw_only=True)
class AdoptedReferences:
    """What the operator named; all may be empty."""

    vpc_id: str
    public_subnet_ids: tuple[str, ...]
    private_subnet_ids: tuple[str, ...]
    snapshot: str
    """Identifier or ARN of an RDS snapshot, of which a new database is made."""
    database: DatabaseReference
    files: FilesReference
    balancer: LoadBalancerReference
    front: IngressOptions
    """Whose hosted zone is looked at."""

"""Site: whose resources these are, and where. Every component is given one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from region import Region


@dataclass(frozen=True, kw_only=True)
class Site:
    region: Region
    account: str
    """The account's number."""
    stack: str
    """Name of the stack; part of the few names that AWS does not complete."""
    protect: bool = True
    """Refuse deletion, and take final snapshots. False: a disposable stack."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags for every resource."""

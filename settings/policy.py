"""What the settings demand of everything in the stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from settings.office_hours import OfficeHours


@dataclass(frozen=True, kw_only=True)
class StackPolicy:
    """What the settings, and by them the account, demand of everything in the stack."""

    protect: bool
    tags: Callable[[str, str], Mapping[str, str]]
    """From project and stack."""
    key_arn: str = ""
    """The customer's KMS key. Default: AWS's own keys."""
    boundary_arn: str = ""
    """IAM policy that bounds every role. Default: none."""
    asleep: bool = False
    """Whether the stack sleeps until somebody wakes it."""
    hours: OfficeHours | None = None
    """Outside of which it sleeps by itself. Default: it never does."""

"""A finding of a check: a level, a topic, a sentence with the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.aws_clients import Clients, explain
from region import Region
from settings import Settings

Level = Literal["ok", "advice", "unknown", "problem"]


@dataclass(frozen=True)
class Finding:
    level: Level
    """`problem`: `pulumi up` would fail; `unknown`: AWS did not answer; `advice`: allowed, but has a consequence."""
    topic: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PlannedStack:
    """The stack that `pulumi up` would create."""

    settings: Settings
    region: Region
    functions: int
    """Auto-annotation functions that will be deployed."""
    batch_functions: int = 0
    """Those of them that sleep while nobody uses them."""
    batch_endpoints: int = 0
    """Of those."""


_NOT_FOUND = frozenset(
    {
        "ResourceNotFoundException",
        "NoSuchEntity",
        "ImageNotFoundException",
        "RepositoryNotFoundException",
        "NoSuchHostedZone",
    }
)


def is_missing(error: ClientError) -> bool:
    """Whether AWS's answer is that the resource does not exist."""
    return error.response["Error"]["Code"] in _NOT_FOUND


Check = Callable[[PlannedStack, Clients], Iterable[Finding]]


def findings_of(topic: str, check: Check, stack: PlannedStack, clients: Clients) -> Iterator[Finding]:
    """The check's findings; where AWS refuses or does not answer, a finding that says so."""
    try:
        yield from check(stack, clients)
    except (BotoCoreError, ClientError) as error:
        yield Finding("unknown", topic, f"{explain(error)} Until then this is not checked.")

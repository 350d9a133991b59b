"""What the doctor finds: a level, a topic, a sentence with the remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.clients import Clients, explain
from region import Region
from settings.model import Settings

Level = Literal["ok", "advice", "unknown", "problem"]


@dataclass(frozen=True)
class Finding:
    level: Level
    """`problem`: `pulumi up` would fail; `unknown`: could not be asked; `advice`: allowed, but know it."""
    topic: str
    text: str

    @property
    def blocks(self) -> bool:
        return self.level == "problem"


@dataclass(frozen=True, kw_only=True)
class Case:
    """The stack to be examined."""

    settings: Settings
    region: Region
    functions: int
    """Auto-annotation functions that will be deployed."""


_GONE = frozenset(
    {
        "ResourceNotFoundException", "NoSuchEntity", "ImageNotFoundException", "RepositoryNotFoundException",
        "NoSuchHostedZone",
    }
)  # fmt: skip


def is_gone(error: ClientError) -> bool:
    """Whether AWS says that what was asked about does not exist."""
    return error.response["Error"]["Code"] in _GONE


Check = Callable[[Case, Clients], Iterable[Finding]]


def asked(topic: str, check: Check, case: Case, clients: Clients) -> Iterator[Finding]:
    """The check's findings; where AWS refuses or does not answer, that."""
    try:
        yield from check(case, clients)
    except (BotoCoreError, ClientError) as error:
        yield Finding("unknown", topic, f"{explain(error)} Until then this is not checked.")

"""The state of a stack's resources, as `status` and `kept` show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.aws_clients import concerns_every_call, explain, not_answered


@dataclass(frozen=True)
class ResourceState:
    """One resource, and its state in a few words."""

    name: str
    state: str
    ok: bool = True
    """False: it needs attention."""
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Section:
    """Resources of one kind."""

    title: str
    resources: list[ResourceState]


def sections(reads: Iterable[tuple[str, Callable[[], Iterable[ResourceState]]]]) -> list[Section]:
    """The sections that the functions yield; a refused call becomes a section's only line, so that it hides no other.

    Raises AWS's error where every other call would fail alike: of credentials, and where neither of the first two
    sections was answered. (One service alone may be out of reach, where a VPC lacks its endpoint.)
    """
    read_so_far: list[Section] = []
    unanswered = 0
    for title, read in reads:
        try:
            read_so_far.append(Section(title, list(read())))
        except (BotoCoreError, ClientError) as error:
            unanswered += not_answered(error)
            if concerns_every_call(error) or (unanswered == len(read_so_far) + 1 == _ENOUGH):
                raise
            read_so_far.append(Section(title, [ResourceState("?", explain(error), ok=False)]))
    return read_so_far


_ENOUGH = 2

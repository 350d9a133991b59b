"""The state of a stack's resources, as `status` and `kept` show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from cvatctl.aws_clients import concerns_every_call, explain


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


def section(title: str, read: Callable[[], Iterable[ResourceState]]) -> Section:
    """The section that `read` yields; a refused call becomes its only line, so that it hides no other section.

    Raises AWS's error where every other call would fail alike.
    """
    try:
        return Section(title, list(read()))
    except (BotoCoreError, ClientError) as error:
        if concerns_every_call(error):
            raise
        return Section(title, [ResourceState("?", explain(error), ok=False)])

"""What a run did to each resource."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from rehearsal.diff.stores import STORES
from rehearsal.engine.state import Record

Verb = Literal["created", "updated", "replaced", "deleted", "retained", "same"]

ORDER: tuple[Verb, ...] = ("created", "updated", "replaced", "deleted", "retained")


@dataclass(frozen=True)
class Step:
    """One resource of one run."""

    verb: Verb
    record: Record
    """As it is now; as it was, if it is deleted."""
    paths: tuple[str, ...] = ()
    """Inputs that differ, as dotted paths."""
    forced_by: tuple[str, ...] = ()
    """Those among them that made the resource anew."""

    @property
    def title(self) -> str:
        """For people: type and logical name."""
        return f"{self.record.type} {self.record.name}"


@dataclass
class Outcome:
    """All of a run."""

    steps: list[Step] = field(default_factory=list)
    """Of resources that a provider manages, in the order in which it happened."""

    def of(self, *verbs: Verb) -> list[Step]:
        """Steps of these kinds."""
        return [one for one in self.steps if one.verb in verbs]

    def touched(self) -> set[str]:
        """All but what stayed the same, such as 'updated aws:rds/instance:Instance data-database'."""
        return {f"{one.verb} {one.title}" for one in self.steps if one.verb != "same"}

    def losses(self) -> Iterator[str]:
        """A sentence for each store that is gone, with what it held."""
        for one in self.of("replaced", "deleted"):
            if what := STORES.get(one.record.type):
                because = f" because of {', '.join(one.forced_by)}" if one.forced_by else ""
                yield (
                    f"{one.title} was {one.verb.upper()}{because}, and {what} with it. Keep the old value, give it "
                    "`aliases` if it was only renamed, or export what it holds first."
                )

"""What a run did to each resource."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

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
    """Those among them that replaced the resource."""

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
        return [step for step in self.steps if step.verb in verbs]

    def touched(self) -> set[str]:
        """All but what stayed the same, as 'updated <type> <name>'."""
        return {f"{step.verb} {step.title}" for step in self.steps if step.verb != "same"}

"""Section "The stack as a whole": preset, protection, tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator

from settings.fields import Many, Pattern
from settings.sections.section import Section

Tag = Annotated[
    str,
    AfterValidator(
        Pattern(example="team=vision", optional=False, pattern="[^=]+=.*", rule="must be name=value, as in team=vision")
    ),
]


class Stack(Section):
    """The stack as a whole"""

    preset: Literal["production", "standard", "team"] = "standard"
    """Sizes: `standard` runs what the reference deployment runs; `production` has something of everything in each of
    three zones, grows with the load, and keeps restore points for a quarter; `team` is the least that serves five
    people well. Every number can be set on its own."""
    disposable: bool = False
    """true: nothing is protected, `pulumi destroy` deletes databases and files without a final snapshot. For
    trials only."""
    tags: Annotated[tuple[Tag, ...], Many] = ()
    """More tags for every resource, each as name=value."""

    @property
    def protect(self) -> bool:
        """Whether stores survive mistakes: protected, snapshot before deletion, backups kept."""
        return not self.disposable

    def all_tags(self, project: str, stack: str) -> dict[str, str]:
        """Tags for every resource: the operator's own, project and stack."""
        return dict(tag.split("=", 1) for tag in self.tags) | {"project": project, "stack": stack}


def protection(stack: Stack) -> Iterator[str]:
    if stack.preset == "production" and stack.disposable:
        yield (
            "cvat:disposable = true: nothing of cvat:preset = production may be deleted without a trace. "
            "Set it to false, or choose another preset for a trial."
        )

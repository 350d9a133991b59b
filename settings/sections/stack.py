"""Section "The stack as a whole": preset, protection, tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator

from settings.fields import Many, Pattern
from settings.sections.section import Section

_MOST_TAGS = 8
"""An S3 object takes 10 tags (https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html), other
resources 50 (https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html); both read 2026-11. Project and
stack are on all of them."""
_OURS = ("project", "stack")

Tag = Annotated[
    str,
    AfterValidator(
        Pattern(
            example="team=vision",
            optional=False,
            pattern=r"(?i:(?!aws:))(?=\S)[\w .:/+@-]{1,128}=[\w .:/+=@-]{0,256}",
            rule="must be name=value, as in team=vision: a name of up to 128 characters that does not begin with aws:, "
            "a value of up to 256, of letters, digits, spaces and _ . : / + - @ only",
        )
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


def tag_names(stack: Stack) -> Iterator[str]:
    """IAM takes no two tags whose names differ in capitals only."""
    names = [tag.partition("=")[0] for tag in stack.tags]
    for index, name in enumerate(names):
        entry = f"cvat:tags[{index}] = {stack.tags[index]}"
        if name.casefold() in _OURS:
            yield f"{entry}: the program gives every resource a tag {name.lower()}. Choose another name."
        elif name.casefold() in [earlier.casefold() for earlier in names[:index]]:
            yield f"{entry}: the name {name} is there already. Remove one of the two."
    if len(names) > _MOST_TAGS:
        yield (
            f"cvat:tags has {len(names)} tags: an S3 object takes 10, and project and stack are two of them. Remove "
            f"{len(names) - _MOST_TAGS}."
        )


def protection(stack: Stack) -> Iterator[str]:
    if stack.preset == "production" and stack.disposable:
        yield (
            "cvat:disposable = true: nothing of cvat:preset = production may be deleted without a trace. "
            "Set it to false, or choose another preset for a trial."
        )

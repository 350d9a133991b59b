"""What a comparison finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Document = Mapping[str, Any]
"""A stack as resources.json holds it: stack, region, outputs, checks, resources."""

Kind = Literal["added", "removed", "replaced", "updated"]


@dataclass(frozen=True)
class Resource:
    """One resource of a document."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    """By Pulumi's names; identifiers are logical names such as <Vpc network>, secrets are hidden."""
    tags: Mapping[str, str] | None = None
    protect: bool = False
    """Whether Pulumi refuses to delete it."""

    @property
    def label(self) -> str:
        """How the inputs of others refer to it."""
        return f"<{self.type.rpartition(':')[2]} {self.name}>"

    @property
    def title(self) -> str:
        """As it is shown: aws:rds:Instance data-postgres."""
        package, _, rest = self.type.partition(":")
        module, _, kind = rest.partition(":")
        return f"{package}:{module.partition('/')[0]}:{kind or module} {self.name}"


def resources(document: Document) -> dict[str, Resource]:
    """The resources of a document by URN. Components are left out: they are nothing but names."""
    return {
        resource["urn"]: Resource(
            resource["urn"],
            resource["type"],
            resource["name"],
            resource["inputs"],
            resource.get("tags"),
            resource.get("protect", False),
        )
        for resource in document["resources"]
        if resource["type"].partition(":")[0] in ("aws", "docker", "random")
        or resource["type"].startswith("pulumi-python:")
    }


@dataclass(frozen=True)
class Property:
    """One value that differs."""

    path: str
    """Dotted, with the keys of lists and of JSON documents, e.g. containerDefinitions.server.cpu."""
    old: Any
    """None where it was not there."""
    new: Any
    replaces: bool = False
    """Whether the provider makes the resource anew for it."""
    follows: str = ""
    """The resource whose new identity is the only difference, if so."""


@dataclass(frozen=True)
class Change:
    """One resource that differs."""

    kind: Kind
    resource: Resource
    """As it is in HEAD; in BASE if it was removed."""
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True)
class Danger:
    """Something that a reviewer must see."""

    kind: Literal["store", "permission", "opening", "invariant", "cost", "stack"]
    resource: str
    """Title, or empty when it is about the whole stack."""
    text: str
    """A sentence: what would happen, and what to do."""


@dataclass(frozen=True)
class Cost:
    """Estimates a month, of both sides."""

    before: float
    after: float
    currency: str = "USD"
    complete: bool = True
    """Whether every price is known; if not, these are lower bounds."""

    @property
    def share(self) -> float:
        """Growth as a share of what it was; infinite from nothing."""
        if not self.before:
            return float("inf") if self.after else 0.0
        return (self.after - self.before) / self.before


@dataclass(frozen=True)
class Diff:
    """All that differs between two states of one stack."""

    stack: str
    changes: tuple[Change, ...] = ()
    outputs: tuple[Property, ...] = ()
    dangers: tuple[Danger, ...] = ()
    notices: tuple[str, ...] = ()
    """Sentences worth reading that are no danger."""
    cost: Cost | None = None
    unchanged: int = 0

    def of(self, kind: Kind) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]


@dataclass
class Findings:
    """Collects dangers and notices."""

    dangers: list[Danger] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

"""What the engine asks of the provider plugins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.engine.state import Record, State

RegisterChild = Callable[[str, str, dict[str, Any], str], Record]
"""Registers a resource of a remote component: type token, name, inputs, URN of the parent."""


@dataclass(frozen=True)
class ProviderDiff:
    """A provider's own answer to new inputs."""

    changes: bool | None
    """None: it does not say, and the inputs decide."""
    replaces: tuple[str, ...] = ()
    """Inputs for which the resource is replaced."""
    delete_first: bool = False


class Operations(Protocol):
    """All errors are RehearsalErrors, without the resource's name. Types are type tokens."""

    def require(self, resource_type: str) -> None:
        """Raise MissingHandlerError unless the type can be carried out."""

    def call(self, function: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a function. Raises FunctionError for what the API refuses."""

    def construct(self, record: Record, register_child: RegisterChild) -> Record:
        """Expand a remote component into the resources that its provider registers."""

    def create(self, record: Record) -> Record:
        """Create it; the record with id and outputs."""

    def update(self, old: Record, record: Record, changed: Collection[str]) -> Record:
        """Change what exists to the record's inputs, of which the keys `changed` differ."""

    def delete(self, old: Record) -> None:
        """Delete it."""

    def diff(self, old: Record, record: Record) -> ProviderDiff | None:
        """The provider's own diff; None: it has none, and the inputs are compared."""

    def content(self, record: Record) -> dict[str, str]:
        """Digests of what inputs only point to (build contexts), by path of input."""

    def tags(self, record: Record) -> dict[str, str] | None:
        """All tags that the record asks for, default tags among them; None if its type takes none."""

    def ignores(self, resource_type: str, key: str) -> bool:
        """Whether a change of this input means nothing."""

    def replaces(self, resource_type: str, path: str, old: Any, new: Any) -> bool:
        """Whether a change of the value at this dotted path replaces the resource."""

    def has_fixed_name(self, old: Record, record: Record) -> bool:
        """Whether both have the same physical name, so that the old one must be deleted first."""

    def identifiers(self, record: Record) -> set[str]:
        """Texts by which the inputs of other resources refer to it."""

    def refusal_to_replace(self, old: Record, reasons: Collection[str], state: State) -> str:
        """Why the account would refuse the replacement half-way; empty if it would not."""

"""What a run leaves behind: records of resources, the state of the stack, why the run ended early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

PROVIDER_KEY = "__provider"
"""Input of a dynamic resource that holds its provider's code."""


@dataclass(frozen=True)
class Options:
    """Options of one resource, as far as later runs are concerned."""

    retain_on_delete: bool = False
    ignore_changes: tuple[str, ...] = ()
    """Paths of inputs, by Pulumi names."""
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    """None: as the provider decides."""


@dataclass(frozen=True)
class Record:
    """One resource that was registered, as it came to be."""

    urn: str
    type: str
    """Type token, as package:module/file:Type."""
    name: str
    """Logical name."""
    parent: str
    """URN of the parent, empty for the stack itself."""
    custom: bool
    """Whether a provider manages it (components are not custom)."""
    inputs: Mapping[str, Any]
    """As the program gave them, by Pulumi names; secrets in clear: see `secrets`."""
    outputs: Mapping[str, Any]
    """As the provider answered."""
    id: str
    """Physical id; empty for components."""
    secrets: frozenset[str] = frozenset()
    """Names of inputs and outputs that must not be shown."""
    tags: Mapping[str, str] | None = None
    """All tags of a taggable resource, the provider's default tags included; None if it cannot carry any."""
    calls: tuple[str, ...] = ()
    """API calls that created it, as service:Operation, in order."""
    dependencies: tuple[str, ...] = ()
    """URNs that Pulumi waits for before it creates this one; for a resource of a remote component, of its siblings."""
    protect: bool | None = None
    """Pulumi's option of that name; None for a resource of a remote component."""
    options: Options = Options()
    content: Mapping[str, str] = field(default_factory=dict)
    """Digests of what inputs only point to (files of assets, build contexts), by path of input."""
    unknown: frozenset[str] = frozenset()
    """Paths of inputs whose values are not known (encrypted in an exported state): any value counts as the same."""
    generation: int = 0
    """How often it has been replaced; a replacement gets another automatic name."""


@dataclass(frozen=True)
class Failure:
    """Why a rehearsal ended early."""

    message: str
    resource: str = ""
    """URN of the resource at fault, when one is."""
    trace: str = ""
    """Where in the program; empty when the message says it all."""

    def __str__(self) -> str:
        return self.message


@dataclass
class State:
    """What Pulumi's state file would hold: the resources of one stack, in order of creation."""

    stack: str
    region: str = ""
    records: dict[str, Record] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    secret_outputs: frozenset[str] = frozenset()
    replaced: list[Record] = field(default_factory=list)
    """Resources that have been replaced, to be deleted at the end of a run."""
    attempted: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By URN: inputs of an update that failed half-way; the account may hold some of them."""
    generations: dict[str, int] = field(default_factory=dict)
    """By URN of what was deleted: the generation of a successor, whose names must be others."""

    def rename(self, former: str, urn: str, name: str) -> None:
        """Pulumi's aliases: what the state knows by its former URN is the same resource under its new one."""
        if urn in self.records or former not in self.records:
            return
        self.records[urn] = replace(self.records.pop(former), urn=urn, name=name)
        for user, record in self.records.items():
            dependencies = tuple(urn if dependency == former else dependency for dependency in record.dependencies)
            self.records[user] = replace(record, dependencies=dependencies)

    def settle(self) -> None:
        """Sort the records, so that their order does not depend on the run: parents first, then by URN."""

        def depth_and_urn(urn: str) -> tuple[int, str]:
            return urn.split("::")[2].count("$"), urn

        self.records = {urn: self.records[urn] for urn in sorted(self.records, key=depth_and_urn)}

    def of_type(self, *types: str) -> list[Record]:
        """Records of these type tokens."""
        return [record for record in self.records.values() if record.type in types]

"""What a handler works with: the inputs of one resource, and calls to the emulated account that use them up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore import xform_name

from rehearsal.engine import naming
from rehearsal.engine.inputs import Inputs
from rehearsal.errors import MissingHandlerError, RehearsalError
from rehearsal.providers import shapes

if TYPE_CHECKING:
    from rehearsal.aws.account import Account
    from rehearsal.engine.state import Record


@dataclass(frozen=True)
class Made:
    """What a handler made."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Attributes beside the inputs, by Pulumi names; they win over inputs of the same name."""
    secrets: frozenset[str] = frozenset()
    """Names of outputs that are secret by nature."""
    children: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One resource type, and how it is made."""

    token: str
    create: Callable[[Make], Made]
    tags: bool = False
    """Whether it takes tags, so that the provider's default tags apply."""
    provider_only: Mapping[str, str] = field(default_factory=dict)
    """Inputs that never reach the API, each with the reason."""


KINDS: dict[str, Kind] = {}
"""Every resource type that can be rehearsed."""


def handles(
    token: str, *, tags: bool = False, provider_only: Mapping[str, str] | None = None
) -> Callable[[Callable[[Make], Made]], Callable[[Make], Made]]:
    """Put a function into the table of handlers."""

    def register(create: Callable[[Make], Made]) -> Callable[[Make], Made]:
        if token in KINDS:
            raise ValueError(f"{token} has two handlers")
        KINDS[token] = Kind(token, create, tags, provider_only or {})
        return create

    return register


class Make:
    """One resource in the making."""

    def __init__(self, account: Account, kind: Kind, stack: str, urn: str, name: str) -> None:
        self.account = account
        self.kind = kind
        self.stack = stack
        self.urn = urn
        self.name = name
        self.inputs = Inputs({})
        self.region = ""
        self.tags: dict[str, str] = {}
        self.tagged = False
        self.old: Record | None = None
        """The resource as it is, when it is changed or deleted."""
        self.whole: Mapping[str, Any] = {}
        """All inputs, changed or not; `inputs` holds those that differ only when something is changed."""
        self.seed = urn
        """What names and drawn values depend on: the URN, and another one for each replacement."""
        self.child: Callable[[str, str, dict[str, Any], str], Record] | None = None
        """Registers a child: type token, name, inputs, URN of its parent (components made by a provider)."""

    def named(self, key: str = "name", limit: int = 255, lower: bool = False) -> str:
        """The physical name: the input `key`, else `key`Prefix and a suffix, else Pulumi's automatic name."""
        prefix = self.inputs.take(f"{key}Prefix")
        given = self.inputs.take(key)
        if given:
            return str(given)
        if prefix:
            return f"{prefix}{naming.suffix(self.stack, self.seed)}"
        return naming.automatic(self.name, self.stack, self.seed, limit, lower)

    @property
    def id(self) -> str:
        """Physical id of what is changed or deleted."""
        return self.old.id if self.old else ""

    def known(self, key: str) -> Any:
        """An attribute of what is changed or deleted, as the account answered."""
        return self.id if key == "id" else (self.old.outputs if self.old else {}).get(key)

    def client(self, service: str) -> Any:
        """A boto3 client in the resource's region."""
        return self.account.client(service, self.region)

    def call(
        self,
        service: str,
        operation: str,
        extra: Mapping[str, Any] | None = None,
        *,
        only: Collection[str] | None = None,
        renames: shapes.Renames | None = None,
    ) -> Any:
        """Call an API operation (e.g. CreateVpc) with every unused input that it knows, and with `extra`.

        `only` limits the inputs by their Pulumi names; those that the operation does not know are then an error.
        `extra` is in the API's own spelling. Tags go along where the operation takes them.
        """
        client = self.client(service)
        model = client.meta.service_model.operation_model(operation)
        values = {key: value for key, value in self.inputs.left().items() if value is not None}
        if only is not None:
            values = {key: value for key, value in values.items() if key in only}
        carried, used = shapes.request(model, values, renames or {})
        if only is not None and used != set(values):
            raise RehearsalError(f"{', '.join(sorted(set(values) - used))}: {operation} does not take it.")
        for key in used:
            self.inputs.take(key)
        carried |= extra or {}
        self._tag(model, carried)
        return _invoke(client, operation, carried)

    def ask(self, service: str, operation: str, **parameters: Any) -> Any:
        """Call an API operation with exactly these parameters (reads, mostly)."""
        return _invoke(self.client(service), operation, parameters)

    def _tag(self, model: Any, carried: dict[str, Any]) -> None:
        shape = model.input_shape
        if not self.kind.tags or self.tagged or shape is None:
            return
        for name in ("Tags", "tags"):
            if name in shape.members:
                self.tagged = True
                if self.tags:
                    carried[name] = shapes.convert(self.tags, shape.members[name], "tags", {})

    def finish(self) -> None:
        """Refuse to have dropped anything."""
        for key in self.kind.provider_only:
            self.inputs.take(key)
        left = self.inputs.left()
        if left and self.old is not None:
            raise MissingHandlerError(
                f"the rehearsal cannot change these inputs of what exists: {', '.join(sorted(left))}. "
                f'Teach @updates("{self.kind.token}") about them (rehearsal/handlers).'
            )
        if left:
            raise MissingHandlerError(
                f"the rehearsal does not carry these inputs to the API: {', '.join(sorted(left))}. "
                f"Teach the handler of {self.kind.token} about them (rehearsal/handlers)."
            )
        if self.kind.tags and not self.tagged:
            raise MissingHandlerError(f"the handler of {self.kind.token} did not carry the tags to the API.")


def _invoke(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
    answer = getattr(client, xform_name(operation))(**parameters)
    answer.pop("ResponseMetadata", None)
    return answer

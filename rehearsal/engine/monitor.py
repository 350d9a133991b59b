"""Pulumi's mock monitor, which also keeps what the mocks do not receive: parents, options, outputs of components."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pulumi import get_project, get_stack
from pulumi.runtime import Mocks, rpc
from pulumi.runtime.mocks import MockMonitor

from rehearsal.engine import inputs
from rehearsal.engine.state import Options, Record, State
from rehearsal.errors import MissingHandlerError


class Monitor(MockMonitor):
    """The registration that the mocks work on, beside what they receive; and the outputs that end up in the state."""

    def __init__(self, mocks: Mocks, state: State) -> None:
        super().__init__(mocks)
        self._state = state
        self.parent = ""
        """URN; empty: the stack itself."""
        self.remote = False
        """Whether a component is expanded by its provider."""
        self.dependencies: tuple[str, ...] = ()
        self.options = Options()
        self.former_names: tuple[str, ...] = ()
        """Aliases of the present registration that are other names, under the same parent."""
        self.protect = False

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As Pulumi's engine forms it: the types of all ancestors but the stack's."""
        ancestors = parent.split("::")[2] if parent else ""
        if ancestors and ancestors != "pulumi:pulumi:Stack":
            type_ = f"{ancestors}${type_}"
        return f"urn:pulumi:{get_stack()}::{get_project()}::{type_}::{name}"

    def know(self, record: Record) -> None:
        """Resolve references to a resource that the program has not registered itself."""
        self.resources[record.urn] = MockMonitor.ResourceRegistration(record.urn, record.id, dict(record.outputs))

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  (gRPC names)
        """Keep what the mocks do not receive."""
        self.parent, self.remote = request.parent, bool(request.remote)
        self.dependencies = tuple(sorted(request.dependencies))
        self.options, self.protect = _options(request), bool(request.protect)
        self.former_names = tuple(alias.spec.name for alias in request.aliases if alias.spec.name)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Refused: `get` of a resource by id is not rehearsed."""
        raise MissingHandlerError(
            f"The program reads {request.type} '{request.name}' by id; the rehearsal only answers functions (get_...)."
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Keep the outputs of components and of the stack."""
        values = rpc.deserialize_properties(request.outputs)
        secrets = inputs.secret_keys(values)
        outputs = inputs.plain(values)
        state = self._state
        if request.urn in state.records:
            record = state.records[request.urn]
            state.records[request.urn] = replace(
                record, outputs={**record.outputs, **outputs}, secrets=record.secrets | secrets
            )
        elif "pulumi:pulumi:Stack" in request.urn:
            state.outputs, state.secret_outputs = dict(sorted(outputs.items())), secrets
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _options(request: Any) -> Options:
    return Options(
        retain_on_delete=bool(request.retainOnDelete),
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=bool(request.deleteBeforeReplace) if request.deleteBeforeReplaceDefined else None,
    )

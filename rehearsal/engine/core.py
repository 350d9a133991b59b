"""Pulumi's engine: each registration of the program becomes a step that the providers carry out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc

from rehearsal.engine import inputs
from rehearsal.engine.deployment import Deployment, texts
from rehearsal.engine.monitor import Monitor
from rehearsal.engine.operations import Operations
from rehearsal.engine.outcome import Outcome
from rehearsal.engine.state import PROVIDER_KEY, Record, State
from rehearsal.errors import FunctionError, RehearsalError, sentence

Progress = Callable[[str, str, int], None]
"""Called for each resource: its type token, its name, how many have been registered."""


class Engine(Mocks):
    """Pulumi's official mocks, with providers behind them."""

    def __init__(
        self, operations: Operations, state: State, *, preview: bool = False, progress: Progress = lambda *_: None
    ) -> None:
        self.state = state
        self.preview = preview
        self.failed_urn = ""
        self.failure: BaseException | None = None
        """The first failure; Pulumi may raise a later one."""
        self.registered: list[str] = []
        """URNs in the order of registration."""
        self.messages: list[str] = []
        """What the program logged, each with its level in front."""
        self.monitor = Monitor(self, state)
        self._operations = operations
        self._deployment = Deployment(state, operations)
        self._progress = progress
        self._siblings: tuple[str, ...] | None = None

    @property
    def outcome(self) -> Outcome:
        """What was done to each resource."""
        return self._deployment.outcome

    def call(self, args: MockCallArgs) -> dict[str, Any] | tuple[dict[str, Any], list[tuple[str, str]]]:  # type: ignore[override]
        """Answer a function of a provider."""
        try:
            return self._operations.call(args.token, inputs.plain(args.args))
        except FunctionError as error:
            return {}, [("", sentence(error))]

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Carry out a registration; Pulumi's monitor calls it once for each."""
        record = self.register(args.typ, args.name, self.monitor.parent, args.inputs, custom=bool(args.custom))
        outputs = {
            key: rpc.wrap_rpc_secret(value) if key in record.secrets else value
            for key, value in record.outputs.items()
            if key != PROVIDER_KEY
        }
        return record.id or None, outputs

    def _register_child(self, token: str, name: str, values: dict[str, Any], parent: str) -> Record:
        """A resource of a remote component. Its dependencies are the siblings whose ids its inputs mention."""
        mentioned = set(texts(values))
        siblings = [self.state.records[urn] for urn in self.registered if urn in self.state.records]
        self._siblings = tuple(record.urn for record in siblings if record.id in mentioned)
        try:
            return self.register(token, name, parent, values)
        finally:
            self._siblings = None

    def register(self, token: str, name: str, parent: str, values: Mapping[str, Any], custom: bool = True) -> Record:
        """Create the resource, or bring what exists to these inputs: unchanged, updated in place, or replaced."""
        urn = self.monitor.make_urn(parent, token, name)
        if self.failed_urn:
            raise RehearsalError(f"{token} '{name}' was not tried, since {self.failed_urn} had failed before.")
        if urn in self.registered:
            twice = f"{token} '{name}' is registered twice: logical names must be unique ({urn})."
            raise self._failed(urn, RehearsalError(twice))
        self.registered.append(urn)
        for former in self.monitor.former_names:
            self.state.rename(self.monitor.make_urn(parent, token, former), urn, name)
        self._progress(token, name, len(self.registered))
        plain = inputs.plain(dict(values))
        record = Record(urn, token, name, parent, custom, plain, plain, "", inputs.secret_keys(values))
        record = replace(
            record,
            dependencies=tuple(sorted({*self.monitor.dependencies, *(self._siblings or ())})),
            options=self.monitor.options,
            protect=None if self._siblings is not None else self.monitor.protect,
            generation=self.state.generations.get(urn, 0),
        )
        if custom:
            record = self._carry_out(record)
        elif self.monitor.remote:
            self.state.records[urn] = record  # before its children
            record = self._carry_out(record)
        self.state.records[urn] = record
        self.monitor.know(record)
        return record

    def _carry_out(self, record: Record) -> Record:
        """Do what the record asks for. Only the first failure is reported, with the resource's name."""
        try:
            self._operations.require(record.type)
            if not record.custom:
                return self._operations.construct(record, self._register_child)
            return record if self.preview else self._deployment.apply(record)
        except RehearsalError as error:
            if self.failure is not None:  # that of a child, which names it
                raise
            raise self._failed(record.urn, RehearsalError(_named(record, error))) from error
        except BaseException as error:
            raise self._failed(record.urn, error) from None

    def finish(self) -> None:
        """Delete what the program no longer registers, and what has been replaced."""
        try:
            self._deployment.clear(self.registered)
        except RehearsalError as error:
            record = self._deployment.deleting
            text = _named(record, error) if record else sentence(error)
            self._failed(record.urn if record else "", RehearsalError(text))

    def _failed(self, urn: str, error: BaseException) -> BaseException:
        """Keep the first failure; nothing is created after it."""
        if self.failure is None:
            self.failed_urn, self.failure = urn, error
        return error


def _named(record: Record, error: RehearsalError) -> str:
    return f"{record.type} '{record.name}': {sentence(error)}"

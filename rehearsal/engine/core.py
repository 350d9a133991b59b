"""Stands where Pulumi's engine and its providers stand: each registration is carried out on the emulated account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import botocore.exceptions
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc

from rehearsal import providers
from rehearsal.aws.account import Account
from rehearsal.engine import inputs, operations
from rehearsal.engine.deployment import Deployment, texts
from rehearsal.engine.monitor import Monitor
from rehearsal.engine.state import Record, State
from rehearsal.errors import MissingHandlerError, RehearsalError, is_taken, sentence
from rehearsal.providers import functions, functions_adopted
from rehearsal.providers.resource import KINDS
from settings.stack_file import Configuration

FUNCTIONS = functions_adopted.FUNCTIONS
"""Of both modules."""
PROVIDER_KEY = "__provider"

Progress = Callable[[str, str, int], None]
"""Told of each resource: its type token, its name, how many have been registered."""


class Engine(Mocks):
    """Pulumi's official mocks, with an account behind them."""

    def __init__(self, account: Account, state: State, config: Configuration, preview: bool = False) -> None:
        self.account = account
        self.state = state
        self.config = config
        self.preview = preview
        self.progress: Progress = lambda *_: None
        self.failed_urn = ""
        self.failure: BaseException | None = None
        """The first thing that failed; Pulumi may hand on a later one."""
        self.seen: list[str] = []
        """URNs in the order of registration, this time."""
        self._siblings: tuple[str, ...] | None = None
        self.messages: list[str] = []
        """What the program said, each with its level in front."""
        self.monitor = Monitor(self)
        self.hands = operations.Operations(account, state, config, self._child)
        self.deployment = Deployment(state, config, self.hands)
        providers.load()

    def call(self, args: MockCallArgs) -> dict[str, Any] | tuple[dict[str, Any], list[tuple[str, str]]]:  # type: ignore[override]
        """Answer a function of a provider, such as aws.get_availability_zones.

        What the API refuses is handed on as a failure of that function, which a program may expect and handle.
        """
        answer = FUNCTIONS.get(args.token)
        if answer is None:
            raise MissingHandlerError(
                f"The program calls {args.token}, which the rehearsal cannot answer: "
                "add it to rehearsal/providers/functions.py."
            )
        given = inputs.Inputs(inputs.plain(args.args))
        region = given.take("region") or self.config.region
        try:
            result = answer(functions.Question(self.account, region, given))
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            return {}, [("", sentence(error))]
        if left := given.left():
            raise MissingHandlerError(f"{args.token}: the rehearsal ignores these arguments: {', '.join(left)}.")
        return result

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Make a resource; Pulumi's monitor asks for it once per registration."""
        record = self.register(args.typ, args.name, self.monitor.parent, args.inputs, custom=bool(args.custom))
        wire = {
            key: rpc.wrap_rpc_secret(value) if key in record.secrets else value
            for key, value in record.outputs.items()
            if key != PROVIDER_KEY
        }
        return record.id or None, wire

    def _child(self, token: str, name: str, values: dict[str, Any], parent: str) -> Record:
        """A part of a component that its provider expands: what it depends on is known by identifiers only."""
        mentioned = set(texts(values))
        parts = [self.state.records[urn] for urn in self.seen if urn in self.state.records]
        self._siblings = tuple(one.urn for one in parts if one.id in mentioned)
        try:
            return self.register(token, name, parent, values)
        finally:
            self._siblings = None

    def register(self, token: str, name: str, parent: str, values: Mapping[str, Any], custom: bool = True) -> Record:
        """Create the resource, or bring what exists to these inputs: as it is, changed in place, or made anew."""
        urn = self.monitor.make_urn(parent, token, name)
        if self.failed_urn:
            raise RehearsalError(f"{token} '{name}' was not tried, since {self.failed_urn} had failed before.")
        if urn in self.seen:
            twice = f"{token} '{name}' is registered twice: logical names must be unique ({urn})."
            raise self._failed(urn, RehearsalError(twice))
        self.seen.append(urn)
        self.progress(token, name, len(self.seen))
        given = inputs.plain(dict(values))
        record = Record(urn, token, name, parent, custom, given, given, "", inputs.secret_keys(values))
        record = replace(
            record,
            dependencies=tuple(sorted({*self.monitor.dependencies, *(self._siblings or ())})),
            options=self.monitor.options,
            protect=None if self._siblings is not None else self.monitor.protect,
            generation=self.state.generations.get(urn, 0),
        )
        if token.startswith("awsx:"):
            self.state.records[urn] = record  # so that it stands before its children
        if custom or token in KINDS:
            record = self._carry_out(record)
        self.state.records[urn] = record
        self.monitor.know(record)
        return record

    def _carry_out(self, record: Record) -> Record:
        """Do what the record asks for; whatever fails is told once, with the resource's name."""
        try:
            operations.kind_of(record.type)
            if record.type.startswith("awsx:"):
                return self.hands.create(record)
            return record if self.preview else self.deployment.bring_about(record)
        except (RehearsalError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            if self.failure is not None:  # a child has failed, and has said why
                raise
            raise self._failed(record.urn, RehearsalError(explain(record, error))) from error
        except BaseException as error:
            raise self._failed(record.urn, error) from None

    def finish(self) -> None:
        """Delete what the program has not registered any more, and what replacements stand for."""
        try:
            self.deployment.clear(self.seen)
        except (RehearsalError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            record = self.deployment.at
            text = explain(record, error) if record else sentence(error)
            self._failed(record.urn if record else "", RehearsalError(text))

    def _failed(self, urn: str, error: BaseException) -> BaseException:
        """Remember the first failure; nothing more is created after it."""
        if self.failure is None:
            self.failed_urn, self.failure = urn, error
        return error


def explain(record: Record, error: Exception) -> str:
    """The API's refusal as a sentence that names the resource and, where there is one, the remedy."""
    what = f"{record.type} '{record.name}'"
    text = sentence(error)
    if is_taken(error):
        return (
            f"{what}: its physical name is taken in this account and region. AWS says: {text} "
            "Remedy: give it no fixed name, so that every stack gets its own, or put the stack's name into it."
        )
    return f"{what}: {text}"

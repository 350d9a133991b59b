"""Stands where Pulumi's engine and its providers stand: each registration is carried out on the emulated account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import botocore.exceptions
from pulumi import get_project, get_stack
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, rpc
from pulumi.runtime.mocks import MockMonitor

from rehearsal import handlers, inputs, invokes, invokes_existing
from rehearsal.account import Account
from rehearsal.errors import MissingHandlerError, RehearsalError, TakenError, is_taken, sentence
from rehearsal.make import KINDS, Kind, Made, Make
from rehearsal.model import Record, State
from rehearsal.project import Configuration

FUNCTIONS = invokes_existing.FUNCTIONS
"""Of both modules."""
DYNAMIC = "pulumi-python:dynamic"
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
        self.messages: list[str] = []
        """What the program said, each with its level in front."""
        self.monitor = Monitor(self)
        handlers.load()

    def call(self, args: MockCallArgs) -> dict[str, Any] | tuple[dict[str, Any], list[tuple[str, str]]]:  # type: ignore[override]
        """Answer a function of a provider, such as aws.get_availability_zones.

        What the API refuses is handed on as a failure of that function, which a program may expect and handle.
        """
        answer = FUNCTIONS.get(args.token)
        if answer is None:
            raise MissingHandlerError(
                f"The program calls {args.token}, which the rehearsal cannot answer: teach it in rehearsal/invokes.py."
            )
        given = inputs.Inputs(inputs.plain(args.args))
        region = given.take("region") or self.config.region
        try:
            result = answer(invokes.Question(self.account, region, given))
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

    def register(self, token: str, name: str, parent: str, values: Mapping[str, Any], custom: bool = True) -> Record:
        """Create the resource, or keep it if the account holds it already with the same inputs."""
        urn = self.monitor.make_urn(parent, token, name)
        if self.failed_urn:
            raise RehearsalError(f"{token} '{name}' was not tried, since {self.failed_urn} had failed before.")
        if urn in self.seen:
            twice = f"{token} '{name}' is registered twice: logical names must be unique ({urn})."
            raise self._failed(urn, RehearsalError(twice))
        self.seen.append(urn)
        self.progress(token, name, len(self.seen))
        before = self.state.records.get(urn)
        given = inputs.plain(dict(values))
        if before is not None and comparable(before.inputs) == comparable(given) and not token.startswith("awsx:"):
            self.monitor.know(before)
            return before
        if before is not None and not token.startswith("awsx:"):
            raise MissingHandlerError(f"{token} '{name}' has changed; updates are not rehearsed yet.")
        record = Record(urn, token, name, parent, custom, given, given, "", inputs.secret_keys(values))
        record = replace(record, dependencies=self.monitor.dependencies)
        if token.startswith("awsx:"):
            self.state.records[urn] = record  # so that it stands before its children
        if custom or token in KINDS:
            record = self._make(record)
        self.state.records[urn] = record
        self.monitor.know(record)
        return record

    def _make(self, record: Record) -> Record:
        kind = KINDS.get("dynamic" if record.type.startswith(DYNAMIC) else record.type)
        try:
            if kind is None:
                raise MissingHandlerError(
                    "the rehearsal has no handler for this resource type: add one in rehearsal/handlers."
                )
            if self.preview and not record.type.startswith("awsx:"):
                return record
            return self._carry_out(record, kind)
        except (RehearsalError, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            if self.failure is not None:  # a child has failed, and has said why
                raise
            raise self._failed(record.urn, RehearsalError(explain(record, error))) from error
        except BaseException as error:
            raise self._failed(record.urn, error) from None

    def _failed(self, urn: str, error: BaseException) -> BaseException:
        """Remember the first failure; nothing more is created after it."""
        if self.failure is None:
            self.failed_urn, self.failure = urn, error
        return error

    def _carry_out(self, record: Record, kind: Kind) -> Record:
        make = Make(self.account, kind, self.state.stack, record.urn, record.name)
        make.inputs = inputs.Inputs(record.inputs)
        own = make.inputs.take("region") if record.type.startswith(("aws:", "awsx:")) else None
        make.region = own or self.config.region
        make.child = lambda token, name, values, parent: self.register(token, name, parent, values)
        if kind.tags:
            make.tags = {**self.config.default_tags, **(make.inputs.take("tags") or {})}
        self.account.draw(record.urn)
        first = len(self.account.calls)
        with self.account.journal.of(record.urn, keep=not record.type.startswith((DYNAMIC, "awsx:"))):
            made = kind.create(make)
        make.finish()
        self._own(record, made)
        outputs = {**record.inputs, **made.outputs}
        if kind.tags:
            outputs |= {"tagsAll": make.tags}
        if record.type.startswith("aws:"):
            outputs.setdefault("region", make.region)
        return replace(
            record,
            id=made.id,
            outputs=outputs,
            secrets=record.secrets | made.secrets,
            tags=make.tags if kind.tags else None,
            calls=tuple(self.account.calls[first:]),
        )

    def _own(self, record: Record, made: Made) -> None:
        """Refuse what moto lets pass: the same physical resource made twice."""
        if not made.id or record.type.startswith(("random:", DYNAMIC)):
            return  # these have no place in the account
        key = (record.type, made.id)
        owner = self.account.owners.get(key)
        if owner is not None:
            raise TakenError(f"'{made.id}' already exists: {owner} made it.")
        self.account.owners[key] = f"stack '{self.state.stack}' ({record.urn})"


def comparable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as they can be compared between two runs (assets have no equality of their own)."""
    return {key: getattr(value, "path", None) or getattr(value, "text", None) or value for key, value in values.items()}


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


class Monitor(MockMonitor):
    """Pulumi's mock monitor, which also says who the parent is and what components and the stack put out."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.engine = engine
        self.parent = ""
        self.dependencies: tuple[str, ...] = ()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As Pulumi's engine forms it: the types of all ancestors but the stack's."""
        ancestors = parent.split("::")[2] if parent else ""
        if ancestors and ancestors != "pulumi:pulumi:Stack":
            type_ = f"{ancestors}${type_}"
        return f"urn:pulumi:{get_stack()}::{get_project()}::{type_}::{name}"

    def know(self, record: Record) -> None:
        """Be able to resolve references to a resource that the program has not registered itself."""
        self.resources[record.urn] = MockMonitor.ResourceRegistration(record.urn, record.id, dict(record.outputs))

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  (gRPC names)
        """Remember for the mocks what they are not told."""
        self.parent = request.parent
        self.dependencies = tuple(sorted(request.dependencies))
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        records, urn = self.engine.state.records, self.make_urn(request.parent, request.type, request.name)
        if urn in records:
            records[urn] = replace(records[urn], protect=request.protect)
        return answer

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        """Looking up an existing resource by id is a kind of its own, which this program must not need."""
        raise MissingHandlerError(
            f"The program reads {request.type} '{request.name}' by id; the rehearsal only answers functions (get_...)."
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        """Keep the outputs of components and of the stack."""
        values = rpc.deserialize_properties(request.outputs)
        secrets = inputs.secret_keys(values)
        outputs = inputs.plain(values)
        state = self.engine.state
        if request.urn in state.records:
            known = state.records[request.urn]
            state.records[request.urn] = replace(
                known, outputs={**known.outputs, **outputs}, secrets=known.secrets | secrets
            )
        elif "pulumi:pulumi:Stack" in request.urn:
            state.outputs, state.secret_outputs = dict(sorted(outputs.items())), secrets
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

"""Carries out single steps on the emulated account: create, update, delete."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from rehearsal.aws.account import Account
from rehearsal.engine import inputs
from rehearsal.engine.state import Record, State
from rehearsal.errors import MissingHandlerError, TakenError
from rehearsal.providers import change
from rehearsal.providers.resource import KINDS, Kind, Made, Make
from settings.stack_file import Configuration

DYNAMIC = "pulumi-python:dynamic"

Child = Callable[[str, str, dict[str, Any], str], Record]


def kind_of(token: str) -> Kind:
    """How resources of this type are made."""
    kind = KINDS.get("dynamic" if token.startswith(DYNAMIC) else token)
    if kind is None:
        raise MissingHandlerError("the rehearsal has no handler for this resource type: add one in rehearsal/handlers.")
    return kind


class Operations:
    """What a provider does, for the resources of one stack."""

    def __init__(self, account: Account, state: State, config: Configuration, child: Child) -> None:
        self._account = account
        self._state = state
        self._config = config
        self._child = child

    def create(self, record: Record) -> Record:
        """Make it; calls that succeeded in an attempt before are not made again."""
        make = self._make(record)
        make.child = self._child
        first = self._begin(record)
        with self._account.journal.of(record.urn, keep=not record.type.startswith((DYNAMIC, "awsx:"))):
            made = make.kind.create(make)
        make.finish()
        self._own(record, made)
        return self._finished(record, make, made, first)

    def update(self, old: Record, record: Record, changed: Collection[str]) -> Record:
        """Change what exists to the record's inputs, of which these differ."""
        make = self._make(record)
        make.old, make.tagged = old, True
        aside = {"region"} if record.type.startswith("aws:") else set()
        aside |= {"tags"} if make.kind.tags else set()
        make.whole = {key: value for key, value in record.inputs.items() if key not in aside}
        make.inputs = inputs.Inputs({key: make.whole.get(key) for key in sorted(set(changed) - aside)})
        first = self._begin(record)
        function = change.UPDATES.get(make.kind.token)
        made = Made(old.id)
        with self._account.journal.of(f"{record.urn} changed"):
            # A provider of the program's own may want an update although no input differs.
            if function and (not changed or set(changed) - {"tags", *make.kind.provider_only}):
                made = function(make) or made
            if "tags" in changed:
                change.retag(make)
        make.finish()
        self._moved(old, made.id)
        kept = {key: value for key, value in old.outputs.items() if key in record.inputs or key not in old.inputs}
        done = self._finished(record, make, replace(made, outputs={**kept, **record.inputs, **made.outputs}), first)
        return replace(done, calls=old.calls, secrets=done.secrets | old.secrets)

    def delete(self, old: Record) -> tuple[str, ...]:
        """Delete it; the calls that this took."""
        kind = kind_of(old.type)
        function = change.DELETES.get(kind.token)
        if function is None:
            raise MissingHandlerError(
                "the rehearsal does not know how to delete this resource type: add it with @deletes or deleted(...) "
                "in rehearsal/handlers."
            )
        make = self._make(old)
        make.old = old
        first = self._begin(old)
        with self._account.journal.of(f"{old.urn} {old.generation} deleted"):
            function(make)
        key = (old.type, old.id)
        successor = self._state.records.get(old.urn)
        if successor is None or successor is old or successor.id != old.id:
            self._account.owners.pop(key, None)
        return tuple(self._account.calls[first:])

    def _begin(self, record: Record) -> int:
        self._account.draw(record.urn)
        return len(self._account.calls)

    def _make(self, record: Record) -> Make:
        kind = kind_of(record.type)
        make = Make(self._account, kind, self._state.stack, record.urn, record.name)
        make.seed = f"{record.urn} {record.generation}" if record.generation else record.urn
        make.inputs = inputs.Inputs(record.inputs)
        own = make.inputs.take("region") if record.type.startswith(("aws:", "awsx:")) else None
        make.region = own or self._config.region
        if kind.tags:
            make.tags = {**self._config.default_tags, **(make.inputs.take("tags") or {})}
        return make

    def _finished(self, record: Record, make: Make, made: Made, first: int) -> Record:
        outputs = {**record.inputs, **made.outputs}
        if make.kind.tags:
            outputs |= {"tagsAll": make.tags}
        if record.type.startswith("aws:"):
            outputs.setdefault("region", make.region)
        return replace(
            record,
            id=made.id,
            outputs=outputs,
            secrets=record.secrets | made.secrets,
            tags=make.tags if make.kind.tags else None,
            calls=tuple(self._account.calls[first:]),
        )

    def _own(self, record: Record, made: Made) -> None:
        """Refuse what moto lets pass: the same physical resource made twice."""
        if not made.id or record.type.startswith(("random:", DYNAMIC)):
            return  # these have no place in the account
        key, owner = (record.type, made.id), f"stack '{self._state.stack}' ({record.urn})"
        if self._account.owners.get(key, owner) != owner:
            raise TakenError(f"'{made.id}' already exists: {self._account.owners[key]} made it.")
        self._account.owners[key] = owner

    def _moved(self, old: Record, identifier: str) -> None:
        """An update may give another physical id (an image its digest)."""
        if identifier != old.id and (owner := self._account.owners.pop((old.type, old.id), None)):
            self._account.owners[old.type, identifier] = owner

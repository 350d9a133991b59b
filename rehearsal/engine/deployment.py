"""A run over what exists, step by step: as Pulumi's engine orders creations, updates and deletions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter

from rehearsal.engine.operations import Operations
from rehearsal.engine.outcome import Outcome, Step, Verb
from rehearsal.engine.planner import Decision, Planner, with_ignored_inputs
from rehearsal.engine.state import Record, State
from rehearsal.errors import RehearsalError


class Deployment:
    """One run over one stack."""

    def __init__(self, state: State, operations: Operations) -> None:
        self._state = state
        self._operations = operations
        self._planner = Planner(operations)
        self._deleted_first: set[str] = set()
        """URNs of what was deleted in this run and is to be created again."""
        self.outcome = Outcome()
        self.deleting: Record | None = None

    def apply(self, record: Record) -> Record:
        """Create, update, replace or keep, whatever the record needs."""
        old = self._state.records.get(record.urn)
        record = replace(record, content=self._planner.content(record))
        if old is None:
            verb: Verb = "replaced" if record.urn in self._deleted_first else "created"
            return self._note(verb, self._operations.create(record))
        record = replace(with_ignored_inputs(old, record), generation=old.generation)
        decision = self._planner.decide(old, record, self._state.attempted.get(record.urn))
        if decision.verb == "same":
            return self._note("same", _with_options(old, record))
        if decision.verb == "updated":
            return self._note("updated", self._update(old, record, decision), decision)
        return self._note("replaced", self._replace(old, record, decision), decision)

    def _note(self, verb: Verb, record: Record, decision: Decision | None = None) -> Record:
        paths, reasons = (decision.paths, decision.forced_by) if decision else ((), ())
        self.outcome.steps.append(Step(verb, record, paths, reasons))
        return record

    def _update(self, old: Record, record: Record, decision: Decision) -> Record:
        self._state.attempted[record.urn] = record.inputs
        updated = self._operations.update(old, record, decision.keys)
        del self._state.attempted[record.urn]
        return updated

    def _replace(self, old: Record, record: Record, decision: Decision) -> Record:
        if old.protect and record.protect:
            raise RehearsalError(_refusal_to_replace(record, decision))
        if refusal := self._operations.refusal_to_replace(old, decision.forced_by, self._state):
            raise RehearsalError(refusal)
        record = replace(record, generation=old.generation + 1)
        if decision.delete_first and not old.options.retain_on_delete:
            self._delete_with_dependents(old)
            return self._operations.create(record)
        successor = self._operations.create(record)
        if not old.options.retain_on_delete:
            self._state.replaced.append(old)
        return successor

    def _delete_with_dependents(self, old: Record) -> None:
        """Delete it now, and before it what would have to be replaced along with it."""
        doomed = [old]
        for base in doomed:
            for record in self._state.records.values():
                if record not in doomed and self._must_follow(record, base):
                    doomed.append(record)
        for record in _deletion_order(doomed):
            if record.protect and record is not old:
                raise RehearsalError(_refusal_to_delete(record))
        for record in _deletion_order(doomed):
            self._delete(record)
            self._deleted_first.add(record.urn)
            del self._state.records[record.urn]

    def _must_follow(self, record: Record, deleted: Record) -> bool:
        """Whether a record refers to what is deleted in an input whose change replaces it."""
        if deleted.urn not in record.dependencies:
            return False
        identifiers = self._operations.identifiers(deleted)
        return any(
            identifiers & set(texts(value)) and self._operations.replaces(record.type, key, value, None)
            for key, value in record.inputs.items()
        )

    def clear(self, seen: Collection[str]) -> None:
        """Delete what is no longer registered and what has been replaced. Refuses before the first deletion."""
        registered = set(seen)
        unregistered = [record for urn, record in self._state.records.items() if urn not in registered]
        for record in unregistered:
            if record.protect:
                self.deleting = record
                raise RehearsalError(_refusal_to_delete(record))
        for record in _deletion_order([*unregistered, *self._state.replaced]):
            replaced = any(record is old for old in self._state.replaced)
            retained = record.options.retain_on_delete
            if record.custom and retained:
                self._change_names(record)
            elif record.custom:
                self._delete(record)
            if replaced:
                self._state.replaced = [old for old in self._state.replaced if old is not record]
            else:
                self._state.records.pop(record.urn, None)
            if record.custom and not replaced:
                self._note("retained" if retained else "deleted", record)
        self.deleting = None

    def _delete(self, record: Record) -> None:
        self.deleting = record
        self._operations.delete(record)
        self._change_names(record)
        self.deleting = None

    def _change_names(self, record: Record) -> None:
        """Let a later resource of this URN have other automatic names."""
        following = max(self._state.generations.get(record.urn, 0), record.generation + 1)
        self._state.generations[record.urn] = following


def _with_options(old: Record, record: Record) -> Record:
    """The old record, with what a registration may change without any step."""
    return replace(
        old,
        inputs=record.inputs,
        protect=record.protect,
        options=record.options,
        dependencies=record.dependencies,
        content=record.content,
    )


def _refusal_to_delete(record: Record) -> str:
    """Pulumi's own words, with its remedy."""
    return (
        f'resource "{record.urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove '
        "the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
        f"`pulumi state unprotect '{record.urn}'`"
    )


def _refusal_to_replace(record: Record, decision: Decision) -> str:
    """Pulumi's own words, and why it would come to that."""
    return (
        f'unable to replace resource "{record.urn}" as it is currently marked for protection. To unprotect the '
        "resource, remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`. "
        f"It would be replaced because of {', '.join(decision.forced_by)}: keep the old value, "
        "or restore a snapshot into a new stack."
    )


def texts(value: object) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def _deletion_order(records: Collection[Record]) -> list[Record]:
    """Dependents before what they depend on."""
    listed = list(records)
    by_urn: dict[str, set[int]] = {}
    for index, record in enumerate(listed):
        by_urn.setdefault(record.urn, set()).add(index)
    before: dict[int, set[int]] = {index: set() for index in range(len(listed))}
    for index, record in enumerate(listed):
        for urn in record.dependencies:
            for base in by_urn.get(urn, set()) - {index}:
                before[base].add(index)
    return [listed[index] for index in TopologicalSorter(before).static_order()]

"""A run over what exists, step by step: as Pulumi's engine orders creations, changes and deletions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any

from rehearsal.diff import forced
from rehearsal.engine import planner
from rehearsal.engine.operations import Operations
from rehearsal.engine.outcome import Outcome, Step, Verb
from rehearsal.engine.state import Record, State
from rehearsal.errors import RehearsalError
from settings.stack_file import Configuration


class Deployment:
    """One run over one stack."""

    def __init__(self, state: State, config: Configuration, hands: Operations) -> None:
        self._state = state
        self._config = config
        self._hands = hands
        self._deleted_first: set[str] = set()
        """URNs of what was deleted in this run and is to be created again."""
        self.outcome = Outcome()
        self.at: Record | None = None
        """What is being deleted."""

    def bring_about(self, record: Record) -> Record:
        """Create, change, replace or keep, whatever the record needs."""
        old = self._state.records.get(record.urn)
        record = replace(record, content=planner.content(record.type, record.inputs))
        if old is None:
            return self._note("replaced" if record.urn in self._deleted_first else "created", self._create(record))
        record = replace(planner.ignoring(old, record), generation=old.generation)
        tags = planner.tags_of(record, self._config.default_tags)
        tried = self._state.unsure.get(record.urn)
        decision = planner.decide(old, record, tags, tried)
        if decision.verb == "same":
            known: dict[str, Any] = {
                "protect": record.protect,
                "options": record.options,
                "dependencies": record.dependencies,
                "content": record.content,
            }
            return self._note("same", replace(old, inputs=record.inputs, **known))
        if decision.verb == "updated":
            return self._note("updated", self._update(old, record, decision), decision)
        return self._note("replaced", self._replace(old, record, decision), decision)

    def _note(self, verb: Verb, record: Record, decision: planner.Decision | None = None) -> Record:
        paths, reasons = (decision.paths, decision.forced_by) if decision else ((), ())
        self.outcome.steps.append(Step(verb, record, paths, reasons))
        return record

    def _create(self, record: Record) -> Record:
        return self._hands.create(record)

    def _update(self, old: Record, record: Record, decision: planner.Decision) -> Record:
        self._state.unsure[record.urn] = record.inputs
        done = self._hands.update(old, record, decision.keys)
        del self._state.unsure[record.urn]
        return done

    def _replace(self, old: Record, record: Record, decision: planner.Decision) -> Record:
        if old.protect and record.protect:
            raise RehearsalError(planner.protected(record, decision))
        if reason := planner.stranded(old, decision, self._state):
            raise RehearsalError(reason)
        record = replace(record, generation=old.generation + 1)
        if decision.delete_first and not old.options.retain_on_delete:
            self._delete_with_dependents(old)
            return self._create(record)
        made = self._create(record)
        if not old.options.retain_on_delete:
            self._state.condemned.append(old)
        return made

    def _delete_with_dependents(self, old: Record) -> None:
        """Delete it now, and before it what would have to be made anew along with it."""
        going = [old]
        for one in going:
            for other in self._state.records.values():
                if other not in going and _must_follow(other, one):
                    going.append(other)
        for one in _deletion_order(going):
            if one.protect and one is not old:
                raise RehearsalError(_refusal(one))
        for one in _deletion_order(going):
            self._delete(one)
            self._deleted_first.add(one.urn)
            del self._state.records[one.urn]

    def clear(self, seen: Collection[str]) -> None:
        """Delete what is no longer registered and what has been replaced. Refuses before the first deletion."""
        registered = set(seen)
        gone = [one for urn, one in self._state.records.items() if urn not in registered]
        for one in gone:
            if one.protect:
                self.at = one
                raise RehearsalError(_refusal(one))
        for one in _deletion_order([*gone, *self._state.condemned]):
            replaced = any(one is other for other in self._state.condemned)
            managed = one.custom and not one.type.startswith("awsx:")
            retained = one.options.retain_on_delete
            if managed and retained:
                self._make_way(one)
            elif managed:
                self._delete(one)
            if replaced:
                self._state.condemned = [other for other in self._state.condemned if other is not one]
            else:
                self._state.records.pop(one.urn, None)
            if managed and not replaced:
                self._note("retained" if retained else "deleted", one)
        self.at = None

    def _delete(self, record: Record) -> None:
        self.at = record
        self._hands.delete(record)
        self._make_way(record)
        self.at = None

    def _make_way(self, record: Record) -> None:
        """What stands in its place from now on gets other automatic names."""
        following = max(self._state.generations.get(record.urn, 0), record.generation + 1)
        self._state.generations[record.urn] = following


def _refusal(record: Record) -> str:
    """Pulumi's own words, with its remedy."""
    return (
        f'resource "{record.urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove '
        "the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
        f"`pulumi state unprotect '{record.urn}'`"
    )


def _must_follow(record: Record, gone: Record) -> bool:
    """Whether a record mentions what goes in an input that would make it anew."""
    if gone.urn not in record.dependencies:
        return False
    marks = {gone.id, gone.outputs.get("arn")}
    return any(
        marks & set(texts(value)) and forced.replaces(record.type, key, value, None)
        for key, value in record.inputs.items()
    )


def texts(value: object) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def _deletion_order(records: Collection[Record]) -> list[Record]:
    """What depends on something goes before it."""
    listed = list(records)
    by_urn: dict[str, set[int]] = {}
    for index, one in enumerate(listed):
        by_urn.setdefault(one.urn, set()).add(index)
    before: dict[int, set[int]] = {index: set() for index in range(len(listed))}
    for index, one in enumerate(listed):
        for urn in one.dependencies:
            for base in by_urn.get(urn, set()) - {index}:
                before[base].add(index)
    return [listed[index] for index in TopologicalSorter(before).static_order()]

"""What AWS refuses of an update, the rehearsal's providers refuse, too; what it takes goes through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rehearsal import Account, Record, RehearsalError
from rehearsal.engine.state import State
from rehearsal.providers.operations import AccountOperations

REGION = "cn-northwest-1"
DATABASE = {
    "instanceClass": "db.m6g.large",
    "engine": "postgres",
    "engineVersion": "15.8",
    "allocatedStorage": 50,
    "username": "admin",
    "password": "x" * 20,
    "skipFinalSnapshot": True,
}


class Stack:
    """Resources of one stack, carried out one by one."""

    def __init__(self, account: Account) -> None:
        self.operations = AccountOperations(account, State("one", REGION), REGION, {})

    def create(self, token: str, inputs: dict[str, Any]) -> Record:
        return self.operations.create(Record(f"urn::{token}", token, "a", "", True, inputs, inputs, ""))

    def update(self, old: Record, **inputs: Any) -> Record:
        new = {**old.inputs, **inputs}
        changed = {key for key in inputs if inputs[key] != old.inputs.get(key)}
        return self.operations.update(old, replace(old, inputs=new), changed)


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Account() as account:
        yield Stack(account)


def test_rds_shrinks_no_storage(stack: Stack) -> None:
    database = stack.create("aws:rds/instance:Instance", DATABASE)
    stack.update(database, allocatedStorage=60)
    with pytest.raises(RehearsalError, match="shrinks no storage"):
        stack.update(database, allocatedStorage=20)


def test_the_flag_for_a_major_version_reaches_rds_with_the_version(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = stack.create("aws:rds/instance:Instance", DATABASE)
    sent: list[dict[str, Any]] = []
    kind = "rehearsal.providers.resource.ResourceRequest.call_with_inputs"
    monkeypatch.setattr(kind, lambda _self, _service, _operation, extra, **_: sent.append(extra))
    monkeypatch.setattr("rehearsal.providers.resource.ResourceRequest.refuse_unused_inputs", lambda _: None)
    stack.update(database, engineVersion="17.4", allowMajorVersionUpgrade=True)
    stack.update(database, engineVersion="17.4")
    stack.update(database, instanceClass="db.m6g.xlarge", allowMajorVersionUpgrade=True)
    assert [extra.get("AllowMajorVersionUpgrade") for extra in sent] == [True, False, None]


def test_a_parameter_group_of_a_database_is_not_deleted(stack: Stack) -> None:
    inputs = {"family": "postgres15", "name": "p"}
    group = stack.create("aws:rds/parameterGroup:ParameterGroup", inputs)
    database = stack.create("aws:rds/instance:Instance", {**DATABASE, "parameterGroupName": "p"})
    with pytest.raises(RehearsalError, match="still members of this parameter group"):
        stack.operations.delete(group)
    stack.operations.delete(database)
    stack.operations.delete(group)

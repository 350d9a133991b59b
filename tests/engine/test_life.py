"""The default stack's whole life by the real engine: created, changed there and back, refreshed, destroyed.

Each change is made to the same stack on the rehearsal's own engine, too, which must make the same calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from rehearsal import Account, Record, rehearse
from rehearsal.defaults import DEFAULT_STACK, HOME
from rehearsal.placeholders import read_stack
from rehearsal.providers.operations import AccountOperations
from rehearsal.server import state_file
from rehearsal.stand_ins import StandIns
from rehearsal.upgrade.command import rehearse_upgrade
from rehearsal.upgrade.exported_state import ExportedState, read_state
from tests.support.matrix.account_dump import Dump, account_dump, differing_values
from tests.support.matrix.branch import branch
from tests.support.real_engine import RealEngine, settings_of

STACK_FILE = HOME / f"Pulumi.{DEFAULT_STACK}.yaml"

CHANGES: tuple[tuple[str, object], ...] = (
    ("serverCount", 3),
    ("dbInstanceClass", "db.m6g.2xlarge"),
    ("redisReplicas", 2),
    ("httpPort", 8081),
    ("internal", True),
    ("natGateways", "one-per-zone"),
    ("officeHours", "mon-fri 08:00-20:00"),
    ("mode", "asleep"),
    ("logRetentionDays", 90),
    ("inferenceInstanceType", "ml.c5d.2xlarge"),
)
DIFFERENT = {
    "ecs/services": (
        r'"availability_zone_rebalancing"|"DISABLED"',
        "sent by version 5 of the provider; version 6, which pulumi-aws 7 wraps, leaves it to ECS (its documentation)",
    ),
    "events/event_buses": (
        r'"(terraform|alarms-[a-z-]+)-\*"',
        "pulumi-aws names a target after its resource (provider/resources.go); without it, the provider draws a name",
    ),
    "rds/databases": (r'"_master_user_password"|"[A-Za-z0-9]{32}"', "drawn by random.RandomPassword"),
}
"""Place of the account -> names and values that may differ from the rehearsal's account, and why."""
KEPT_BY_AWS = {"Task definitions", "Keys", "Secrets"}
"""Inactive, or waiting for their deletion."""
WITHOUT_AN_ACCOUNT = ("cvat:", "pulumi:", "awsx:")
"""Beginnings of types that no provider creates by itself."""


@contextmanager
def recorded() -> Iterator[list[tuple[str, str]]]:
    """Operation and URN of each step that the rehearsal carries out inside the block."""
    steps: list[tuple[str, str]] = []
    with ExitStack() as patches:
        for name in ("create", "update", "delete"):
            original = getattr(AccountOperations, name)

            def step(self: Any, record: Record, *args: Any, original: Any = original, name: str = name) -> Any:
                steps.append((name, record.urn))
                return original(self, record, *args)

            patches.enter_context(mock.patch.object(AccountOperations, name, step))
        yield steps


def by_providers(steps: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The engine's steps by the names of the calls of providers; a `replace` is none, its two halves are."""
    calls = {"create-replacement": "create", "delete-replaced": "delete"}
    return [
        (calls.get(operation, operation), urn)
        for operation, urn in steps
        if operation != "replace" and not urn.split("::")[2].rpartition("$")[2].startswith(WITHOUT_AN_ACCOUNT)
    ]


def deleted_before(steps: Sequence[tuple[str, str]]) -> set[str]:
    """URNs of what is deleted before something else is created or updated."""
    last = max((index for index, (operation, _) in enumerate(steps) if operation != "delete"), default=0)
    return {urn for operation, urn in steps[:last] if operation == "delete"}


class Mirror:
    """The same stack on the rehearsal's own engine."""

    def __init__(self, account: Account, archives: Path) -> None:
        self._account = account
        self._settings = settings_of(STACK_FILE, archives)
        _, configuration = read_stack(HOME, DEFAULT_STACK, self._settings)
        StandIns(account, configuration).put()
        self.region = configuration.region
        self.up()
        self.created = account_dump(self._done.resources, self.region)
        """What the account held once the stack had been created."""

    def up(self, **change: object) -> list[tuple[str, str]]:
        """Update the stack with some of cvat's settings changed; the steps."""
        config = {**self._settings, **{f"cvat:{key}": value for key, value in change.items()}}
        with recorded() as steps:
            self._done = rehearse(DEFAULT_STACK, config=config, account=self._account, judge=False)
        assert self._done.error is None, self._done.error
        return steps

    def dump_of(self, saved: Path, exported: ExportedState) -> Dump:
        """What a saved account holds."""

        def load() -> Dump:
            self._account.__exit__(None, None, None)  # only one can be open in a process
            with Account():
                state_file.load(saved)
                return account_dump(exported.resources, self.region)

        return branch(load)


@pytest.fixture(scope="module")
def mirror(archives: Path) -> Iterator[Mirror]:
    with Account() as account:
        yield Mirror(account, archives)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[RealEngine]:
    """The stack is created and settled."""
    settings = settings_of(STACK_FILE, archives)
    with RealEngine(tmp_path_factory.mktemp("life"), DEFAULT_STACK, settings) as running:
        running.stand_ins = running.account.ask("/status")["resources"]
        running.up()
        yield running


def test_a_second_run_changes_nothing(engine: RealEngine) -> None:
    assert not engine.settled()


def test_the_account_implements_all_that_the_provider_asks_for(engine: RealEngine) -> None:
    assert engine.account.ask("/status")["not_implemented"] == {}


def test_an_exported_state_is_upgraded_without_a_change(engine: RealEngine, archives: Path) -> None:
    exported = read_state(engine.export(), "cvat")
    config = settings_of(STACK_FILE, archives)
    account = Account()
    result, _ = rehearse_upgrade(exported, account, DEFAULT_STACK, config, archives)
    with result:
        assert result.error is None, result.error
        assert result.outcome.touched() == set(), "program and state are of the same checkout"


def test_the_account_is_what_the_rehearsal_makes(engine: RealEngine, mirror: Mirror) -> None:
    saved, exported = engine.save(), read_state(engine.export(), "cvat")
    differing = differing_values(mirror.created, mirror.dump_of(saved, exported))
    unknown = {
        place: sorted(text for text in texts if not re.fullmatch(DIFFERENT.get(place, ("", ""))[0], text))
        for place, texts in differing.items()
    }
    assert not {place: texts for place, texts in unknown.items() if texts}, "same configuration, same account"


@pytest.mark.parametrize(("key", "value"), CHANGES, ids=[key for key, _ in CHANGES])
def test_a_change_settles_and_is_what_the_rehearsal_says(
    engine: RealEngine, mirror: Mirror, key: str, value: object
) -> None:
    changes: tuple[dict[str, object], ...] = ({key: value}, {})
    for change in changes:
        real, own = by_providers(engine.up(**change).steps), mirror.up(**change)
        assert sorted(real) == sorted(own), "the same calls"
        assert deleted_before(real) == deleted_before(own), "what the engine deletes first, the rehearsal deletes first"
        assert not engine.settled()


def test_a_refresh_finds_the_account_as_the_state_says(engine: RealEngine) -> None:
    refreshed = engine.run("refresh", "--yes", "--skip-preview", "--stack", engine.stack)
    assert refreshed.code == 0, refreshed.output[-3000:]
    left = engine.run("preview", "--stack", engine.stack)
    # Scaling sets the number of tasks, and the program ignores it.
    assert left.differences <= {"desiredCount"}, "what a refresh reads is what the program asks for"


def test_destroy_leaves_nothing(engine: RealEngine) -> None:
    destroyed = engine.run("destroy", "--yes", "--skip-preview", "--stack", engine.stack)
    assert destroyed.code == 0, destroyed.output[-3000:]
    held = engine.account.ask("/status")["resources"]
    left = {title: count for title, count in held.items() if count > engine.stand_ins.get(title, 0)}
    assert set(left) <= KEPT_BY_AWS, left

"""The default stack's whole life: created, settled, changed there and back, refreshed, destroyed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import Account
from rehearsal.defaults import DEFAULT_STACK, HOME
from rehearsal.upgrade.command import rehearse_upgrade
from rehearsal.upgrade.exported_state import read_state
from tests.support.real_engine import RealEngine, settings_of

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


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, archives: Path) -> Iterator[RealEngine]:
    """The stack is created and settled."""
    settings = settings_of(HOME / f"Pulumi.{DEFAULT_STACK}.yaml", archives)
    with RealEngine(tmp_path_factory.mktemp("life"), DEFAULT_STACK, settings) as running:
        running.up()
        yield running


def test_a_second_run_changes_nothing(engine: RealEngine) -> None:
    assert not engine.settled()


def test_the_account_implements_all_that_the_provider_asks_for(engine: RealEngine) -> None:
    assert engine.account.ask("/status")["not_implemented"] == {}


@pytest.mark.parametrize(("key", "value"), CHANGES, ids=[key for key, _ in CHANGES])
def test_a_change_settles_and_so_does_the_way_back(engine: RealEngine, key: str, value: object) -> None:
    assert engine.up(**{key: value}).steps, f"{key} changes something"
    assert not engine.settled()
    assert engine.up().steps
    assert not engine.settled()


def test_a_refresh_finds_the_account_as_the_state_says(engine: RealEngine) -> None:
    refreshed = engine.run("refresh", "--yes", "--skip-preview", "--stack", engine.stack)
    assert refreshed.code == 0, refreshed.output[-3000:]
    left = engine.run("preview", "--stack", engine.stack)
    # Scaling sets the number of tasks, and the program ignores it.
    assert left.differences <= {"desiredCount"}, "what a refresh reads is what the program asks for"


def test_an_exported_state_is_upgraded_without_a_change(engine: RealEngine, archives: Path) -> None:
    exported = read_state(engine.export(), "cvat")
    config = settings_of(HOME / f"Pulumi.{DEFAULT_STACK}.yaml", archives)
    account = Account()
    result, _ = rehearse_upgrade(exported, account, DEFAULT_STACK, config, archives)
    with result:
        assert result.error is None, result.error
        assert result.outcome.touched() == set(), "program and state are of the same checkout"


def test_destroy_leaves_nothing(engine: RealEngine) -> None:
    destroyed = engine.run("destroy", "--yes", "--skip-preview", "--stack", engine.stack)
    assert destroyed.code == 0, destroyed.output[-3000:]
    assert (
        engine.account.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"] == []
    )
    assert engine.account.client("rds").describe_db_instances()["DBInstances"] == []
    assert engine.account.client("s3").list_buckets()["Buckets"] == []

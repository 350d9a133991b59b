"""run_once.py: when the initialisation runs again, and what comes before it."""

from __future__ import annotations

from typing import Any

import pytest

from components.dynamic import run_once
from components.dynamic.run_once import RunOnceProvider
from tests.support.run_once_props import PROPS


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the provider did, in order, instead of calling AWS."""
    steps: list[str] = []

    def run_to_end(*_: Any) -> str:
        steps.append("run")
        return "arn:task"

    monkeypatch.setattr(run_once, "run_to_end", run_to_end)
    monkeypatch.setattr(run_once, "snapshot", lambda _rds, instance, *_: steps.append(f"snapshot {instance}"))
    return steps


@pytest.mark.parametrize("key", ["task_definition", "demo_data", "admin_user"])
def test_it_runs_again_when_a_trigger_changes(key: str) -> None:
    assert RunOnceProvider().diff("id", PROPS, PROPS | {key: "other"}).changes is True


@pytest.mark.parametrize("key", ["timeout_minutes", "subnets", "log_group", "snapshot_of", "profile"])
def test_it_does_not_run_again_for_anything_else(key: str) -> None:
    assert RunOnceProvider().diff("id", PROPS, PROPS | {key: "other"}).changes is False


def test_a_trigger_that_the_state_of_an_earlier_release_does_not_know_is_no_change() -> None:
    olds = {key: value for key, value in PROPS.items() if key != "admin_user"}
    assert RunOnceProvider().diff("id", olds, PROPS).changes is False


def test_the_first_run_needs_no_snapshot(done: list[str]) -> None:
    assert RunOnceProvider().create(PROPS).id == "arn:task"
    assert done == ["run"]


def test_a_new_server_image_migrates_only_after_a_snapshot(done: list[str]) -> None:
    RunOnceProvider().update("id", PROPS, PROPS | {"image": "server@sha256:2", "task_definition": "cvat-init:8"})
    assert done == ["snapshot db", "run"]


@pytest.mark.parametrize("change", [{"demo_data": "d2"}, {"image": "server@sha256:2", "snapshot_of": None}])
def test_without_a_new_image_or_with_snapshots_off_it_only_runs(done: list[str], change: dict[str, Any]) -> None:
    RunOnceProvider().update("id", PROPS, PROPS | change)
    assert done == ["run"]


def test_an_upgrade_of_another_releases_database_begins_with_a_snapshot(done: list[str]) -> None:
    RunOnceProvider().create(PROPS | {"upgrade_from": "c48411ae"})
    assert done == ["snapshot db", "run"], "its first migration cannot be taken back"

"""From each preset to each, and from each way to sleep to each, by day and by night."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, permutations

import pytest

from rehearsal import Rehearsal
from tests.support.matrix.account_dump import differences
from tests.support.matrix.rows import (
    BACKUPS_STAY,
    FOLLOWS_THE_LOAD,
    PROOF_STAYS,
    REPOSITORY_STAYS,
    STORAGE_STAYS,
    Row,
    Values,
    claimed,
    hours,
    named,
    nothing,
    proved,
    secure,
    values,
)
from tests.support.matrix.walk import RunningStack, problems
from tests.support.sleep_helpers import NIGHT, evening, set_clock

pytestmark = pytest.mark.matrix

Running = Callable[[str, Values], RunningStack]
REGIONS = ("cn-northwest-1", "ap-northeast-1")
HOURS = "mon-fri 08:00-20:00"
PRESETS = {name: values(preset=name) for name in ("standard", "team", "production")}
PRESETS_PATH = ("standard", "team", "standard", "team", "production", "standard", "production", "team")
REFUSED = {("production", "team"): "cvat:dbMaxStorageGb = 100: the database has 100 GB"}
"""From and to -> the sentence with which the step is refused."""
WAYS_TO_SLEEP = {"awake": nothing, "asleep": values(mode="asleep"), "hours": values(officeHours=HOURS)}
SLEEP_PATH = ("awake", "asleep", "hours", "awake", "hours", "asleep", "awake")
KEPT = {
    "rds/databases": "storage grows and never shrinks",
    "ecs/services": "services that scale keep their tasks until the load falls",
    "state/cvat:index:Sleep pulumi-python:dynamic/cvat:DatabaseRest": "it holds when the database was last started",
    **REPOSITORY_STAYS,
}
"""Place in the dump -> why a changed stack may differ from a new one."""


@pytest.mark.parametrize(("path", "names"), [(PRESETS_PATH, PRESETS), (SLEEP_PATH, WAYS_TO_SLEEP)])
def test_a_path_takes_every_pair(path: tuple[str, ...], names: dict[str, Values]) -> None:
    assert set(pairwise(path)) == set(permutations(names, 2))


def as_if_created(stack: RunningStack, path: tuple[str, ...], settings: dict[str, Values]) -> None:
    created = {name: stack.created(change).dump for name, change in settings.items()}
    steps = stack.path(*(settings[name] for name in path[1:]))
    for (before, after), step in zip(pairwise(path), steps, strict=True):
        if refusal := REFUSED.get((before, after)):
            assert (refusal in step.error, step.touched) == (True, ()), f"{before} to {after}: {step.error}"
            continue
        assert (step.error, step.lost, step.failing) == ("", (), ()), f"{before} to {after}"
        lines = [text for text in differences(created[after], step.dump) if not text.startswith(tuple(KEPT))]
        assert not lines, "\n".join([f"{before} to {after}", *lines])


trial = values(disposable=True)


def both(*parts: Values) -> Values:
    """All of these settings."""
    return lambda on: {key: value for part in parts for key, value in part(on).items()}


TOGETHER = {
    "certificate and internal": Row(
        base=both(named, trial), change=both(secure, values(internal=True)), kept=BACKUPS_STAY
    ),
    "another name of a requested certificate": Row(
        base=both(proved, claimed("requestCertificate")), change=values(hostName="other.example.com"), kept=PROOF_STAYS
    ),
    "office hours and a preset": Row(
        change=both(hours, values(preset="team")), kept={**STORAGE_STAYS, **FOLLOWS_THE_LOAD}
    ),
    "a major version, a class and a sleep": Row(
        change=values(dbEngineVersion="16", dbInstanceClass="db.m6g.2xlarge", mode="asleep"),
        back_refused="cvat:dbEngineVersion = 15",
    ),
}
"""Changes of several keys at once that touch the same resources."""


@pytest.mark.parametrize("name", TOGETHER)
def test_keys_that_touch_the_same_resources_are_changed_together(name: str, running: Running) -> None:
    row = TOGETHER[name]
    lines = list(problems(running("cn-northwest-1", row.base), row))
    assert not lines, "\n".join([name, *lines])


@pytest.mark.parametrize("region", REGIONS)
def test_each_preset_follows_each(region: str, running: Running) -> None:
    as_if_created(running(region, nothing), PRESETS_PATH, PRESETS)


@pytest.mark.parametrize("region", REGIONS)
def test_each_way_to_sleep_follows_each_by_day(region: str, running: Running) -> None:
    as_if_created(running(region, nothing), SLEEP_PATH, WAYS_TO_SLEEP)


def night_comes(done: Rehearsal) -> None:
    """The time, and the clock's calls at the end of the hours, if the stack has hours."""
    set_clock(done, NIGHT)
    if done.config.values.get("cvat:officeHours"):
        evening(done)


@pytest.mark.parametrize("region", REGIONS)
def test_each_way_to_sleep_follows_each_by_night(region: str, running: Running) -> None:
    steps = running(region, nothing).path(*(WAYS_TO_SLEEP[name] for name in SLEEP_PATH[1:]), before_each=night_comes)
    for (before, after), step in zip(pairwise(SLEEP_PATH), steps, strict=True):
        assert (step.error, step.lost, step.failing) == ("", (), ()), f"{before} to {after}"

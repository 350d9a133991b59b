"""The Redis that keeps frames of release v2: a stack that falls asleep gives it up, and gets another as it wakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal import Account, Rehearsal, rehearse
from rehearsal.diff.stores import losses
from tests.support.sleep_helpers import healthy

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"


def groups(done: Rehearsal) -> dict[str, str]:
    """Address of the primary endpoint of each replication group that exists, by its description."""
    answer = done.client("elasticache").describe_replication_groups()
    return {
        group["Description"]: group["NodeGroups"][0]["PrimaryEndpoint"]["Address"]
        for group in answer["ReplicationGroups"]
    }


def media_addresses(done: Rehearsal) -> set[str]:
    """Addresses of it that containers of the services get."""
    ecs = done.client("ecs")
    definitions = [
        ecs.describe_task_definition(taskDefinition=record.inputs["taskDefinition"])["taskDefinition"]
        for record in done.of_type("aws:ecs/service:Service")
    ]
    return {
        variable["value"]
        for definition in definitions
        for container in definition["containerDefinitions"]
        for variable in container["environment"]
        if variable["name"] == "CVAT_MEDIA_REDIS_HOST"
    }


@dataclass(frozen=True)
class Run:
    """A `pulumi up`, and what the account had after it."""

    steps: Sequence[tuple[str, str, str]]
    """Verb, type and name of what was not left as it was, in order."""
    losses: list[str]
    groups: dict[str, str]
    media_addresses: set[str]


@pytest.fixture(scope="module")
def runs(archives: Path) -> list[Run]:
    """The stack awake, asleep, asleep once more, and awake."""
    results = []
    with Account() as account:
        for mode in ("awake", "asleep", "asleep", "awake"):
            config = {"cvat:modelArchives": str(archives), "cvat:release": "v2", "cvat:mode": mode}
            done = healthy(rehearse("cn-northwest-1", config=config, account=account))
            steps = [
                (step.verb, step.record.type, step.record.name) for step in done.outcome.steps if step.verb != "same"
            ]
            results.append(Run(steps, list(losses(done.outcome)), groups(done), media_addresses(done)))
    return results


def test_a_stack_that_falls_asleep_gives_up_its_frames_and_nothing_else_that_is_kept(runs: list[Run]) -> None:
    awake, asleep, again, _ = runs
    assert awake.media_addresses == {awake.groups["CVAT: frames"]}
    assert set(asleep.groups) == {"CVAT: job queues and cache"}, "it would cost as much as awake"
    gone = [(kind, name) for verb, kind, name in asleep.steps if verb in ("deleted", "replaced") and "data" in name]
    assert {kind for kind, name in gone if name == "data-media"} == {
        GROUP,
        "aws:elasticache/parameterGroup:ParameterGroup",
        "aws:elasticache/subnetGroup:SubnetGroup",
    }
    assert {name for kind, name in gone if kind.startswith(("aws:rds", "aws:efs", "aws:secrets", "random:"))} == set()
    assert not asleep.losses, "nobody is warned of frames that are made again"
    stopped = max(place for place, step in enumerate(asleep.steps) if step[1] == "aws:ecs/service:Service")
    assert asleep.steps.index(("deleted", GROUP, "data-media")) > stopped, "the last tasks still use it"
    assert not again.steps, "a second time changes nothing"


def test_as_it_wakes_the_tasks_get_the_address_of_another_one_before_they_start(runs: list[Run]) -> None:
    woken = runs[-1]
    assert woken.media_addresses == {woken.groups["CVAT: frames"]}, "no frame would appear"
    started = min(place for place, step in enumerate(woken.steps) if step[1] == "aws:ecs/service:Service")
    assert woken.steps.index(("created", GROUP, "data-media")) < started

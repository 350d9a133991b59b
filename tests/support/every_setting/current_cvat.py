"""CVAT's current line: its release, what only it has, and the upgrade to it."""

from __future__ import annotations

from typing import Any

from settings.releases import RELEASES
from tests.support.every_setting.seen import Seen
from tests.support.every_setting.setting_effects import claim

UI = RELEASES["v2"].base_images["ui"].reference


@claim("release", "v2", round_="current")
def the_stack_runs_the_processes_of_the_release(seen: Seen, name: str) -> None:
    kinds = {process.kind for process in RELEASES[name].services}
    assert set(seen.done.outputs["services"]) == kinds, "a queue without a worker waits for ever"


@claim("upgradeFrom", "c48411ae", round_="current")
def the_old_database_is_migrated_step_by_step(seen: Seen, release: str) -> None:
    containers = {container["name"]: container for container in seen.task("init")["containerDefinitions"]}
    assert containers["init"]["dependsOn"] == [{"containerName": "upgrade", "condition": "SUCCESS"}]
    assert containers["upgrade"]["command"] == ["upgrade"], "2.x itself does not know the migrations of before 2.0"
    assert seen.environment("init", "init")["CVAT_UPGRADE_FROM"] == release, "it would take the database for its own"
    assert containers["upgrade"]["mountPoints"], "previews move on the file system"


@claim("upgradeImage", lambda on: on.image("upgrade"), round_="current")
def the_given_image_migrates(seen: Seen, reference: str) -> None:
    assert seen.container("init", "upgrade")["image"] == reference, "another image would migrate"


@claim("opaImage", lambda on: on.image("opa"), round_="current")
def the_given_image_decides_who_may_do_what(seen: Seen, reference: str) -> None:
    assert seen.container("server", "opa")["image"] == reference, "another image would run"


@claim("baseImageDigests", [f"{UI}@sha256:{'5' * 64}"], round_="current")
def the_build_starts_from_the_image_with_the_digest(seen: Seen, references: list[str]) -> None:
    built = seen.record("docker:index/image:Image", "images-ui")
    assert built.inputs["build"]["args"]["CVAT_UI"] == references[0], "a tag can mean another image tomorrow"


@claim("chunksCpu", 2048, round_="current")
def what_makes_frames_has_the_cpu(seen: Seen, units: int) -> None:
    assert seen.size("chunks")[0] == units, "people would wait for pictures"


@claim("chunksMemory", 5120, round_="current")
def what_makes_frames_has_the_memory(seen: Seen, mebibytes: int) -> None:
    assert seen.size("chunks")[1] == mebibytes, "a worker without memory is killed"


@claim("chunksCount", 3, round_="current")
def so_many_make_frames(seen: Seen, count: int) -> None:
    assert seen.service("chunks")["desiredCount"] == count, "people would wait for pictures"


@claim("chunksMaxCount", 7, round_="current")
def they_grow_to_the_maximum(seen: Seen, most: int) -> None:
    assert seen.capacity("chunks") == (3, most), "people would wait, or the bill grow without a limit"


def media(seen: Seen) -> dict[str, Any]:
    """The replication group that keeps frames."""
    name = seen.done.outputs["stores"]["media"]
    answer = seen.client("elasticache").describe_replication_groups(ReplicationGroupId=name)
    return dict(answer["ReplicationGroups"][0])


@claim("mediaNodeType", "cache.m6g.xlarge", round_="current")
def frames_have_the_memory(seen: Seen, node: str) -> None:
    assert media(seen)["CacheNodeType"] == node, "frames would be forgotten too early"


@claim("mediaReplicas", 2, round_="current")
def so_many_nodes_could_take_over(seen: Seen, replicas: int) -> None:
    record = seen.record("aws:elasticache/replicationGroup:ReplicationGroup", "data-media")
    assert record.inputs["numCacheClusters"] == 1 + replicas, "all frames would be made again at once"
    assert media(seen)["AutomaticFailover"] == "enabled", "a replica that never takes over is of no use"

"""Change one setting, rehearse again: only what was meant differs, and no store is ever replaced unnoticed."""

from __future__ import annotations

from rehearsal.diff import Diff
from tests.rehearsal_diff.conftest import Changed


def touched(diff: Diff) -> set[str]:
    return {f"{one.kind} {one.resource.title}" for one in diff.changes}


def test_the_same_settings_change_nothing(changed: Changed) -> None:
    diff = changed()
    assert diff.changes == ()
    assert diff.dangers == ()
    assert diff.unchanged > 150, "a comparison of nothing proves nothing"


def test_another_log_retention_changes_log_groups_only(changed: Changed) -> None:
    diff = changed(logRetentionDays=90)
    assert diff.changes
    assert {one.resource.type for one in diff.changes} == {"aws:cloudwatch/logGroup:LogGroup"}
    assert {one.kind for one in diff.changes} == {"updated"}
    assert {one.path for change in diff.changes for one in change.properties} == {"retentionInDays"}
    assert diff.dangers == ()


def test_more_servers_change_one_service_only(changed: Changed) -> None:
    diff = changed(serverCount=4)
    assert touched(diff) == {"updated aws:ecs:Service cvat-server"}
    ((one,),) = [change.properties for change in diff.changes]
    assert (one.path, one.new) == ("desiredCount", 4)
    assert diff.dangers == ()


def test_another_database_class_is_an_update_in_place(changed: Changed) -> None:
    diff = changed(dbInstanceClass="db.m6g.2xlarge")
    assert touched(diff) == {"updated aws:rds:Instance data-database"}
    assert diff.dangers == ()


def test_another_address_range_would_cost_the_stores(changed: Changed) -> None:
    diff = changed(
        vpcCidr="10.1.0.0/16",
        publicSubnetCidrs=["10.1.0.0/22", "10.1.4.0/22", "10.1.8.0/22"],
        privateSubnetCidrs=["10.1.64.0/19", "10.1.96.0/19", "10.1.128.0/19"],
    )
    stores = {one.resource for one in diff.dangers if one.kind == "store"}
    assert stores == {"aws:rds:Instance data-database", "aws:elasticache:ReplicationGroup data-redis"}
    replaced = {one.resource.type for one in diff.of("replaced")}
    assert {"aws:ec2/vpc:Vpc", "aws:efs/mountTarget:MountTarget", "aws:lb/targetGroup:TargetGroup"} <= replaced
    assert "aws:efs/fileSystem:FileSystem" not in replaced, "its data stays; only the mount targets move"


def test_a_given_server_image_reaches_every_task_that_runs_it_and_initialises_again(changed: Changed) -> None:
    image = f"123456789012.dkr.ecr.cn-northwest-1.amazonaws.com.cn/server@sha256:{'a' * 64}"
    diff = changed(serverImage=image)
    kinds = touched(diff)
    assert "updated pulumi-python:dynamic:RunOnce init" in kinds, "a new release must migrate the database"
    for task in ("cvat-server", "cvat-worker", "cvat-annotation-worker", "init"):
        assert f"replaced aws:ecs:TaskDefinition {task}" in kinds
    assert "updated aws:ecs:Service cvat-server" in kinds
    assert "updated aws:ecs:Service cvat-ui" not in kinds, "the UI has an image of its own"
    assert {one.resource.name for one in diff.of("removed")} >= {"images-server"}
    assert not any(one.kind == "store" for one in diff.dangers)


def test_a_disposable_stack_is_told_what_it_gives_up(changed: Changed) -> None:
    diff = changed(disposable=True)
    assert "updated aws:rds:Instance data-database" in touched(diff)
    assert not diff.of("replaced"), "giving up protection replaces nothing"


def test_another_source_of_requests_is_an_opening(changed: Changed) -> None:
    narrow = changed(allowedCidrs=["203.0.113.0/24"])
    assert not any(one.kind == "opening" for one in narrow.dangers), "fewer may come in: no danger"

"""Change settings, rehearse again: only what was meant differs, and no store is ever replaced unnoticed."""

from __future__ import annotations

import pytest

from rehearsal.diff.model import Change, Diff
from tests.support.documents import Changed

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def touched(diff: Diff) -> set[str]:
    return {f"{change.kind} {change.resource.title}" for change in diff.changes}


@pytest.fixture(scope="module")
def three(changed: Changed) -> Diff:
    """Three settings at once, each with a part of the stack of its own."""
    return changed(logRetentionDays=90, uiCount=4, dbInstanceClass="db.m6g.2xlarge")


def test_the_same_settings_change_nothing(changed: Changed) -> None:
    diff = changed()
    assert diff.changes == ()
    assert diff.dangers == ()
    assert diff.unchanged > 150, "a comparison of nothing proves nothing"


def test_another_log_retention_updates_log_groups_and_nothing_of_them_but_that(three: Diff) -> None:
    groups: list[Change] = [change for change in three.changes if change.resource.type == LOG_GROUP]
    assert len(groups) > 5
    assert {group.kind for group in groups} == {"updated"}
    assert {difference.path for change in groups for difference in change.properties} == {"retentionInDays"}


def test_more_tasks_of_one_kind_change_one_service_and_another_class_updates_the_database_in_place(three: Diff) -> None:
    others = [change for change in three.changes if change.resource.type != LOG_GROUP]
    assert {(other.kind, other.resource.title, *(item.path for item in other.properties)) for other in others} == {
        ("updated", "aws:ecs:Service cvat-ui", "desiredCount"),
        ("updated", "aws:rds:Instance data-database", "instanceClass"),
        ("updated", "pulumi-python:dynamic:DatabaseStart data-database-start", "settings.instance_class"),
        # how many connections are too many depends on the class
        ("updated", "aws:cloudwatch:MetricAlarm alarms-database-connections", "alarmDescription", "threshold"),
    }


def test_settings_that_only_cost_money_are_no_other_danger(three: Diff) -> None:
    assert {danger.kind for danger in three.dangers} <= {"cost"}


def test_another_address_range_would_cost_the_stores(changed: Changed) -> None:
    diff = changed(
        vpcCidr="10.1.0.0/16",
        publicSubnetCidrs=["10.1.0.0/22", "10.1.4.0/22", "10.1.8.0/22"],
        privateSubnetCidrs=["10.1.64.0/19", "10.1.96.0/19", "10.1.128.0/19"],
    )
    stores = {danger.resource for danger in diff.dangers if danger.kind == "store"}
    assert stores == {"aws:rds:Instance data-database", "aws:elasticache:ReplicationGroup data-redis"}
    replaced = {change.resource.type for change in diff.of("replaced")}
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
    assert "images-server" in {change.resource.name for change in diff.of("removed")}
    assert not any(danger.kind == "store" for danger in diff.dangers)

"""Which ARNs are orphans, by the stack's state."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cvatctl.orphans.delete import can_delete
from cvatctl.orphans.find import Orphan, find_orphans
from cvatctl.orphans.state import parse

SECRET = "arn:aws-cn:secretsmanager:cn-north-1:1:secret:admin-x"
RESOURCES: list[dict[str, Any]] = [
    {"id": "subnet-1"},
    {"id": "x", "outputs": {"id": "redis-abc"}},
    {"id": "y", "outputs": {"arn": SECRET}},
]


def orphans(arn: str, resources: list[dict[str, Any]]) -> list[Orphan]:
    """Of an account where this is all that carries the stack's tags."""
    pages = [{"ResourceTagMappingList": [{"ResourceARN": arn}]}]
    client = SimpleNamespace(
        get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: pages), describe_secret=lambda **_: {}
    )
    return find_orphans("team", parse({"deployment": {"resources": resources}}, "here"), lambda _: client)


@pytest.mark.parametrize(
    "arn",
    [
        SECRET,
        "arn:aws-cn:ec2:cn-north-1:1:subnet/subnet-1",
        "arn:aws-cn:elasticache:cn-north-1:1:cluster:redis-abc-001",
    ],
)
def test_what_the_state_has_is_no_orphan_and_without_the_state_it_is(arn: str) -> None:
    assert orphans(arn, RESOURCES) == []
    assert orphans(arn, []) == [Orphan(arn)]


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws-cn:ecs:cn-north-1:1:task/cluster/0123",
        "arn:aws-cn:ecs:cn-north-1:1:task-definition/cvat-server:6",
        "arn:aws-cn:rds:cn-north-1:1:snapshot:rds:data-2026-11-30",
        "arn:aws-cn:backup:cn-north-1:1:recovery-point:0123",
        "arn:aws-cn:ec2:cn-north-1:1:network-interface/eni-1",
    ],
)
def test_what_services_create_with_the_stacks_tags_is_no_orphan(arn: str) -> None:
    assert orphans(arn, []) == []


def test_a_kind_without_a_deleter_is_known() -> None:
    assert can_delete(Orphan("arn:aws-cn:rds:cn-north-1:1:db:x"))
    assert not can_delete(Orphan("arn:aws-cn:ec2:cn-north-1:1:vpc/vpc-1"))


@pytest.mark.parametrize(
    ("arn", "kind", "name"),
    [
        ("arn:aws-cn:rds:cn-north-1:1:db:data", "rds:db", "data"),
        ("arn:aws-cn:ecs:cn-north-1:1:service/cluster/server", "ecs:service", "cluster/server"),
        ("arn:aws-cn:logs:cn-north-1:1:log-group:/a/b", "logs:log-group", "/a/b"),
        ("arn:aws-cn:s3:::bucket", "s3", "bucket"),
        ("arn:aws-cn:ecr:cn-north-1:1:repository/cvat/server", "ecr:repository", "cvat/server"),
        (
            "arn:aws-cn:elasticloadbalancing:cn-north-1:1:loadbalancer/app/cvat/1a",
            "elasticloadbalancing:loadbalancer",
            "app/cvat/1a",
        ),
    ],
)
def test_kind_and_name_come_from_the_arn(arn: str, kind: str, name: str) -> None:
    assert (Orphan(arn).kind, Orphan(arn).name) == (kind, name)

"""What exists already: what speaks against using it, as pure functions of what AWS says."""

from __future__ import annotations

import dataclasses

import pytest

from components.adopted.database import DatabaseDescription, database_problems
from components.adopted.file_system import FileSystemDescription, MountTarget, file_system_problems
from components.adopted.load_balancer import LoadBalancerDescription, load_balancer_problems
from components.adopted.problems import AdoptionError, Problems
from settings.values import DatabaseReference, FilesReference, LoadBalancerReference

DATABASE = DatabaseReference(instance_id="db", secret_arn="arn:secret", group_id="sg-1")
GOOD_DATABASE = DatabaseDescription(
    engine="postgres",
    version="15.12",
    vpc_id="vpc-1",
    encrypted=True,
    key_arn="ours",
    authority="rds-ca-rsa2048-g1",
    group_ids=("sg-1", "sg-2"),
)
ZONES = ("a", "b")
TARGETS = tuple(MountTarget("vpc-1", zone, ("sg-1",)) for zone in ZONES)
GOOD_FILES = FileSystemDescription(encrypted=True, key_arn="ours", one_zone="", targets=TARGETS)
BALANCER = LoadBalancerReference(arn="arn:lb", group_id="sg-1")
GOOD_BALANCER = LoadBalancerDescription(
    kind="application", vpc_id="vpc-1", internal=False, idle_seconds=300, group_ids=("sg-1",)
)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"engine": "aurora-postgresql"}, "it is aurora-postgresql, and CVAT needs postgres"),
        ({"version": "9.6.24"}, "CVAT needs 10 or newer"),
        ({"vpc_id": "vpc-2"}, "it is in vpc-2, not in cvat:vpcId = vpc-1"),
        ({"encrypted": False}, "it is not encrypted"),
        ({"key_arn": "theirs"}, "encrypted with theirs, not with cvat:kmsKeyArn = ours"),
        ({"authority": "rds-ca-2019"}, "which has expired"),
        ({"group_ids": ("sg-2",)}, "Name one of sg-2"),
    ],
)
def test_a_database_that_does_not_fit_is_refused_with_the_remedy(wrong: dict[str, object], said: str) -> None:
    assert not list(database_problems(DATABASE, GOOD_DATABASE, "vpc-1", "ours"))
    facts = dataclasses.replace(GOOD_DATABASE, **wrong)  # type: ignore[arg-type]
    (problem,) = database_problems(DATABASE, facts, "vpc-1", "ours")
    assert said in problem


def test_any_key_will_do_where_none_is_demanded() -> None:
    theirs = dataclasses.replace(GOOD_DATABASE, key_arn="theirs")
    assert not list(database_problems(DATABASE, theirs, "vpc-1", ""))


@pytest.mark.parametrize(
    ("group", "wrong", "said"),
    [
        ("sg-1", {"encrypted": False}, "Encrypted=true"),
        ("sg-1", {"key_arn": "theirs"}, "not with cvat:kmsKeyArn = ours"),
        ("sg-1", {"one_zone": "a"}, "it exists in the zone a only"),
        ("sg-1", {"targets": TARGETS[:1]}, "no mount target that carries it is in b"),
        ("sg-2", {}, "no mount target that carries it is in a, b"),
        ("", {}, "it is mounted in vpc-1 already, through sg-1"),
    ],
)
def test_a_file_system_that_does_not_fit_is_refused_with_the_remedy(
    group: str, wrong: dict[str, object], said: str
) -> None:
    facts = dataclasses.replace(GOOD_FILES, **wrong)  # type: ignore[arg-type]
    (problem,) = file_system_problems(FilesReference("fs-1", group), facts, ZONES, "ours")
    assert said in problem


def test_a_file_system_is_mounted_by_its_owner_or_not_at_all() -> None:
    assert not list(file_system_problems(FilesReference("fs-1", "sg-1"), GOOD_FILES, ZONES, "ours"))
    unmounted = dataclasses.replace(GOOD_FILES, targets=())
    assert not list(file_system_problems(FilesReference("fs-1"), unmounted, ZONES, "ours")), "the stack mounts it then"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "network"}, "CVAT needs an application one"),
        ({"vpc_id": "vpc-2"}, "not in cvat:vpcId = vpc-1"),
        ({"internal": True}, "Set cvat:internal to true"),
        ({"idle_seconds": 120}, "idle_timeout.timeout_seconds to 300"),
        ({"group_ids": ("sg-9",)}, "Name one of sg-9"),
    ],
)
def test_a_load_balancer_that_does_not_fit_is_refused_with_the_remedy(wrong: dict[str, object], said: str) -> None:
    assert not list(load_balancer_problems(BALANCER, GOOD_BALANCER, "vpc-1"))
    (problem,) = load_balancer_problems(BALANCER, dataclasses.replace(GOOD_BALANCER, **wrong), "vpc-1")  # type: ignore[arg-type]
    assert said in problem


def test_what_aws_does_not_show_is_a_problem_like_any_other() -> None:
    problems = Problems()

    def missing() -> str:
        raise RuntimeError("invoke of x failed: couldn't find\n resource ()")

    assert problems.ask("dbInstanceId", "db", missing) is None
    problems.add(["cvat:x = y: another."])
    with pytest.raises(AdoptionError) as raised:
        problems.check()
    assert str(raised.value).count("\n  - ") == 2
    assert "cvat:dbInstanceId = db: AWS does not show it (invoke of x failed: couldn't find resource)" in str(
        raised.value
    )

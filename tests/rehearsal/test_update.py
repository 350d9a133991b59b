"""Update after change: the whole program over its own running stack. Only what is meant differs; no store is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Fault, Rehearsal, Scenario, rehearse
from rehearsal.checks import stack_tags
from rehearsal.diff.stores import losses
from rehearsal.update import summary
from tests.support.matrix.branch import branch

STACK = "cn-northwest-1"
OLD, NEW = "a" * 64, "b" * 64
"""Two releases of the server's image."""
LAYOUT = {"inferenceLayout": "dedicated"}
REMOVED = "tf-faster-rcnn-inception-v2-coco"
ELSEWHERE = {
    "vpcCidr": "10.1.0.0/16",
    "publicSubnetCidrs": ["10.1.0.0/22", "10.1.4.0/22", "10.1.8.0/22"],
    "privateSubnetCidrs": ["10.1.64.0/19", "10.1.96.0/19", "10.1.128.0/19"],
}
SERVER_TASKS = ("cvat-server", "cvat-worker", "cvat-annotation-worker", "cvat-scheduler", "init")

Run = Callable[..., Rehearsal]


def pushed(account: Account) -> dict[str, str]:
    """References of both releases, in a repository that stands beside the stack."""
    ecr = account.client("ecr", STACK)
    address = ecr.create_repository(repositoryName="releases")["repository"]["repositoryUri"]
    images = {}
    for release in (OLD, NEW):
        kind = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
        manifest = json.dumps({**kind, "config": {"size": 1, "digest": f"sha256:{release}"}, "layers": []})
        image = ecr.put_image(repositoryName="releases", imageManifest=manifest, imageTag=release[:8])["image"]
        images[release] = f"{address}@{image['imageId']['imageDigest']}"
    return images


@pytest.fixture(scope="module")
def run(archives: Path) -> Iterator[Run]:
    """Run the program over the one stack of this module. Tests that go on from a setting give it again."""
    with Account() as account:
        images = pushed(account)

        def once(
            release: str, fault: Fault | None = None, *, judge: bool = True, folder: Path = archives, **config: Any
        ) -> Rehearsal:
            settings = {"modelArchives": str(folder), "serverImage": images[release], **LAYOUT, **config}
            own = {f"cvat:{key}": value for key, value in settings.items()}
            return rehearse(STACK, config=own, account=account, judge=judge, scenario=Scenario(fault=fault))

        first = once(OLD, judge=False)
        assert first.error is None, first.error
        yield once


def touched(done: Rehearsal) -> set[str]:
    assert done.error is None, done.error
    assert [check.findings for check in done.checks if not check.ok] == [], (
        "after an update every check holds as before"
    )
    return {f"{step.verb} {step.record.type.rpartition(':')[2]} {step.record.name}" for step in touching(done)}


def touching(done: Rehearsal) -> list[Any]:
    return [step for step in done.outcome.steps if step.verb != "same"]


def paths(done: Rehearsal, name: str, kind: str) -> tuple[str, ...]:
    return next(
        step.paths for step in touching(done) if step.record.name == name and step.record.type.endswith(f":{kind}")
    )


def database(done: Rehearsal) -> dict[str, Any]:
    (instance,) = done.client("rds").describe_db_instances()["DBInstances"]
    return dict(instance)


def stores(done: Rehearsal) -> set[str]:
    return {instance.id for instance in done.of_type("aws:rds/instance:Instance", "aws:efs/fileSystem:FileSystem")}


@pytest.fixture(scope="module")
def unchanged(run: Run) -> Rehearsal:
    return run(OLD, judge=False)


def test_the_same_settings_touch_nothing(unchanged: Rehearsal) -> None:
    assert touched(unchanged) == set()
    assert len(unchanged.outcome.of("same")) > 250, "a comparison of nothing proves nothing"


@pytest.fixture(scope="module")
def settings(run: Run, unchanged: Rehearsal) -> Rehearsal:
    """Four settings at once, each with a part of the stack of its own."""
    changes = {"serverCount": 3, "dbInstanceClass": "db.m6g.2xlarge", "uiCount": 3}
    return run(OLD, allowedCidrs=["10.0.0.0/8"], adminCidrs=["10.1.0.0/16"], **changes)


def test_each_setting_touches_its_own_part_and_nothing_else(settings: Rehearsal) -> None:
    assert touched(settings) == {
        "updated Target cvat-server",  # its service's count is the scaling's affair from then on
        "updated Service cvat-ui",
        "updated DatabaseStart data-database-start",
        "updated Instance data-database",
        "updated MetricAlarm alarms-database-connections",  # how many are too many depends on the class
        "created SecurityGroupIngressRule cvat-81-from-10.0.0.0-8",
        "deleted SecurityGroupIngressRule cvat-81-from-0.0.0.0-0",
        "created ListenerRule cvat-admin-1",
        "created ListenerRule cvat-admin-closed",
        "updated ListenerRule cvat-server-2",
    }


def test_the_account_shows_what_was_changed(settings: Rehearsal) -> None:
    assert database(settings)["DBInstanceClass"] == "db.m6g.2xlarge"
    (cluster,) = [cluster.id for cluster in settings.of_type("aws:ecs/cluster:Cluster")]
    service = next(service for service in settings.of_type("aws:ecs/service:Service") if service.name == "cvat-ui")
    services = settings.client("ecs").describe_services(cluster=cluster, services=[service.id])["services"]
    assert services[0]["desiredCount"] == 3
    targets = settings.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    (server,) = [target for target in targets["ScalableTargets"] if "cvat-server" in target["ResourceId"]]
    assert server["MinCapacity"] == 3


def test_a_database_of_another_class_is_the_same_database(settings: Rehearsal, unchanged: Rehearsal) -> None:
    assert paths(settings, "data-database", "Instance") == ("instanceClass",)
    assert database(settings)["DbiResourceId"] == next(
        instance.id for instance in unchanged.of_type("aws:rds/instance:Instance")
    ), "a replacement would be another one"
    assert list(losses(settings.outcome)) == []


def test_the_outcome_is_printed_in_lines(settings: Rehearsal) -> None:
    lines = list(summary(settings.outcome))
    assert "updated   aws:rds/instance:Instance data-database: instanceClass" in lines
    assert lines[-1].startswith("3 created, 6 updated, 1 deleted, ")


def fewer(archives: Path, folder: Path) -> Path:
    for file in archives.glob("*.tar.gz"):
        if file.name != f"{REMOVED}.tar.gz":
            (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="module")
def released(
    run: Run, settings: Rehearsal, archives: Path, tmp_path_factory: pytest.TempPathFactory
) -> list[Rehearsal]:
    """Another image of the server, one function less, and tags: broken off in the middle, then completed."""
    folder = fewer(archives, tmp_path_factory.mktemp("fewer"))
    account = settings.account

    def change() -> int:
        """Number of the call that changes the first service, which comes in the middle."""
        before = len(account.calls)
        run(NEW, judge=False, folder=folder)
        return account.calls.index("ecs:UpdateService", before) + 1

    broken = run(NEW, Fault(branch(change), "ThrottlingException", "Rate exceeded"), judge=False, folder=folder)
    return [broken, run(NEW, folder=folder)]


def test_an_update_that_breaks_off_says_where_and_the_next_completes_it(released: list[Rehearsal]) -> None:
    broken, done = released
    assert broken.error is not None
    assert "Rate exceeded" in broken.error.message
    assert broken.error.resource
    assert done.error is None, done.error
    assert [check.findings for check in done.checks if not check.ok] == []


def test_another_image_reaches_every_task_that_runs_it_and_initialises_again(released: list[Rehearsal]) -> None:
    done = {
        line
        for rehearsal in released
        for line in (f"{s.verb} {s.record.type} {s.record.name}" for s in touching(rehearsal))
    }
    for task in SERVER_TASKS:
        assert f"replaced aws:ecs/taskDefinition:TaskDefinition {task}" in done
        assert task == "init" or f"updated aws:ecs/service:Service {task}" in done
    assert "updated pulumi-python:dynamic/cvat:RunOnce init" in done, "a new release must migrate the database"
    assert "updated aws:ecs/service:Service cvat-ui" in done, "and the other settings are back"
    assert "replaced aws:ecs/taskDefinition:TaskDefinition cvat-ui" not in done, "the UI has an image of its own"


def test_a_new_release_is_preceded_by_a_snapshot_and_the_old_revisions_are_gone(released: list[Rehearsal]) -> None:
    done = released[1]
    snapshots = done.client("rds").describe_db_snapshots(SnapshotType="manual")["DBSnapshots"]
    assert [snapshot["DBSnapshotIdentifier"][:12] for snapshot in snapshots] == ["cvat-before-"]
    arns = done.client("ecs").list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    families = Counter(arn.rpartition("/")[2].partition(":")[0] for arn in arns)
    assert set(families.values()) == {1}, "one revision of each is active"


def test_a_function_that_is_removed_takes_its_endpoint_along_and_no_other(released: list[Rehearsal]) -> None:
    gone = {
        step.record.name for done in released for step in done.outcome.of("deleted") if "sagemaker" in step.record.type
    }
    assert gone == {f"inference-{REMOVED}"}
    left = [endpoint["EndpointName"] for endpoint in released[1].client("sagemaker").list_endpoints()["Endpoints"]]
    assert len(left) == len(released[1].outputs["endpoints"]) == 4


@pytest.fixture(scope="module")
def tagged(run: Run, released: list[Rehearsal]) -> Rehearsal:
    return run(NEW, tags=["team=vision"], natGateways="single")


def test_another_tag_reaches_everything_that_can_carry_one_in_place(tagged: Rehearsal) -> None:
    assert tagged.error is None, tagged.error
    assert [check.findings for check in tagged.checks if not check.ok] == []
    assert {step.record.type for step in tagged.outcome.of("replaced")} <= {"aws:ecs/taskDefinition:TaskDefinition"}
    able = [resource for resource in tagged.resources if resource.tags is not None]
    assert len(able) > 150
    lacking = [record.urn for record in able if stack_tags.read(tagged, record).get("team") != "vision"]
    assert lacking == []


def test_one_nat_gateway_for_three_moves_routes_before_the_others_go(tagged: Rehearsal) -> None:
    steps = [f"{step.verb} {step.record.type.rpartition(':')[2]} {step.record.name}" for step in touching(tagged)]
    for number in (2, 3):
        moved, gone = f"updated Route network-private-{number}", f"deleted NatGateway network-{number}"
        assert steps.index(moved) < steps.index(gone) < steps.index(f"deleted Eip network-{number}")


def test_another_address_range_is_refused_before_anything_is_made(run: Run, tagged: Rehearsal) -> None:
    before, known = stores(tagged), len(tagged.client("ec2").describe_vpcs()["Vpcs"])
    done = run(NEW, judge=False, **ELSEWHERE)
    assert done.error is not None
    for part in ("cvat:vpcCidr = ", "in which its stores live", "Set it back", "create another stack"):
        assert part in done.error.message
    assert touching(done) == []
    assert stores(done) == before
    assert len(done.client("ec2").describe_vpcs()["Vpcs"]) == known


def test_a_smaller_disk_leaves_the_database_as_it_is_while_its_storage_grows_and_is_refused_else(
    run: Run, tagged: Rehearsal
) -> None:
    settings = {"tags": ["team=vision"], "natGateways": "single", "dbStorageGb": 20}
    refused = run(NEW, judge=False, **settings, dbMaxStorageGb=20)
    assert "cvat:dbStorageGb = 20: the database has 50 GB, and RDS never shrinks storage" in str(refused.error)
    assert touching(refused) == [], "it is refused before anything changes"
    kept = run(NEW, judge=False, **settings)
    assert kept.error is None, kept.error
    (database,) = kept.client("rds").describe_db_instances()["DBInstances"]
    assert database["AllocatedStorage"] == 50
    assert any("the database has 50 GB by now" in message for message in kept.messages)


def test_a_protected_stack_is_not_destroyed_not_even_in_part(tagged: Rehearsal) -> None:
    done = rehearse(STACK, account=tagged.account, destroy=True)
    assert done.error is not None
    assert "because it is protected" in done.error.message
    assert "pulumi state unprotect" in done.error.message
    assert touching(done) == []

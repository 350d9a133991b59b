"""Images of a running stack: rollbacks, other machines and mirrors that change, asked of the rehearsed account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal import Account, Rehearsal, rehearse
from rehearsal.providers import docker_image

Run = Callable[..., Rehearsal]
MIRROR = {"cvat:mirrorApt": "http://mirrors.example.com/debian"}


@pytest.fixture(scope="module")
def run(archives: Path) -> Iterator[Run]:
    """Run the program over the one stack of this module, from a machine of that name."""
    with Account() as account, pytest.MonkeyPatch.context() as patch:

        def up(machine: str = "first", **config: Any) -> Rehearsal:
            patch.setattr(docker_image, "BUILDER", machine)
            settings = {"cvat:modelArchives": str(archives), **config}
            return rehearse("cn-northwest-1", config=settings, account=account, judge=False)

        assert up().error is None
        yield up


def changes(rehearsal: Rehearsal) -> list[str]:
    assert rehearsal.error is None, rehearsal.error
    return [
        f"{step.verb} {step.record.type} {step.record.name}" for step in rehearsal.outcome.steps if step.verb != "same"
    ]


def images(rehearsal: Rehearsal) -> dict[str, str]:
    """The image that each task definition names, by family."""
    assert rehearsal.error is None, rehearsal.error
    ecs, references = rehearsal.client("ecs"), {}
    for record in rehearsal.of_type("aws:ecs/taskDefinition:TaskDefinition"):
        definition = ecs.describe_task_definition(taskDefinition=record.outputs["arn"])["taskDefinition"]
        references[definition["family"]] = definition["containerDefinitions"][0]["image"]
    return references


def pushes(rehearsal: Rehearsal) -> dict[str, int]:
    """Images in each repository."""
    ecr = rehearsal.client("ecr")
    names = [record.outputs["name"] for record in rehearsal.of_type("aws:ecr/repository:Repository")]
    return {name: len(ecr.list_images(repositoryName=name)["imageIds"]) for name in names}


def test_a_second_machine_finds_nothing_to_do(run: Run) -> None:
    assert changes(run("second")) == [], "another machine alone is no reason to build again"


def test_a_mirror_that_is_changed_and_set_back_ends_with_the_first_images(run: Run) -> None:
    first = images(run())
    changed = images(run(**MIRROR))
    assert not set(first.values()) & set(changed.values()), "another build argument is another image"
    back = run("second")
    assert images(back) == first, "what ECR holds is used as it is: its immutable tag refuses another machine's build"
    assert pushes(back) == dict.fromkeys(pushes(back), 2), "nothing is pushed twice"
    assert changes(run("third")) == [], "the way back is settled"
    assert changes(run()) == []


def test_images_by_digest_are_those_that_ecr_names(run: Run) -> None:
    stack = run()
    ecr = stack.client("ecr")
    for family, reference in images(stack).items():
        repository, _, digest = reference.partition("/")[2].partition("@")
        (details,) = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])["imageDetails"]
        assert details["imageDigest"] == digest, f"{family} would not find its image"


def test_an_image_that_was_deleted_in_ecr_is_built_again(run: Run) -> None:
    stack = run()
    ecr = stack.client("ecr")
    (repository,) = [
        record.outputs["name"]
        for record in stack.of_type("aws:ecr/repository:Repository")
        if record.name.endswith("-ui")
    ]
    ecr.batch_delete_image(repositoryName=repository, imageIds=ecr.list_images(repositoryName=repository)["imageIds"])
    assert any("docker:index/image:Image images-ui" in change for change in changes(run("second")))
    assert len(ecr.list_images(repositoryName=repository)["imageIds"]) == 1
    assert changes(run()) == []

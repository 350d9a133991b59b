"""Releases: what every one of them must say, and what a configuration may ask of them."""

from __future__ import annotations

import dataclasses
from typing import Any, get_args

import pytest

import settings
from settings.releases import DEFAULT, RELEASES, Release
from settings.sections.cvat import Cvat
from settings.sections.services import Services

REGION = "cn-northwest-1"
EVERY = pytest.mark.parametrize("release", RELEASES.values(), ids=list(RELEASES))


def load(**own: Any) -> settings.Settings:
    return settings.load({"aws:region": REGION} | {f"cvat:{key}": value for key, value in own.items()})


def test_the_key_offers_just_the_releases_that_there_are() -> None:
    assert get_args(Cvat.model_fields["release"].annotation) == tuple(RELEASES)
    assert load().release is DEFAULT, "a stack that says nothing stays what it is"


@EVERY
def test_every_queue_has_one_kind_of_worker(release: Release) -> None:
    assert len(release.queues) == len(set(release.queues)), "two kinds would race, and both be scaled by it"
    workers = [process for process in release.processes if process.queues]
    for process in workers:
        assert process.containers[0].command == ("worker", *process.queues), "what scales it must be what it works on"


@EVERY
def test_one_task_publishes_the_metrics_of_all_queues(release: Release) -> None:
    (publisher,) = [process for process in release.processes if process.publishes_metrics]
    named = publisher.variables.get("CVAT_QUEUES")
    assert named is None or tuple(named.split(",")) == release.queues, "a queue without metrics would never scale"


@EVERY
def test_every_process_has_a_size_and_containers_whose_order_can_be_kept(release: Release) -> None:
    sizes = set(load(release=release.name).services.sizes)
    for process in release.services:
        assert process.size in sizes
        names = [container.name for container in process.containers]
        assert len(names) == len(set(names))
        assert {name for container in process.containers for name in container.starts_after} <= set(names)
        assert sum(bool(container.port) for container in process.containers) <= 1, "a target group has one port"
        assert bool(process.health_path) <= bool(process.port)


@EVERY
def test_every_route_for_programs_and_administrators_is_one_of_the_server(release: Release) -> None:
    assert {*release.routes.api, *release.routes.admin} <= set(release.routes.server)


@EVERY
def test_releases_are_frozen_and_name_a_dockerfile_for_every_image(release: Release) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        release.name = "other"  # type: ignore[misc]
    assert {*release.images, *(image for steps in release.upgrades.values() for image in steps)} == set(
        release.dockerfiles
    )


def test_people_who_look_at_an_empty_canvas_never_wait_for_a_task_to_start() -> None:
    assert Services.model_fields["chunks_count"].annotation is int
    with pytest.raises(settings.ConfigurationError, match="chunksCount"):
        load(release="v2", chunksCount="0")


def test_an_upgrade_without_a_database_or_to_the_release_itself_is_refused() -> None:
    with pytest.raises(settings.ConfigurationError, match="cvat:restoreDatabaseSnapshot"):
        load(release="v2", upgradeFrom="c48411ae")
    with pytest.raises(settings.ConfigurationError, match="cannot take over its database"):
        load(upgradeFrom="c48411ae", restoreDatabaseSnapshot="before")
    upgrading = load(release="v2", upgradeFrom="c48411ae", restoreDatabaseSnapshot="before")
    assert upgrading.cvat.upgrade_images == ("upgrade",)
    assert "upgrade" in upgrading.image_names(()), "the step's image is built, too"

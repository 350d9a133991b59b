"""image_tag.py: an image that ECR holds is used as it is, whoever built it; one that was deleted is built again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.dynamic.image_tag import ImageTagProvider, next_tag

REPOSITORY = "images-server-1a2b3c4"
PROPS = {"region": "cn-northwest-1", "repository": REPOSITORY, "content": "0123abcd", "tag": "0123abcd", "held": False}
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "size": 2,
        "digest": f"sha256:{'0' * 64}",
    },
    "layers": [],
}


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("ecr", region_name="cn-northwest-1")
        client.create_repository(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
        yield client


def push(ecr: Any, tag: str) -> None:
    ecr.put_image(repositoryName=REPOSITORY, imageTag=tag, imageManifest=json.dumps(MANIFEST))


def created(props: Mapping[str, Any]) -> Mapping[str, Any]:
    outputs = ImageTagProvider().create(props).outs
    assert outputs is not None
    return outputs


def updated(olds: Mapping[str, Any], news: Mapping[str, Any]) -> Mapping[str, Any]:
    outputs = ImageTagProvider().update("id", olds, news).outs
    assert outputs is not None
    return outputs


def test_an_image_that_ecr_lacks_is_to_be_built_under_the_tag_of_its_content(ecr: Any) -> None:
    outputs = created(PROPS)
    assert (outputs["tag"], outputs["held"]) == ("0123abcd", False)


def test_an_image_that_another_machine_pushed_is_not_built_again(ecr: Any) -> None:
    push(ecr, "0123abcd")
    assert created(PROPS)["held"] is True, "an immutable tag would refuse a second build"


def test_after_its_push_the_decision_stays_as_it_was(ecr: Any) -> None:
    push(ecr, "0123abcd")
    assert ImageTagProvider().diff("id", PROPS, PROPS).changes is False, "a run without changes must find no changes"


@pytest.mark.parametrize("key", ["content", "repository"])
def test_other_content_or_another_repository_is_another_decision(ecr: Any, key: str) -> None:
    push(ecr, "0123abcd")
    assert ImageTagProvider().diff("id", PROPS, PROPS | {key: "other"}).changes is True


def test_a_rollback_uses_what_was_pushed_before(ecr: Any) -> None:
    push(ecr, "0123abcd")
    newer = PROPS | {"content": "ffff0000", "tag": "ffff0000"}
    outputs = updated(newer, PROPS)
    assert (outputs["tag"], outputs["held"]) == ("0123abcd", True)


def test_an_image_that_was_deleted_in_ecr_is_built_again_under_the_next_tag(ecr: Any) -> None:
    assert ImageTagProvider().diff("id", PROPS, PROPS).changes is True, "nothing would pull an image that is gone"
    outputs = updated(PROPS, PROPS)
    assert (outputs["tag"], outputs["held"]) == ("0123abcd-2", False)


def test_tags_after_a_loss_are_numbered() -> None:
    assert next_tag("0123abcd", "0123abcd-2") == "0123abcd-3"


def test_credentials_that_may_not_look_change_nothing(ecr: Any) -> None:
    ecr.delete_repository(repositoryName=REPOSITORY, force=True)
    assert ImageTagProvider().diff("id", PROPS, PROPS).changes is False, "a preview without ECR's permissions must pass"

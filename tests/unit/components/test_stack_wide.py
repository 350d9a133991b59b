"""One transformation puts tags and boundary on every resource that takes them, whatever its component says."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_awsx as awsx
import pytest

from components import stack_wide

TAGS = {"project": "cvat", "stack": "test"}
BOUNDARY = "arn:aws-cn:iam::123456789012:policy/boundary"


@pytest.fixture(autouse=True)
def own_transformations(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulumi's mocks keep one root resource for the whole process, and with it what earlier tests have registered."""
    pulumi.runtime.set_mocks(engine, project="cvat", stack="test")
    monkeypatch.setattr(pulumi.runtime.get_root_resource(), "_transformations", [])


def registered(engine: Any, build: Any, boundary: str = BOUNDARY) -> dict[str, dict[str, Any]]:
    def program() -> None:
        stack_wide.apply_to_all(TAGS, boundary)
        build()

    engine.run(program)
    return {resource.typ: dict(resource.inputs) for resource in engine.resources}


def test_a_resource_gets_the_stacks_tags_and_keeps_its_own(engine: Any) -> None:
    def build() -> None:
        aws.ec2.SecurityGroup("plain", opts=pulumi.ResourceOptions(parent=pulumi.ComponentResource("a:b:C", "c")))
        aws.s3.Bucket("named", tags={"Name": "named", "stack": "other"})

    inputs = registered(engine, build)
    assert inputs["aws:ec2/securityGroup:SecurityGroup"]["tags"] == TAGS, "children of components, too"
    assert inputs["aws:s3/bucket:Bucket"]["tags"] == {"project": "cvat", "stack": "other", "Name": "named"}


def test_a_resource_whose_tags_have_another_shape_or_that_takes_none_is_left_alone(engine: Any) -> None:
    def build() -> None:
        aws.autoscaling.Group("group", max_size=1, min_size=0)
        aws.route53.Record("record", zone_id="Z", name="n", type="A")

    inputs = registered(engine, build)
    assert "tags" not in inputs["aws:autoscaling/group:Group"]
    assert "tags" not in inputs["aws:route53/record:Record"]


@pytest.mark.parametrize(("default_tags", "room"), [([], 10), (["managed-by", "stack"], 9)])
def test_an_object_has_as_many_tags_as_s3_takes_with_the_providers_own(
    engine: Any, default_tags: list[str], room: int
) -> None:
    tags = {f"tag-{number}": "x" for number in range(9)} | TAGS

    def program() -> None:
        stack_wide.apply_to_all(tags, default_tags=default_tags)
        aws.s3.BucketObjectv2("object", bucket="b", key="k")
        aws.s3.Bucket("bucket")

    engine.run(program)
    on_object = engine.only("aws:s3/bucketObjectv2:BucketObjectv2")["tags"]
    assert len(on_object) == room, "S3 refuses the eleventh, and with it the upload"
    assert on_object.items() >= TAGS.items()
    assert engine.only("aws:s3/bucket:Bucket")["tags"] == tags, "the bill is by bucket"


def test_awsx_gets_the_tags_which_it_hands_on_to_its_children(engine: Any) -> None:
    inputs = registered(engine, lambda: awsx.ec2.Vpc("network", cidr_block="10.0.0.0/16"))
    assert inputs["awsx:ec2:Vpc"]["tags"] == TAGS


def test_every_role_has_the_boundary_and_nothing_else_has(engine: Any) -> None:
    def build() -> None:
        aws.iam.Role("role", assume_role_policy="{}")
        aws.iam.RolePolicy("policy", role="role", policy="{}")

    inputs = registered(engine, build)
    assert inputs["aws:iam/role:Role"]["permissionsBoundary"] == BOUNDARY
    assert "permissionsBoundary" not in inputs["aws:iam/rolePolicy:RolePolicy"]


def test_without_a_boundary_a_role_has_none(engine: Any) -> None:
    inputs = registered(engine, lambda: aws.iam.Role("role", assume_role_policy="{}"), boundary="")
    assert "permissionsBoundary" not in inputs["aws:iam/role:Role"]

"""The pure parts: names, shapes, inputs, build contexts, reports."""

from __future__ import annotations

import gzip
import re
import tarfile
from io import BytesIO
from pathlib import Path
from typing import cast

import boto3
import pulumi
import pytest
from botocore.model import OperationModel

from rehearsal import RehearsalError
from rehearsal.checks import stack_tags
from rehearsal.engine import naming
from rehearsal.engine.inputs import Inputs, plain, with_defaults
from rehearsal.placeholders import archive
from rehearsal.providers import shapes
from rehearsal.providers.docker_image import build_digest, build_files
from rehearsal.report.stable import Names
from rehearsal.result import Rehearsal
from tests.support.material import record


def test_automatic_names_differ_between_stacks_and_repeat_within_one() -> None:
    first = naming.automatic("logs", "one", "urn", 255)
    assert re.fullmatch(r"logs-[0-9a-f]{7}", first)
    assert first == naming.automatic("logs", "one", "urn", 255)
    assert first != naming.automatic("logs", "two", "urn", 255)
    assert naming.automatic("Data", "one", "urn", 255, lower=True).startswith("data-")


def test_an_automatic_name_over_the_limit_says_how_much_to_take_off() -> None:
    with pytest.raises(RehearsalError, match="at most 24 characters"):
        naming.automatic("x" * 30, "one", "urn", 32)


def operation(service: str, name: str) -> OperationModel:
    client = boto3.client(service, region_name="cn-north-1", aws_access_key_id="x", aws_secret_access_key="x")
    model: OperationModel = client.meta.service_model.operation_model(name)
    return model


def test_inputs_are_carried_under_the_apis_names_and_others_are_left() -> None:
    values = {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "default", "enableDnsSupport": True}
    carried, used = shapes.request(operation("ec2", "CreateVpc"), values, {})
    assert carried == {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "default"}
    assert used == {"cidrBlock", "instanceTenancy"}


def test_nested_objects_tags_and_renamed_members_take_the_apis_form() -> None:
    values = {"posixUser": {"uid": 1000, "gid": 1000}, "rootDirectory": {"creationInfo": {"ownerUid": 1000}}}
    carried, _ = shapes.request(operation("efs", "CreateAccessPoint"), {**values, "tags": {"a": "b"}}, {})
    assert carried["PosixUser"] == {"Uid": 1000, "Gid": 1000}
    assert carried["RootDirectory"] == {"CreationInfo": {"OwnerUid": 1000}}
    assert carried["Tags"] == [{"Key": "a", "Value": "b"}]
    renamed, _ = shapes.request(operation("rds", "CreateDBInstance"), {"username": "u"}, {"username": "MasterUsername"})
    assert renamed == {"MasterUsername": "u"}


def test_a_nested_member_that_the_api_lacks_is_refused_with_its_path() -> None:
    with pytest.raises(RehearsalError, match=r"posixUser\.shell"):
        shapes.request(operation("efs", "CreateAccessPoint"), {"posixUser": {"shell": "sh"}}, {})


def test_defaults_fill_what_is_missing_and_change_no_given_value() -> None:
    given = {"name": "n", "containers": [{"mode": "MultiModel"}, {"image": "i"}], "scaling": {"target": 5}}
    defaults = {
        "usage": "ENCRYPT",
        "name": "other",
        "containers.mode": "SingleModel",
        "volumes.mode": "w",
        "scaling.in": 1,
    }
    assert with_defaults(given, defaults) == {
        "name": "n",
        "usage": "ENCRYPT",
        "containers": [{"mode": "MultiModel"}, {"image": "i", "mode": "SingleModel"}],
        "scaling": {"target": 5, "in": 1},
    }
    assert given["containers"] == [{"mode": "MultiModel"}, {"image": "i"}], "the state keeps what the program gave"


def test_inputs_without_a_consumer_stay_visible() -> None:
    given = Inputs({"a": 1, "b": 2})
    given.take("a")
    assert given.unused() == {"b": 2}
    with pytest.raises(RehearsalError, match="c: this input is required"):
        given.require("c")


def test_whole_numbers_of_the_wire_are_integers_again() -> None:
    assert plain({"port": 80.0, "ratio": 0.5, "list": [1.0]}) == {"list": [1], "port": 80, "ratio": 0.5}


def test_a_build_reads_what_docker_would_read(tmp_path: Path) -> None:
    for name in ("Dockerfile", "main.py", "secret.env", "cache/x", "cache/keep"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / ".dockerignore").write_text("# comment\n*.env\ncache/*\n!cache/keep\n")
    names = [name for name, _, _ in build_files(tmp_path, tmp_path / "Dockerfile")]
    assert "main.py" in names
    assert "cache/keep" in names
    assert "cache/x" not in names
    assert "secret.env" not in names


def test_an_images_digest_is_that_of_what_its_build_reads(tmp_path: Path) -> None:
    def build(**more: object) -> str:
        return build_digest({"context": str(tmp_path), "args": {"BASE": "one"}, **more})

    for name, content in (("Dockerfile", "FROM x"), ("main.py", "pass"), (".dockerignore", "notes"), ("notes", "a")):
        (tmp_path / name).write_text(content)
    before = build()
    (tmp_path / "notes").write_text("b")
    assert build() == before, "what docker ignores builds no other image"
    digests = {before, build(args={"BASE": "two"}), build(platform="linux/arm64")}
    (tmp_path / "main.py").write_text("fail")
    digests.add(build())
    (tmp_path / "Dockerfile").write_text("FROM y")
    digests.add(build())
    assert len(digests) == 5, "arguments, platform, files and Dockerfile each make another image"


def test_stand_in_archives_hold_the_registry_entry_and_repeat(tmp_path: Path) -> None:
    entry = tmp_path / "f.yaml"
    entry.write_text("name: f")
    packed = archive(entry)
    assert packed == archive(entry)
    with tarfile.open(fileobj=BytesIO(gzip.decompress(packed))) as tar:
        assert tar.getnames() == ["function.yaml"]


def test_assets_are_shown_by_name_and_content_not_by_where_a_clone_lies(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("content")
    shown = Names([]).of({"source": pulumi.FileAsset(str(file))})["source"]
    assert shown.startswith("file a.txt sha256:ed7002b439e9ac84")
    assert str(tmp_path) not in shown


def test_a_type_whose_tags_nothing_reads_is_named_with_the_file_that_lacks_it() -> None:
    """And main() shows it as a sentence, as it does every RehearsalError."""
    unknown = record("aws:mars/rover:Rover", "curiosity")
    with pytest.raises(RehearsalError, match=r"aws:mars/rover:Rover: how its tags are read is not known; add it to"):
        stack_tags.read(cast(Rehearsal, None), unknown)

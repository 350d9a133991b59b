"""`copy-demo` against an in-memory S3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from cvat_aws import demo
from cvat_aws.environment import UnusableError
from moto import mock_aws

DEMO = Path(__file__).parents[2] / "demo" / "files"
REGION = "cn-northwest-1"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", REGION),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("s3", region_name=REGION)
        client.create_bucket(Bucket="demo", CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


def environment(tmp_path: Path, source: str = "s3://demo/v1") -> dict[str, str]:
    (tmp_path / "share").mkdir(exist_ok=True)
    (tmp_path / "data").mkdir(exist_ok=True)
    return {"DEMO_SOURCE": source, "CVAT_SHARE_DIR": f"{tmp_path}/share", "CVAT_DATA_DIR": f"{tmp_path}/data"}


def put(s3: Any, name: str, body: bytes) -> None:
    s3.put_object(Bucket="demo", Key=f"v1/{name}", Body=body)


def test_files_arrive_below_demo_and_only_once(s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(s3, "a.jpg", b"a")
    put(s3, "folder/b.jpg", b"b")
    put(s3, "folder/", b"")
    env = environment(tmp_path)
    assert demo.run(env) == 0
    assert (tmp_path / "share/demo/folder/b.jpg").read_bytes() == b"b"
    capsys.readouterr()
    demo.run(env)
    assert capsys.readouterr().out.splitlines() == [
        "copy-demo: unchanged a.jpg",
        "copy-demo: unchanged folder/b.jpg",
        "copy-demo: done",
    ]


def test_a_new_version_replaces_what_was_copied(s3: Any, tmp_path: Path) -> None:
    env = environment(tmp_path)
    put(s3, "a.jpg", b"old")
    demo.run(env)
    put(s3, "a.jpg", b"new")
    demo.run(env)
    assert (tmp_path / "share/demo/a.jpg").read_bytes() == b"new"


def test_a_file_that_a_user_changed_is_kept(s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = environment(tmp_path)
    put(s3, "a.jpg", b"old")
    demo.run(env)
    (tmp_path / "share/demo/a.jpg").write_bytes(b"the user's")
    put(s3, "a.jpg", b"new")
    demo.run(env)
    assert (tmp_path / "share/demo/a.jpg").read_bytes() == b"the user's"
    assert "kept a.jpg" in capsys.readouterr().out


def test_nothing_is_ever_deleted(s3: Any, tmp_path: Path) -> None:
    env = environment(tmp_path)
    put(s3, "a.jpg", b"a")
    demo.run(env)
    (tmp_path / "share/mine.jpg").write_bytes(b"mine")
    s3.delete_object(Bucket="demo", Key="v1/a.jpg")
    demo.run(env)
    assert (tmp_path / "share/demo/a.jpg").exists()
    assert (tmp_path / "share/mine.jpg").exists()


def test_a_file_that_is_gone_comes_back(s3: Any, tmp_path: Path) -> None:
    env = environment(tmp_path)
    put(s3, "a.jpg", b"a")
    demo.run(env)
    (tmp_path / "share/demo/a.jpg").unlink()
    demo.run(env)
    assert (tmp_path / "share/demo/a.jpg").read_bytes() == b"a"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../etc/passwd", "empty, '.' or '..'"),
        ("a//b.jpg", "empty, '.' or '..'"),
        ("/a.jpg", "empty, '.' or '..'"),
        ("n" * 270, "longer than 255 bytes"),
        ("\u8eca" * 90 + ".jpg", "longer than 255 bytes"),
        ("folder", "other objects have it as their folder"),
        ("folder/inner", "other objects have it as their folder"),
    ],
)
def test_an_object_that_no_file_system_takes_is_named_and_skipped(
    s3: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    put(s3, name, b"x")
    put(s3, "folder/inner/b.jpg", b"b")
    assert demo.run(environment(tmp_path)) == 0, "the first deployment waits for it"
    output = capsys.readouterr().out
    assert f"skipped {name!r}: " in output
    assert reason in output
    assert (tmp_path / "share/demo/folder/inner/b.jpg").read_bytes() == b"b"
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2, "b.jpg and the record"


def test_a_users_file_in_the_place_of_a_folder_is_kept(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "share/demo").mkdir(parents=True)
    (tmp_path / "share/demo/folder").write_bytes(b"mine")
    put(s3, "folder/b.jpg", b"b")
    assert demo.run(environment(tmp_path)) == 0
    assert (tmp_path / "share/demo/folder").read_bytes() == b"mine"


@pytest.mark.usefixtures("s3")
def test_the_region_is_the_one_that_ecs_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    regions: list[str] = []
    client = boto3.client

    def recording(*names: str, **more: Any) -> Any:
        regions.append(more["region_name"])
        return client(*names, **more)

    monkeypatch.setattr(boto3, "client", recording)
    demo.run({**environment(tmp_path), "AWS_REGION": REGION})
    assert regions == [REGION], "botocore reads AWS_DEFAULT_REGION only, which ECS does not promise"


def test_requests_are_signed(s3: Any, tmp_path: Path) -> None:
    put(s3, "a.jpg", b"a")
    seen: list[str] = []
    s3.meta.events.register("before-send.s3", lambda request, **_: seen.append(str(request.headers["Authorization"])))
    demo.copy(s3, ("demo", "v1/"), tmp_path, {})
    assert seen
    assert all("AWS4-HMAC-SHA256" in header for header in seen), "no bucket of ours is public"


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="s3://elsewhere/"):
        demo.run(environment(tmp_path, "s3://elsewhere/"))


@pytest.mark.parametrize("source", ["", "bucket/prefix", "https://bucket/prefix"])
def test_a_source_that_is_none_is_refused(source: str) -> None:
    with pytest.raises(UnusableError, match="DEMO_SOURCE"):
        demo.source({"DEMO_SOURCE": source})


def test_the_demo_files_are_small_pictures_and_a_film() -> None:
    pictures, films = list(DEMO.glob("street-*.jpg")), list(DEMO.glob("street*.mp4"))
    assert len(pictures) == 6
    assert len(films) == 1
    assert sum(path.stat().st_size for path in [*pictures, *films]) < 2 << 20
    assert all(path.read_bytes()[:3] == b"\xff\xd8\xff" for path in pictures), "JPEG"
    assert films[0].read_bytes()[4:8] == b"ftyp", "MP4"

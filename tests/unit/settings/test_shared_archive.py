"""One archive of several, for the container that serves all batch functions."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from settings.errors import FunctionsError
from settings.functions import Function, LocalArchive, batch_endpoints
from settings.shared_archive import FOLDER, put_together


def archive(path: Path, files: dict[str, bytes]) -> LocalArchive:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.uname = len(content), 1234, "somebody"
            tar.addfile(entry, io.BytesIO(content))
    return LocalArchive(path)


@pytest.fixture
def archives(tmp_path: Path) -> dict[str, LocalArchive]:
    return {
        "b": archive(tmp_path / "b.tar.gz", {"function.yaml": b"b", "saved/network.pb": b"\x00" * 9000}),
        "a": archive(tmp_path / "a.tar.gz", {"./function.yaml": b"a", "model.onnx": b"weights"}),
    }


def test_each_function_has_a_folder_of_its_name(archives: dict[str, LocalArchive]) -> None:
    with tarfile.open(put_together(archives).path) as tar:
        content = {name: tar.extractfile(name).read() for name in tar.getnames()}  # type: ignore[union-attr]
    assert content == {
        "a/function.yaml": b"a",
        "a/model.onnx": b"weights",
        "b/function.yaml": b"b",
        "b/saved/network.pb": b"\x00" * 9000,
    }


def test_the_same_archives_give_the_same_bytes_and_are_put_together_once(archives: dict[str, LocalArchive]) -> None:
    first = put_together(archives)
    written = first.path.stat().st_mtime_ns
    assert put_together(dict(reversed(archives.items()))) == first
    assert first.path.stat().st_mtime_ns == written, "gigabytes are not written again at each preview"
    digest = first.digest
    first.path.unlink()
    assert put_together(archives).digest == digest, "or each machine would deploy another model"
    archive(archives["a"].path, {"function.yaml": b"other"})
    assert put_together(archives).path != first.path, "a new network is a new model"


def test_a_file_that_is_no_archive_is_named(archives: dict[str, LocalArchive], tmp_path: Path) -> None:
    content = archives["b"].path.read_bytes()
    for broken in (b"no archive", content[: len(content) // 2]):
        archives["b"].path.write_bytes(broken)
        with pytest.raises(FunctionsError, match=r"b\.tar\.gz is no model archive .*Pack it again"):
            put_together(archives)
    assert not list((tmp_path / FOLDER).iterdir()), "nothing half is left"


def test_a_path_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FunctionsError, match="is no model archive"):
        put_together({"a": archive(tmp_path / "a.tar.gz", {"../b/function.yaml": b"x"})})


@pytest.mark.parametrize(
    ("shared", "count"), [(False, 3), (True, 2)], ids=["an endpoint each", "one, and one for the own image"]
)
def test_endpoints_of_batch_functions(shared: bool, count: int) -> None:
    functions = [
        Function(name="a", batch=True),
        Function(name="b", batch=True),
        Function(name="c", batch=True, image="own"),
        Function(name="d"),
    ]
    assert batch_endpoints(functions, shared=shared) == count
    assert batch_endpoints(functions[2:], shared=shared) == 1

"""Packing: what is put into model.tar.gz, and that it is tried first."""

import hashlib
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
import yaml
from models.__main__ import main
from models.archive import compress, pack
from models.errors import ModelError
from models.function import FILE_NAME, read_function
from models.handlers import HANDLERS
from models.samples import SAMPLES, pack_samples, save

from tests.support.models.model_process import FUNCTIONS, IOG, PROGRAM, RCNN, REID, SIAMMASK, TENSORFLOW


@pytest.fixture
def weights(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "weights"
    folder.mkdir()
    return save(SAMPLES[REID](), folder)


def test_there_is_a_sample_of_every_function_of_the_registry() -> None:
    assert {path.stem for path in FUNCTIONS.glob("*.yaml")} == set(SAMPLES)


@pytest.mark.parametrize("path", sorted(FUNCTIONS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_registry_names_handlers_that_exist_and_serve_its_kind(path: Path) -> None:
    function = read_function(path)
    assert function.name == path.stem
    assert HANDLERS[function.handler][0] == function.kind


def test_an_archive_holds_the_networks_and_the_registry_file_at_its_root(weights: list[Path], tmp_path: Path) -> None:
    archive = pack(FUNCTIONS, REID, weights, tmp_path)
    assert archive.path == tmp_path / f"{REID}.tar.gz"
    with tarfile.open(archive.path) as tar:
        assert tar.getnames() == [FILE_NAME, "model.onnx"]
        packed = tar.extractfile(FILE_NAME)
        assert packed is not None
        assert packed.read() == (FUNCTIONS / f"{REID}.yaml").read_bytes()
        assert {(item.uid, item.gid, item.mtime, item.mode) for item in tar} == {(0, 0, 0, 0o644)}
    assert archive.answer == [0], "the example's box was found again"
    assert archive.sha256 == hashlib.sha256(archive.path.read_bytes()).hexdigest()


def test_the_same_content_gives_the_same_bytes_whenever_it_is_packed(weights: list[Path], tmp_path: Path) -> None:
    first = pack(FUNCTIONS, REID, weights, tmp_path / "first")
    for path in weights:
        os.utime(path, (time.time() - 10_000, time.time() - 10_000))
        path.chmod(0o600)
    assert pack(FUNCTIONS, REID, weights[::-1], tmp_path / "second").sha256 == first.sha256


def test_samples_are_the_same_each_time_and_soon_made(archives: Path, tmp_path: Path) -> None:
    again = {archive.path.name: archive.path.read_bytes() for archive in pack_samples(tmp_path, FUNCTIONS)}
    assert again == {path.name: path.read_bytes() for path in archives.iterdir()}


def test_folders_such_as_a_saved_model_are_packed_with_their_content(tmp_path: Path) -> None:
    (tmp_path / "saved" / "variables").mkdir(parents=True)
    (tmp_path / "saved" / "variables" / "data").write_text("x")
    compress(tmp_path / "saved", tmp_path / "out.tar.gz")
    with tarfile.open(tmp_path / "out.tar.gz") as tar:
        assert [(item.name, item.mode) for item in tar] == [("variables", 0o755), ("variables/data", 0o644)]


def test_nothing_is_written_where_the_network_does_not_work(weights: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no input or output"):
        pack(FUNCTIONS, RCNN, weights, tmp_path / "out")
    assert not list(tmp_path.glob("out/*"))


def _other_file(folder: Path) -> Path:
    """A file that is no network."""
    (folder / "labels.txt").write_text("person")
    return folder / "labels.txt"


def test_what_cannot_be_packed_is_said(weights: list[Path], tmp_path: Path) -> None:
    nonsense = tmp_path / "other.onnx"
    nonsense.write_text("not a network")
    for files, name, reason in (
        (weights, "unknown", "'unknown' is not in .*; there are .*pth-faster-rcnn"),
        ([tmp_path / "missing.onnx"], REID, "missing.onnx does not exist"),
        ([*weights, weights[0]], REID, "given twice"),
        ([nonsense], REID, "other.onnx cannot be read as a network"),
        ([*weights, nonsense], REID, "must hold one network .*model.onnx, other.onnx"),
        ([_other_file(tmp_path)], REID, "must hold one network"),
    ):
        with pytest.raises(ModelError, match=reason):
            pack(FUNCTIONS, name, files, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"options": {"output": "reid_embedding", "thresold": 0.3}}, r"sagemaker\.options\.thresold"),
        ({"options": {"input": {"layout": "CWH"}}}, r"sagemaker\.options\.input\.layout.*not 'CWH'"),
        ({"options": {"input": {"name": "data", "layout": "CHW"}}}, "layout NCHW or NHWC"),
        (
            {"options": {"input": {"name": "data", "size": [5, 5]}}},
            "takes images of 128x256, but input.size is",
        ),
        ({"options": {"model": "../model.xml"}}, "no such file"),
        ({"options": "none"}, "sagemaker.options must be a mapping"),
        ({"handler": "best-detector"}, "'best-detector'; there are tensorflow-detector"),
        ({"handler": "click-segmentation"}, "is a reid, but click-segmentation serves a interactor"),
        ({"handler": None}, "sagemaker.handler must be a text"),
    ],
)
def test_a_wrong_registry_file_is_refused_with_the_field(
    weights: list[Path], tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    document = yaml.safe_load((FUNCTIONS / f"{REID}.yaml").read_text())
    document["sagemaker"].update(change)
    (tmp_path / f"{REID}.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ModelError, match=reason):
        pack(tmp_path, REID, weights, tmp_path / "out")


@pytest.mark.parametrize(
    "content", ["", "[]", "metadata: {name: x}", "a: b: c", "metadata: {annotations: {type: reid}}"]
)
def test_a_file_that_is_no_function_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(content)
    with pytest.raises(ModelError, match=FILE_NAME):
        read_function(path)


def test_the_command_line_packs_samples(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "models", "sample", "--all", str(tmp_path)]
    done = subprocess.run(command, cwd=PROGRAM, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.count("sha256:") == 5
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.tar.gz" for name in (REID, RCNN, SIAMMASK, IOG, TENSORFLOW)
    }


def test_the_command_line_says_what_is_wrong_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, reason in (
        (["pack", "nothing", "--weights", "x"], "'nothing' is not in"),
        (["sample", str(tmp_path)], "name the functions, or say --all"),
        (["sample", "nothing", str(tmp_path)], "no sample of nothing"),
    ):
        assert main(arguments) == 1
        assert reason in capsys.readouterr().err


def test_the_command_line_packs_one_function(weights: list[Path], tmp_path: Path) -> None:
    assert main(["pack", REID, "--weights", *map(str, weights), "--output", str(tmp_path)]) == 0
    assert (tmp_path / f"{REID}.tar.gz").exists()

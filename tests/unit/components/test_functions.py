"""functions.py: the registry as the program reads it, and which functions can be deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from settings.errors import FunctionsError
from settings.functions import (
    Function,
    LocalArchive,
    StoredArchive,
    deployable,
    local_archives,
    read_functions,
    stored_archives,
)
from tests.support.paths import ROOT

REGISTRY = ROOT / "serverless" / "functions"


def write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def named(name: str) -> str:
    return f"metadata: {{name: {name}, annotations: {{type: reid}}}}\n"


def test_the_repository_ships_five_functions() -> None:
    assert [function.name for function in read_functions(REGISTRY)] == [
        "openvino-person-reidentification-retail",
        "pth-faster-rcnn",
        "pth-foolwood-siammask",
        "pth-shiyinzhang-iog",
        "tf-faster-rcnn-inception-v2-coco",
    ]


def test_a_file_of_cvats_own_without_our_block_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "pth.shiyinzhang.iog", named("pth.shiyinzhang.iog"))
    (function,) = read_functions(tmp_path)
    assert function == Function(name="pth.shiyinzhang.iog")
    assert function.hostname == "pth-shiyinzhang-iog", "SageMaker takes letters, digits and single hyphens"


def test_everything_wrong_with_a_registry_is_said_at_once(tmp_path: Path) -> None:
    write(tmp_path, "one", named("two"))
    write(tmp_path, "broken", "metadata: [")
    write(tmp_path, "empty", "")
    write(tmp_path, "a.b", named("a.b"))
    write(tmp_path, "a-b", named("a-b"))
    write(tmp_path, "_first", named("_first"))
    write(tmp_path, "x" * 64, named("x" * 64))
    (tmp_path / "other.yml").write_text(named("other"), encoding="utf-8")
    with pytest.raises(FunctionsError) as raised:
        read_functions(tmp_path)
    text = str(raised.value)
    for said in (
        "metadata.name: '_first' does not match",
        f"metadata.name: '{'x' * 64}' does not match",
        "asks for the file name other.yaml",
        "empty.yaml: the file: None is not of type 'object'",
        "metadata.name is 'two'",
        "broken.yaml",
        "empty.yaml",
        "two functions would be containers named a-b",
    ):
        assert said in text


def test_a_long_name_is_cut_but_stays_its_own() -> None:
    first, other = Function(name="x" * 60 + "a"), Function(name="x" * 60 + "b")
    assert len(first.label) == 40
    assert first.label != other.label


def test_archives_are_found_by_name_in_a_folder_and_in_s3(tmp_path: Path) -> None:
    (tmp_path / "one.tar.gz").write_bytes(b"1")
    (tmp_path / "note.txt").write_bytes(b"2")
    assert local_archives(tmp_path) == {"one": LocalArchive(tmp_path / "one.tar.gz")}
    assert local_archives(tmp_path / "missing") == {}, "no folder, no archives: the stack still comes up"
    assert stored_archives("b", ["p/one.tar.gz", "p/x.zip"]) == {"one": StoredArchive("b", "p/one.tar.gz")}


def test_a_function_without_an_archive_is_left_out_with_a_warning() -> None:
    ready, warnings = deployable([Function(name="a"), Function(name="b")], {"a": StoredArchive("x", "y")}, shared=True)
    assert [deployed.function.name for deployed in ready] == ["a"]
    assert warnings == ["b is left out: cvat:modelArchives has no b.tar.gz. See serverless/models/README.md."]


def test_a_required_function_without_an_archive_stops_the_deployment() -> None:
    with pytest.raises(FunctionsError, match=r"a is required, but has no a\.tar\.gz"):
        deployable([Function(name="a", required=True)], {}, shared=True)


def test_sixteen_functions_do_not_fit_into_one_endpoint() -> None:
    functions = [Function(name=f"f{n}") for n in range(16)]
    archives = {function.name: StoredArchive("x", "y") for function in functions}
    with pytest.raises(FunctionsError, match="Set cvat:inferenceLayout to dedicated"):
        deployable(functions, archives, shared=True)
    assert len(deployable(functions, archives, shared=False)[0]) == 16

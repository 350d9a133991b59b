"""CVAT's own catalogue, of the deployed commit and a later one: valid registry files, or what is missing."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import onnx
import pytest
import yaml
from models.__main__ import main
from models.archive import pack
from models.convert import Conversion, convert, write
from models.errors import ModelError
from models.handlers import HANDLERS
from models.samples import (
    BRIGHT_BOXES,
    BRIGHT_CONSTANTS,
    COLOUR_LABELS,
    click_segmentation,
    embedding,
    network,
    save,
    siammask,
    tensorflow_detector,
)

from tests.support.models.model_process import FUNCTIONS

CATALOGUE = Path(__file__).resolve().parents[1] / "support" / "models" / "cvat_functions.json"
"""Names, kinds and labels of CVAT's serverless/**/function.yaml by commit and path (MIT licence)."""
SCHEMA = json.loads((FUNCTIONS / "schema.json").read_text())
READY = {
    "c48411ae": {
        "openvino-mask-rcnn-inception-resnet-v2-atrous-coco",
        "openvino-omz-intel-person-reidentification-retail-0300",
        "openvino-omz-public-faster_rcnn_inception_v2_coco",
        "openvino-omz-semantic-segmentation-adas-0001",
        "pth-foolwood-siammask",
        "pth.facebookresearch.detectron2.retinanet_r101",
        "pth.shiyinzhang.iog",
        "tf-faster-rcnn-inception-v2-coco",
    },
    "fb0eb437": {
        "openvino-omz-intel-face-detection-0205",
        "openvino-omz-intel-person-reidentification-retail-0277",
        "openvino-omz-intel-semantic-segmentation-adas-0001",
        "openvino-omz-public-faster-rcnn-inception-resnet-v2-atrous-coco",
        "openvino-omz-public-mask-rcnn-inception-resnet-v2-atrous-coco",
        "pth-facebookresearch-detectron2-retinanet-r101",
        "pth-facebookresearch-sam-vit-h",
        "pth-foolwood-siammask",
        "pth-shiyinzhang-iog",
        "tf-faster-rcnn-inception-v2-coco",
    },
}


@pytest.fixture(params=READY)
def conversions(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, list[Conversion]]:
    for path, document in json.loads(CATALOGUE.read_text())[request.param].items():
        file = tmp_path / path
        file.parent.mkdir(parents=True)
        file.write_text(yaml.safe_dump(document))
    return request.param, convert(tmp_path, FUNCTIONS)


def test_every_function_is_converted_or_what_is_missing_is_said(conversions: tuple[str, list[Conversion]]) -> None:
    commit, functions = conversions
    assert len(functions) == {"c48411ae": 13, "fb0eb437": 18}[commit]
    assert {item.name for item in functions if item.document} == READY[commit]
    for item in functions:
        assert "not known" not in item.reason, f"{item.name} is in no row of conversions.yaml"
        assert len(item.reason) > 20, "where the weights are, or what serves instead"


def test_what_is_converted_is_a_valid_registry_file_for_a_handler_of_its_kind(
    conversions: tuple[str, list[Conversion]], tmp_path: Path
) -> None:
    written = write(conversions[1], tmp_path / "registry")
    assert len(written) == len(READY[conversions[0]])
    for path in written:
        document = yaml.safe_load(path.read_text())
        jsonschema.validate(document, SCHEMA)
        annotations = document["metadata"]["annotations"]
        assert HANDLERS[document["sagemaker"]["handler"]][0] == annotations["type"]
        if annotations["type"] == "interactor":
            assert annotations["version"] == 2, "CVAT's interface refuses less since v2.3"
    assert write(conversions[1], tmp_path / "registry") == [], "what is there stays"


def retinanet() -> dict[str, onnx.ModelProto]:
    """The sample of torchvision's detectors, for pixels from 0 to 255."""
    body = f"""
        planes = Div(images, most) {BRIGHT_BOXES}
        boxes = Identity(corners)
        labels = Identity(ids)
        scores = Identity(brightest)
    """
    signature = "(float[3, height, width] images) => (float[3, 4] boxes, int64[3] labels, float[3] scores)"
    return {"model": network(signature, body, ids=COLOUR_LABELS, most=255.0, **BRIGHT_CONSTANTS)}


REGISTRY_FILE_ALONE = {
    "tensorflow-detector": tensorflow_detector,
    "embedding-reid": embedding,
    "siammask-tracker": siammask,
    "click-segmentation": click_segmentation,
    "torchvision-detector": retinanet,
}
"""Handlers of CVAT's functions that need no code of their own, and networks of their form."""


def test_what_needs_a_registry_file_alone_is_packed_with_sample_weights(
    conversions: tuple[str, list[Conversion]], tmp_path: Path
) -> None:
    packed = []
    for path in write(conversions[1], tmp_path / "registry"):
        handler = yaml.safe_load(path.read_text())["sagemaker"]
        masks = "masks" in handler.get("options", {}).get("output", {})
        if handler["handler"] in REGISTRY_FILE_ALONE and not masks:
            (folder := tmp_path / path.stem).mkdir()
            files = save(REGISTRY_FILE_ALONE[handler["handler"]](), folder)
            packed.append(pack(path.parent, path.stem, files, tmp_path / "archives"))
    assert len(packed) == 6, "two detectors of TensorFlow, re-identification, tracker, interactor, RetinaNet"
    assert all(archive.path.is_file() for archive in packed), "each answered an image"


def test_nothing_under_the_gpl_is_converted(conversions: tuple[str, list[Conversion]]) -> None:
    for item in conversions[1]:
        if item.name in ("openvino-dextr", "onnx-wongkinyiu-yolov7"):
            assert item.document is None
            assert "GPL-3.0" in item.reason


def unknown(folder: Path, kind: str = "detector") -> Path:
    folder.mkdir(exist_ok=True)
    annotations = {"type": kind, "spec": json.dumps([{"id": index, "name": f"label {index}"} for index in range(3)])}
    (folder / "function.yaml").write_text(
        yaml.safe_dump({"metadata": {"name": "mine", "annotations": annotations}, "spec": {"description": "mine"}})
    )
    return folder


@pytest.mark.parametrize(
    ("outputs", "handler"),
    [
        ({"logits": "1, 300, 3", "pred_boxes": "1, 300, 4"}, "detr-detector"),
        ({"labels": "1, 300, 91", "dets": "1, 300, 4"}, "detr-detector"),
        ({"dets": "1, 100, 5", "labels": "1, 100"}, "row-detector"),
        ({"boxes": "n, 4", "scores": "n", "labels": "n"}, "torchvision-detector"),
        ({"output0": "1, 7, 8400"}, "yolo-detector"),
        ({"output0": "1, 25200, 8"}, "yolo-detector"),
        ({"output0": "1, 300, 6"}, "row-detector"),
        ({"something": "1, 2"}, None),
    ],
)
def test_of_an_unknown_function_the_networks_outputs_tell(
    tmp_path: Path, outputs: dict[str, str], handler: str | None
) -> None:
    signature = ", ".join(f"float[{shape}] {name}" for name, shape in outputs.items())
    body = "\n".join(f"{name} = Identity(image)" for name in outputs)
    model = network(f"(float[a, b, c] image) => ({signature})", body)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    (item,) = convert(unknown(tmp_path / "mine"), FUNCTIONS, tmp_path / "model.onnx")
    if handler is None:
        assert item.document is None
        assert "no known form" in item.reason
        return
    assert item.document is not None
    assert item.document["sagemaker"]["handler"] == handler
    assert "GUESSED" in item.reason, "a guess is called one"


def test_without_the_network_an_unknown_function_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(unknown(tmp_path / "mine"))]) == 0
    assert "missing  mine: not known. Name its network" in capsys.readouterr().out
    with pytest.raises(ModelError, match=r"has no function\.yaml"):
        convert(tmp_path / "missing", FUNCTIONS)
    (tmp_path / "bad").write_text("nonsense")
    with pytest.raises(ModelError, match="is no ONNX file"):
        convert(unknown(tmp_path / "mine"), FUNCTIONS, tmp_path / "bad")
    (item,) = convert(unknown(tmp_path / "mine", "tracker") / "function.yaml", FUNCTIONS)
    assert item.document is None


def test_the_table_names_files_and_models_that_exist() -> None:
    table: list[dict[str, Any]] = yaml.safe_load(
        (Path(__file__).resolve().parents[2] / "serverless/models/models/conversions.yaml").read_text()
    )
    catalogue = {path.stem for path in (FUNCTIONS.parent / "models" / "catalogue").glob("*.yaml")}
    for row in table:
        assert ("missing" in row) != ("weights" in row)
        if "like" in row:
            assert (FUNCTIONS / f"{row['like']}.yaml").is_file()
        advice = row.get("missing", "").split("`models add ")
        for text in advice[1:]:
            assert text.split("`")[0] in catalogue, f"{row['names']} advises a model that the catalogue has not"


@pytest.mark.parametrize(
    ("content", "said"), [("type: detector", "it lacks 'metadata'"), ("metadata: {name: a}", "it lacks 'annotations'")]
)
def test_a_file_that_is_no_function_says_what_it_lacks(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "function.yaml").write_text(content)
    with pytest.raises(ModelError, match=rf"is no function of CVAT's \({said}\): give a function.yaml"):
        convert(tmp_path, FUNCTIONS)

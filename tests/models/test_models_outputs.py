"""A network whose outputs are not what its handler reads is refused when it is packed, and when it is served."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op
import pytest
import yaml
from models.archive import pack
from models.errors import ModelError
from models.function import FILE_NAME
from models.samples import SAMPLES
from models.samples import save as save_samples

from tests.support.models.intermediate import save
from tests.support.models.model_process import FUNCTIONS, IOG, RCNN, SIAMMASK, running

BOXES = {"boxes": (30, 4), "scores": (30,), "labels": (30,)}


def network(outputs: dict[str, tuple[int, ...]], values: dict[str, Any] | None = None, extra: str = "") -> ov.Model:
    """Constant outputs of these shapes, whatever the image is."""
    image = op.parameter([3, -1, -1], np.float32, name="images")
    zero = op.multiply(op.reduce_mean(image, op.constant(np.array([0, 1, 2]))), op.constant(np.float32(0)))
    inputs, names = [image], ["images"]
    if extra:
        inputs.append(op.parameter([1, 2], np.float32, name=extra))
        names.append(extra)
        zero = op.multiply(
            op.add(zero, op.reduce_mean(inputs[1], op.constant(np.array([0, 1])))), op.constant(np.float32(0))
        )
    nodes = []
    for name, shape in outputs.items():
        value = np.broadcast_to(np.array((values or {}).get(name, 0.5), np.float32), shape)
        nodes.append(op.result(op.add(op.constant(np.ascontiguousarray(value)), zero)))
    model = ov.Model(nodes, inputs, "stand-in")
    for port, name in zip([*model.inputs, *model.outputs], [*names, *outputs], strict=True):
        port.get_tensor().set_names({name})
    return model


def packed(model: ov.Model, tmp_path: Path, name: str = RCNN, **options: Any) -> Any:
    """What `pack` says to a network, with these sagemaker.options."""
    folder = tmp_path / "registry"
    folder.mkdir()
    document = yaml.safe_load((FUNCTIONS / f"{name}.yaml").read_text())
    document["sagemaker"].setdefault("options", {}).update(options)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
    weights = tmp_path / "weights"
    weights.mkdir()
    return pack(folder, name, save({"model": model}, weights), tmp_path / "out")


def corners(*box: float) -> dict[str, Any]:
    return {"boxes": box, "labels": 1}


@pytest.mark.parametrize(
    ("outputs", "options", "values", "reason"),
    [
        pytest.param(
            {"output0": (1, 84, 8400)},
            {"output": {"boxes": "output0", "scores": "output0", "labels": "output0"}},
            {},
            "boxes, scores, labels must be different outputs",
            id="YOLOv8",
        ),
        pytest.param(
            {"output0": (1, 300, 6)},
            {"output": {"boxes": "output0", "scores": "output0", "labels": "output0"}},
            {},
            "must be different outputs",
            id="YOLOv10",
        ),
        pytest.param(
            {"logits": (1, 300, 80), "pred_boxes": (1, 300, 4)},
            {"output": {"boxes": "pred_boxes", "scores": "logits", "labels": "logits"}},
            {},
            "must be different outputs",
            id="RT-DETR",
        ),
        pytest.param(
            {"pred_boxes": (1, 100, 4), "logits": (1, 100, 92), "labels": (1, 100)},
            {"output": {"boxes": "pred_boxes", "scores": "logits", "labels": "labels"}},
            {},
            "the scores are 1 x 100 x 92 for boxes 1 x 100 x 4",
            id="DETR",
        ),
        pytest.param(
            BOXES | {"masks": (30, 1, 28, 28)},
            {},
            {},
            "an output that its handler does not read: masks",
            id="Mask R-CNN",
        ),
        pytest.param(
            {"dets": (1, 30, 5), "labels": (1, 30), "scores": (1, 30)},
            {"output": {"boxes": "dets", "scores": "scores", "labels": "labels"}},
            {},
            "the boxes are 1 x 30 x 5; they must be n x 4",
            id="RTMDet",
        ),
        pytest.param(BOXES | {"labels": (29,)}, {}, {}, "the labels are 29 for boxes 30 x 4", id="labels of others"),
        pytest.param({"boxes": (2, 30, 4), "scores": (2, 30), "labels": (2, 30)}, {}, {}, "of one image", id="a batch"),
        pytest.param(BOXES, {}, {"scores": 7.5}, "scores go up to 7.5; they must be 0 to 1, not logits", id="logits"),
        pytest.param(BOXES, {}, {"labels": 1.5}, "labels are not whole numbers", id="no labels"),
        pytest.param(
            BOXES,
            {},
            corners(80, 80, 20, 20),
            "30 of the network's 30 boxes end before they begin",
            id="centre and size",
        ),
    ],
)
def test_outputs_that_mean_something_else_are_refused_by_pack(
    tmp_path: Path, outputs: dict[str, tuple[int, ...]], options: dict[str, Any], values: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        packed(network(outputs, {"labels": 1} | values), tmp_path, **options)
    assert not list(tmp_path.glob("out/*"))


def test_what_the_handler_reads_is_packed(tmp_path: Path) -> None:
    assert packed(network(BOXES, corners(10, 10, 50, 60)), tmp_path).answer[0]["points"] == [10, 10, 50, 60]


def test_an_output_may_be_ignored_by_name(tmp_path: Path) -> None:
    output = {"boxes": "boxes", "scores": "scores", "labels": "labels", "ignored": ["anchors"]}
    model = network(BOXES | {"anchors": (30,)}, corners(10, 10, 50, 60))
    assert packed(model, tmp_path, output=output).answer


def test_an_input_that_is_not_fed_is_refused(tmp_path: Path) -> None:
    model = network(BOXES, corners(1, 1, 5, 5), extra="orig_target_sizes")
    with pytest.raises(ModelError, match="an input that its handler does not feed: orig_target_sizes"):
        packed(model, tmp_path, input={"name": "images", "layout": "CHW"})


@pytest.mark.parametrize(
    ("outputs", "values", "reason"),
    [
        (BOXES | {"masks": (30, 1, 28, 28)}, {}, "an output that its handler does not read: masks"),
        (BOXES, {"scores": 7.5}, "not logits"),
    ],
)
def test_serve_refuses_them_too(
    tmp_path: Path, outputs: dict[str, tuple[int, ...]], values: dict[str, Any], reason: str
) -> None:
    save({"model": network(outputs, {"labels": 1} | values)}, tmp_path)
    (tmp_path / FILE_NAME).write_bytes((FUNCTIONS / f"{RCNN}.yaml").read_bytes())
    with pytest.raises(AssertionError, match=reason), running(tmp_path):
        pass


def test_a_segmentation_of_several_classes_is_refused(tmp_path: Path) -> None:
    image = op.parameter([1, 5, 512, 512], np.float32, name="image")
    model = ov.Model([op.result(op.abs(image))], [image], "stand-in")
    for port, name in ((model.input(), "image"), (model.output(), "mask")):
        port.get_tensor().set_names({name})
    with pytest.raises(ModelError, match=r"the output is \(1, 5, 512, 512\); it must be one mask"):
        packed(model, tmp_path, IOG)


def test_a_tracker_that_was_exported_for_other_parameters_is_refused(tmp_path: Path) -> None:
    document = yaml.safe_load((FUNCTIONS / f"{SIAMMASK}.yaml").read_text())
    document["sagemaker"]["options"]["hyperparameters"]["ratios"] = [1.0]
    (tmp_path / f"{SIAMMASK}.yaml").write_text(yaml.safe_dump(document))
    weights = tmp_path / "weights"
    weights.mkdir()
    with pytest.raises(ModelError, match=r"'score' is \(1, 10, 25, 25\); .* it is \(1, 2, 25, 25\)"):
        pack(tmp_path, SIAMMASK, save_samples(SAMPLES[SIAMMASK](), weights), tmp_path / "out")

"""Detectors through HTTP. The sample networks box what is bright in red, green, blue: labels 1, 13, 90."""

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino as ov
import openvino.opset13 as op
import pytest
import yaml
from models.archive import pack
from models.examples import encode
from PIL import Image

from tests.support.models.intermediate import save
from tests.support.models.model_process import FUNCTIONS, RCNN, ModelProcess, running, unpack

FLOAT = 1
"""TensorFlow's DT_FLOAT; 3 is DT_INT32 and 4 DT_UINT8."""


@pytest.fixture(params=["torchvision", "tensorflow"])
def detector(request: pytest.FixtureRequest, torchvision: ModelProcess, tensorflow: ModelProcess) -> ModelProcess:
    """Each of the two signatures in turn: what is claimed here holds for both."""
    return {"torchvision": torchvision, "tensorflow": tensorflow}[request.param]


def canvas(width: int = 200, height: int = 100) -> np.typing.NDArray[np.uint8]:
    return np.zeros((height, width, 3), np.uint8)


def test_rectangles_come_back_at_their_pixels_with_labels_across_id_gaps(detector: ModelProcess) -> None:
    pixels = canvas()
    pixels[10:30, 20:50, 0] = 255
    pixels[40:90, 60:61, 1] = 255
    pixels[0:100, 199:200, 2] = 255
    items = {item["label"]: item for item in detector.call({"image": encode(pixels)})}
    assert set(items) == {"person", "stop_sign", "toothbrush"}, "ids 1, 13 and 90: 12 and others are gaps"
    assert items["person"]["points"] == pytest.approx([20, 10, 50, 30])
    assert items["stop_sign"]["points"] == pytest.approx([60, 40, 61, 90]), "one pixel wide"
    assert items["toothbrush"]["points"] == pytest.approx([199, 0, 200, 100]), "at the image's edge"
    assert {item["type"] for item in items.values()} == {"rectangle"}
    assert all(item["confidence"] == 1 for item in items.values())


def test_a_score_at_the_threshold_counts_and_one_below_does_not(detector: ModelProcess) -> None:
    pixels = canvas()
    pixels[10:30, 20:50, 0] = 255  # score 1
    pixels[10:30, 20:50, 1] = 102  # score 0.4

    def labels(**extra: float) -> list[str]:
        return [item["label"] for item in detector.call({"image": encode(pixels), **extra})]

    assert labels() == ["person"], "0.5 where the request names none"
    assert labels(threshold=0.41) == ["person"]
    assert labels(threshold=0.39) == ["person", "stop_sign"]
    assert labels(threshold=1.0) == ["person"]


def test_an_image_without_objects_gives_an_empty_list(detector: ModelProcess) -> None:
    assert detector.call({"image": encode(canvas())}) == []


def test_an_image_larger_than_the_network_takes_is_answered_in_its_own_pixels(
    tensorflow: ModelProcess,
) -> None:
    pixels = canvas(3840, 2160)
    pixels[200:1200, 400:3000, 0] = 255
    (item,) = tensorflow.call({"image": encode(pixels, "JPEG")})
    assert item["points"] == pytest.approx([400, 200, 3000, 1200], abs=4), "halved for the network, doubled back"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "1", "I;16"])
def test_images_of_every_mode_are_understood(detector: ModelProcess, mode: str) -> None:
    pixels = canvas()
    pixels[10:30, 20:50] = 255
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257)
    elif mode != "CMYK":
        image = image.convert(mode)
    else:
        image = image.convert("CMYK")
    buffer = io.BytesIO()
    image.save(buffer, "TIFF" if mode == "CMYK" else "PNG")
    answer = detector.call({"image": base64.b64encode(buffer.getvalue()).decode()})
    assert [item["points"] for item in answer] == [pytest.approx([20, 10, 50, 30])] * 3, "white is all three colours"


def test_a_detector_in_onnx_with_a_fixed_size_and_its_own_names_needs_only_a_registry_file(
    tmp_path: Path,
) -> None:
    """A network that always answers its whole input, at 64 x 32, with fractions as yxyx."""
    image = onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.FLOAT, [1, 3, 32, 64])
    outputs = {
        "where": np.array([[[0.25, 0.5, 1.2, 1.5], [0, 0, np.nan, 1], [0.5, 0.5, 0.5, 1]]], np.float32),
        "sure": np.array([[0.9, 0.9, 0.9]], np.float32),
    }
    nodes = [
        onnx.helper.make_node("Constant", [], [name], value=onnx.numpy_helper.from_array(value))
        for name, value in outputs.items()
    ]
    # The label is the mean of the image's first channel: 7 where layout, colours and scaling are as declared.
    nodes.append(onnx.helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[2, 3], keepdims=0))
    nodes.append(onnx.helper.make_node("Round", ["means"], ["what"]))
    shapes = {"where": [1, 3, 4], "sure": [1, 3], "what": [1, 3]}
    values = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = onnx.helper.make_graph(nodes, "constant", [image], values)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    labels = '[{"id": 7, "name": "blue_thing"}]'
    options = {
        "model": "net.onnx",
        "input": {"name": "pixels", "colors": "BGR", "mean": [60], "divide": [20]},
        "output": {"boxes": "where", "scores": "sure", "labels": "what"},
        "box_order": "yxyx",
        "box_units": "fractions",
    }
    folder = _packed(tmp_path, "my-detector", "torchvision-detector", options, [tmp_path / "net.onnx"], labels)
    pixels = canvas(640, 480)
    pixels[:, :, 2] = 200  # (200 - 60) / 20 = 7
    with running(folder) as server:
        answer = server.call({"image": encode(pixels)})
    assert answer == [{"label": "blue_thing", "type": "rectangle", "points": [320, 120, 640, 480], "confidence": 0.9}]


def test_a_frozen_tensorflow_graph_is_read_as_it_is(tmp_path: Path) -> None:
    """The object detection API's four outputs in a .pb file, written by hand: TensorFlow is not installed."""
    graph = b"".join(
        [
            _node("image_tensor", "Placeholder", dtype=_field(6, 0, 4), shape=_field(7, 2, _shape(1, -1, -1, 3))),
            _node("float", "Cast", "image_tensor", SrcT=_field(6, 0, 4), DstT=_field(6, 0, FLOAT)),
            _constant("axes", 3, [4], np.arange(4, dtype="<i4").tobytes()),
            _node("mean", "Mean", "float", "axes", T=_field(6, 0, FLOAT), Tidx=_field(6, 0, 3)),
            _constant("zero", FLOAT, [], np.zeros(1, "<f4").tobytes()),
            _node("nothing", "Mul", "mean", "zero", T=_field(6, 0, FLOAT)),
            _output("detection_boxes", [1, 2, 4], [0.1, 0.2, 0.5, 0.6, 0, 0, 1, 1]),
            _output("detection_scores", [1, 2], [0.75, 0.7]),
            _output("detection_classes", [1, 2], [90, 1]),
            _output("num_detections", [1], [1]),
        ]
    )
    (tmp_path / "frozen_inference_graph.pb").write_bytes(graph)
    name = "tf-faster-rcnn-inception-v2-coco"
    pack(FUNCTIONS, name, [tmp_path / "frozen_inference_graph.pb"], tmp_path)
    folder = unpack(tmp_path / f"{name}.tar.gz", tmp_path / "unpacked")
    with running(folder) as server:
        answer = server.call({"image": encode(canvas(100, 50))})
    expected = {"label": "toothbrush", "type": "rectangle", "points": [20, 5, 60, 25], "confidence": 0.75}
    assert answer == [expected], "the second box lies beyond num_detections"


def _packed(folder: Path, name: str, handler: str, options: dict[str, Any], weights: list[Path], labels: str) -> Path:
    registry = folder / "functions"
    registry.mkdir()
    document = {
        "metadata": {"name": name, "annotations": {"type": "detector", "spec": labels}},
        "spec": {"description": "test"},
        "sagemaker": {"handler": handler, "options": options},
    }
    (registry / f"{name}.yaml").write_text(yaml.safe_dump(document))
    pack(registry, name, weights, folder)
    return unpack(folder / f"{name}.tar.gz", folder / "unpacked")


def test_a_network_without_the_declared_output_is_refused_when_it_is_packed(tmp_path: Path) -> None:
    image = op.parameter([3, -1, -1], np.float32, name="images")
    model = ov.Model([op.result(op.reduce_mean(image, op.constant(np.array([0, 1, 2]))))], [image], "wrong")
    model.inputs[0].get_tensor().set_names({"images"})
    model.outputs[0].get_tensor().set_names({"mean"})
    with pytest.raises(Exception, match=r"no input or output 'boxes'; it has .*mean"):
        pack(FUNCTIONS, RCNN, save({"model": model}, _folder(tmp_path)), tmp_path)


def _folder(path: Path) -> Path:
    (path / "weights").mkdir()
    return path / "weights"


def _field(number: int, kind: int, value: int | bytes) -> bytes:
    """One protobuf field: a varint (0) or bytes (2)."""
    if isinstance(value, int):
        return _varint(number << 3 | kind) + _varint(value)
    return _varint(number << 3 | kind) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def _shape(*sizes: int) -> bytes:
    return b"".join(_field(2, 2, _field(1, 0, size)) for size in sizes)


def _node(name: str, operation: str, *sources: str, **attributes: bytes) -> bytes:
    """A NodeDef in a GraphDef: name 1, op 2, input 3, attr 5 (a map of AttrValue)."""
    entries = b"".join(
        _field(5, 2, _field(1, 2, key.encode()) + _field(2, 2, value)) for key, value in attributes.items()
    )
    inputs = b"".join(_field(3, 2, source.encode()) for source in sources)
    return _field(1, 2, _field(1, 2, name.encode()) + _field(2, 2, operation.encode()) + inputs + entries)


def _constant(name: str, kind: int, shape: list[int], content: bytes) -> bytes:
    """A Const: AttrValue.type is field 6, .tensor 8; TensorProto has dtype 1, shape 2, content 4."""
    tensor = _field(1, 0, kind) + _field(2, 2, _shape(*shape)) + _field(4, 2, content)
    return _node(name, "Const", dtype=_field(6, 0, kind), value=_field(8, 2, tensor))


def _output(name: str, shape: list[int], values: list[float]) -> bytes:
    """A constant plus the image's product with zero: an output that nothing explains away."""
    value = _constant(f"{name}/value", FLOAT, shape, np.array(values, "<f4").tobytes())
    return value + _node(name, "AddV2", f"{name}/value", "nothing", T=_field(6, 0, FLOAT))

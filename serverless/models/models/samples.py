"""Tiny networks with the real ones' signatures, for tests and rehearsals: a few kB each, and each works.

The detectors find the bounding box of what is bright in each colour, the embedding is the mean colour, the
interactor's mask is what is red, and the tracker follows the colour of its target. Results can be
computed by hand.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op

from models.archive import Archive, pack
from models.errors import ModelError

Node = Any
"""ov.Node; the library ships no types."""
BRIGHT = 0.2
"""A detector's threshold on a colour, 0 to 1."""
COLOUR_LABELS = (1, 13, 90)
"""Labels of what is red, green and blue: ids on both sides of COCO's gaps."""


def pack_samples(directory: Path, functions: Path, names: list[str] | None = None) -> list[Archive]:
    """Packs and tries a sample of each function (default: all five) into <directory>/<name>.tar.gz.

    The bytes are the same each time. Takes about a second; needs OpenVINO, but no torch.
    """
    unknown = sorted(set(names or ()) - set(SAMPLES))
    if unknown:
        raise ModelError(f"there is no sample of {', '.join(unknown)}; there are {', '.join(SAMPLES)}")
    archives = []
    for name in names or SAMPLES:
        with tempfile.TemporaryDirectory() as folder:
            files = save(SAMPLES[name](), Path(folder))
            archives.append(pack(functions, name, files, directory))
    return archives


def save(networks: dict[str, ov.Model], folder: Path) -> list[Path]:
    """Writes networks as OpenVINO IR, stem.xml and stem.bin, full precision; returns the files."""
    for stem, model in networks.items():
        # OpenVINO numbers nodes by a counter of the process: a second time, the bytes would be others.
        for index, node in enumerate(model.get_ordered_ops()):
            node.set_friendly_name(f"{node.get_type_name()}_{index}")
        ov.save_model(model, folder / f"{stem}.xml", compress_to_fp16=False)
    return sorted(folder.iterdir())


def torchvision_detector() -> dict[str, ov.Model]:
    """3 x H x W, 0 to 1 -> boxes 3 x 4 in pixels, scores 3, labels 3."""
    image = op.parameter([3, -1, -1], np.float32, name="images")
    corners, scores, _ = _bright_boxes(image)
    outputs = {"boxes": corners, "labels": op.constant(np.array(COLOUR_LABELS, np.int64)), "scores": scores}
    return {"model": _model(outputs, images=image)}


def tensorflow_detector() -> dict[str, ov.Model]:
    """1 x H x W x 3, uint8 -> the four outputs of TensorFlow's object detection API."""
    image = op.parameter([1, -1, -1, 3], np.uint8, name="image_tensor:0")
    planes = op.squeeze(op.transpose(op.convert(image, "f32"), _ints(0, 3, 1, 2)), _ints(0))
    corners, scores, sizes = _bright_boxes(planes / _number(255))
    fractions = op.gather(corners / op.concat([sizes, sizes], 0), _ints(1, 0, 3, 2), _ints(1))
    classes = np.array([COLOUR_LABELS], np.float32)
    outputs = {
        "detection_boxes:0": op.unsqueeze(fractions, _ints(0)),
        "detection_scores:0": op.unsqueeze(scores, _ints(0)),
        "detection_classes:0": op.constant(classes),
        "num_detections:0": op.constant(np.array([3], np.float32)),
    }
    return {"model": _model(outputs, **{"image_tensor:0": image})}


def embedding() -> dict[str, ov.Model]:
    """1 x 3 x 256 x 128 -> 1 x 3, the mean of each channel."""
    image = op.parameter([1, 3, 256, 128], np.float32, name="data")
    return {"model": _model({"reid_embedding": op.reduce_mean(image, _ints(2, 3))}, data=image)}


def click_segmentation() -> dict[str, ov.Model]:
    """1 x 5 x 512 x 512 -> 1 x 1 x 512 x 512: the red channel less what is clicked away, 0 to 1."""
    image = op.parameter([1, 5, 512, 512], np.float32, name="image")
    channels = op.split(image, op.constant(np.int64(1)), 5)
    scores = op.subtract(channels.output(0), channels.output(4)) / _number(255)
    return {"model": _model({"mask": scores}, image=image)}


def siammask() -> dict[str, ov.Model]:
    """Template, search and refining network: a cell scores by how much around it has the target's colour."""
    z = op.parameter([1, 3, 127, 127], np.float32, name="z")
    middle = op.slice(z, _ints(48, 48), _ints(79, 79), _ints(1, 1), _ints(2, 3))
    template = _model({"zf": op.reduce_mean(middle, _ints(2, 3), keep_dims=True)}, z=z)
    return {"template": template, "search": _search(), "refine": _refine()}


def _search() -> ov.Model:
    zf = op.parameter([1, 3, 1, 1], np.float32, name="zf")
    x = op.parameter([1, 3, 255, 255], np.float32, name="x")
    distance = op.reduce_max(op.abs(x - zf), _ints(1), keep_dims=True)
    match = op.relu(_number(1) - distance / _number(64))
    # The mean over 64 x 64 pixels around each of the 25 x 25 cells, which lie 8 pixels apart.
    near = _average(match, 64, 8, 1, 0)
    side = np.full((1, 4, 25, 25), -50, np.float32)
    target = op.concat([op.constant(side[:, :2]), near * _number(20) - _number(10), op.constant(side[:, :2])], 1)
    outputs = {
        "score": op.concat([op.constant(np.zeros((1, 5, 25, 25), np.float32)), target], 1),
        "delta": op.constant(np.zeros((1, 20, 25, 25), np.float32)),
        "f0": _average(match, 7, 2, 0, 0),
        "f1": _average(match, 7, 4, 0, 0),
        "f2": _average(match, 15, 8, 0, 0),
        "corr": near,
    }
    return _model(outputs, zf=zf, x=x)


def _refine() -> ov.Model:
    shapes = {"f0": 61, "f1": 31, "f2": 15, "corr": 1}
    inputs = {name: op.parameter([1, 1, side, side], np.float32, name=name) for name, side in shapes.items()}
    unused = sum(
        (op.reduce_mean(inputs[name], _ints(0, 1, 2, 3)) * _number(0) for name in ("f1", "f2", "corr")),
        _number(0),
    )
    shape = op.constant(np.array([127, 127], np.int64))
    large = op.interpolate(inputs["f0"], shape, "linear_onnx", "sizes", axes=_ints(2, 3))
    mask = op.reshape(large * _number(20) - _number(10) + unused, _ints(1, 127 * 127), special_zero=False)
    return _model({"mask": mask}, **inputs)


def _bright_boxes(planes: Node) -> tuple[Node, Node, Node]:
    """C x H x W -> boxes C x 4 (x y x y), the largest value of each plane, and (width, height)."""
    bright = op.convert(op.greater(planes, _number(BRIGHT)), "f32")
    shape = op.shape_of(planes, "i64")
    spans = []
    for axis, other in ((2, 1), (1, 2)):
        length = op.gather(shape, op.constant(np.int64(axis)), op.constant(np.int64(0)))
        index = op.convert(op.range(op.constant(np.int64(0)), length, op.constant(np.int64(1)), "i64"), "f32")
        hit = op.reduce_max(bright, _ints(other))
        last = op.reduce_max(hit * (index + _number(1)), _ints(1))
        first = op.reduce_min(index * hit + (_number(1) - hit) * _number(1e6), _ints(1))
        spans.append((op.minimum(first, last), last))
    (left, right), (top, bottom) = spans
    corners = op.concat([op.unsqueeze(edge, _ints(1)) for edge in (left, top, right, bottom)], 1)
    sizes = op.convert(op.gather(shape, _ints(2, 1), op.constant(np.int64(0))), "f32")
    return corners, op.reduce_max(planes, _ints(1, 2)), sizes


def _average(node: Node, side: int, stride: int, before: int, after: int) -> Node:
    pads = ([before, before], [after, after])
    return op.avg_pool(node, [stride, stride], pads[0], pads[1], [side, side], exclude_pad=False)


def _model(outputs: dict[str, Node], **inputs: Node) -> ov.Model:
    """A network whose inputs and outputs carry these names."""
    results = [op.result(node) for node in outputs.values()]
    model = ov.Model(results, list(inputs.values()), "sample")
    for port, name in zip([*model.inputs, *model.outputs], [*inputs, *outputs], strict=True):
        port.get_tensor().set_names({name})
    return model


def _ints(*values: int) -> Node:
    return op.constant(np.array(values, np.int64))


def _number(value: float) -> Node:
    return op.constant(np.float32(value))


SAMPLES: dict[str, Callable[[], dict[str, ov.Model]]] = {
    "openvino-person-reidentification-retail": embedding,
    "pth-faster-rcnn": torchvision_detector,
    "pth-foolwood-siammask": siammask,
    "pth-shiyinzhang-iog": click_segmentation,
    "tf-faster-rcnn-inception-v2-coco": tensorflow_detector,
}

"""Tiny networks with the real ones' signatures, for tests and rehearsals: a few kB each, and each works.

The detectors find the bounding box of what is bright in each colour, the embedding is the mean colour, the
interactor's mask is what is red, and the tracker follows the colour of its target. Results can be
computed by hand.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser

from models.archive import Archive, pack
from models.errors import ModelError

BRIGHT = 0.2
"""A detector's threshold on a colour, 0 to 1."""
COLOUR_LABELS = (1, 13, 90)
"""Labels of what is red, green and blue: ids on both sides of COCO's gaps."""
HEADER = '<ir_version: 8, opset_import: ["" : 17]>'
"""What every runtime of the last years reads."""


def pack_samples(directory: Path, functions: Path, names: list[str] | None = None) -> list[Archive]:
    """Packs and tries a sample of each function (default: all five) into <directory>/<name>.tar.gz.

    The bytes are the same each time. Takes about a second; needs the package onnx, but no torch.
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


def save(networks: Mapping[str, onnx.ModelProto], folder: Path) -> list[Path]:
    """Writes networks as stem.onnx; returns the files."""
    for stem, model in networks.items():
        (folder / f"{stem}.onnx").write_bytes(model.SerializeToString(deterministic=True))
    return sorted(folder.iterdir())


def network(signature: str, body: str, **constants: Any) -> onnx.ModelProto:
    """A network of ONNX's text form: `(inputs) => (outputs)`, the nodes, and what they call by name."""
    model = onnx.parser.parse_model(f"{HEADER}\nsample {signature} {{ {body} }}")
    for name, value in constants.items():
        array = np.asarray(value)
        array = array.astype({"f": np.float32, "i": np.int64}.get(array.dtype.kind, array.dtype))
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    onnx.checker.check_model(model)
    return model


BRIGHT_BOXES = """
    bright = Greater(planes, limit)
    hit = Cast <to: int = 1> (bright)
    columns = ReduceMax <axes = [1], keepdims = 0> (hit)
    rows = ReduceMax <axes = [2], keepdims = 0> (hit)
    shape = Shape(planes)
    width = Gather(shape, two)
    height = Gather(shape, one)
    x_whole = Range(zero, width, one)
    x = Cast <to: int = 1> (x_whole)
    y_whole = Range(zero, height, one)
    y = Cast <to: int = 1> (y_whole)
    x_next = Add(x, unit)
    x_hit = Mul(columns, x_next)
    right = ReduceMax <axes = [1], keepdims = 0> (x_hit)
    y_next = Add(y, unit)
    y_hit = Mul(rows, y_next)
    bottom = ReduceMax <axes = [1], keepdims = 0> (y_hit)
    x_away = Sub(unit, columns)
    x_far = Mul(x_away, far)
    x_here = Mul(x, columns)
    x_all = Add(x_here, x_far)
    x_first = ReduceMin <axes = [1], keepdims = 0> (x_all)
    left = Min(x_first, right)
    y_away = Sub(unit, rows)
    y_far = Mul(y_away, far)
    y_here = Mul(y, rows)
    y_all = Add(y_here, y_far)
    y_first = ReduceMin <axes = [1], keepdims = 0> (y_all)
    top = Min(y_first, bottom)
    left_column = Unsqueeze(left, last)
    top_column = Unsqueeze(top, last)
    right_column = Unsqueeze(right, last)
    bottom_column = Unsqueeze(bottom, last)
    corners = Concat <axis = 1> (left_column, top_column, right_column, bottom_column)
    brightest = ReduceMax <axes = [1, 2], keepdims = 0> (planes)
"""
"""planes, C x H x W, 0 to 1 -> corners, C x 4 (x y x y), and brightest, C: the largest value of each plane."""
BRIGHT_CONSTANTS: Mapping[str, Any] = {
    "limit": BRIGHT,
    "zero": 0,
    "one": 1,
    "two": 2,
    "unit": 1.0,
    "far": 1e6,
    "last": [1],
}


def torchvision_detector() -> dict[str, onnx.ModelProto]:
    """3 x H x W, 0 to 1 -> boxes 3 x 4 in pixels, scores 3, labels 3."""
    body = f"""
        planes = Identity(images) {BRIGHT_BOXES}
        boxes = Identity(corners)
        labels = Identity(ids)
        scores = Identity(brightest)
    """
    signature = "(float[3, height, width] images) => (float[3, 4] boxes, int64[3] labels, float[3] scores)"
    return {"model": network(signature, body, ids=COLOUR_LABELS, **BRIGHT_CONSTANTS)}


def tensorflow_detector() -> dict[str, onnx.ModelProto]:
    """1 x H x W x 3, uint8 -> the four outputs of TensorFlow's object detection API."""
    body = f"""
        numbers = Cast <to: int = 1> (image_tensor)
        ordered = Transpose <perm = [0, 3, 1, 2]> (numbers)
        image = Squeeze(ordered, first)
        planes = Div(image, most) {BRIGHT_BOXES}
        order = Gather <axis = 1> (corners, swapped)
        sizes = Gather(shape, one_two_one_two)
        lengths = Cast <to: int = 1> (sizes)
        fractions = Div(order, lengths)
        detection_boxes = Unsqueeze(fractions, first)
        detection_scores = Unsqueeze(brightest, first)
        detection_classes = Identity(ids)
        num_detections = Identity(three)
    """
    signature = """(uint8[1, height, width, 3] image_tensor) => (float[1, 3, 4] detection_boxes,
        float[1, 3] detection_scores, float[1, 3] detection_classes, float[1] num_detections)"""
    constants = {"ids": [[float(label) for label in COLOUR_LABELS]], "three": [3.0], "most": 255.0}
    indices = {"first": [0], "swapped": [1, 0, 3, 2], "one_two_one_two": [1, 2, 1, 2]}
    return {"model": network(signature, body, **constants, **indices, **BRIGHT_CONSTANTS)}


def embedding() -> dict[str, onnx.ModelProto]:
    """N x 3 x 256 x 128 -> N x 3, the mean of each channel."""
    body = "reid_embedding = ReduceMean <axes = [2, 3], keepdims = 0> (data)"
    return {"model": network("(float[n, 3, 256, 128] data) => (float[n, 3] reid_embedding)", body)}


def click_segmentation() -> dict[str, onnx.ModelProto]:
    """1 x 5 x 512 x 512 -> 1 x 1 x 512 x 512: the red channel less what is clicked away, 0 to 1."""
    body = """
        red, green, blue, inside, outside = Split <axis = 1> (image)
        left = Sub(red, outside)
        mask = Div(left, most)
    """
    signature = "(float[1, 5, 512, 512] image) => (float[1, 1, 512, 512] mask)"
    return {"model": network(signature, body, most=255.0)}


def siammask() -> dict[str, onnx.ModelProto]:
    """Template, search and refining network: a cell scores by how much around it has the target's colour."""
    body = """
        middle = Slice(z, begin, end, axes)
        zf = ReduceMean <axes = [2, 3], keepdims = 1> (middle)
    """
    signature = "(float[1, 3, 127, 127] z) => (float[1, 3, 1, 1] zf)"
    template = network(signature, body, begin=[48, 48], end=[79, 79], axes=[2, 3])
    return {"template": template, "search": _search(), "refine": _refine()}


def _search() -> onnx.ModelProto:
    """The mean over 64 x 64 pixels around each of the 25 x 25 cells, which lie 8 pixels apart."""
    body = """
        difference = Sub(x, zf)
        distances = Abs(difference)
        distance = ReduceMax <axes = [1], keepdims = 1> (distances)
        share = Div(distance, reach)
        likeness = Sub(unit, share)
        match = Relu(likeness)
        corr = AveragePool <kernel_shape=[64, 64], strides=[8, 8], pads=[1, 1, 0, 0], count_include_pad=1> (match)
        f0 = AveragePool <kernel_shape=[7, 7], strides=[2, 2]> (match)
        f1 = AveragePool <kernel_shape=[7, 7], strides=[4, 4]> (match)
        f2 = AveragePool <kernel_shape=[15, 15], strides=[8, 8]> (match)
        high = Mul(corr, twenty)
        logit = Sub(high, ten)
        target = Concat <axis = 1> (none_before, logit, none_after)
        score = Concat <axis = 1> (zeros, target)
        delta = Identity(still)
    """
    maps = "float[1, 1, 125, 125] f0, float[1, 1, 63, 63] f1, float[1, 1, 31, 31] f2, float[1, 1, 25, 25] corr"
    outputs = f"float[1, 10, 25, 25] score, float[1, 20, 25, 25] delta, {maps}"
    side = np.full((1, 2, 25, 25), -50.0)
    constants = {"reach": 64.0, "unit": 1.0, "twenty": 20.0, "ten": 10.0, "none_before": side, "none_after": side}
    empty = {"zeros": np.zeros((1, 5, 25, 25)), "still": np.zeros((1, 20, 25, 25))}
    signature = f"(float[1, 3, 1, 1] zf, float[1, 3, 255, 255] x) => ({outputs})"
    return network(signature, body, **constants, **empty)


def _refine() -> onnx.ModelProto:
    body = """
        m1 = ReduceMean <keepdims = 0> (f1)
        m2 = ReduceMean <keepdims = 0> (f2)
        m3 = ReduceMean <keepdims = 0> (corr)
        m12 = Add(m1, m2)
        m123 = Add(m12, m3)
        unused = Mul(m123, nothing)
        large = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel"> (f0, , , size)
        high = Mul(large, twenty)
        logit = Sub(high, ten)
        whole = Add(logit, unused)
        mask = Reshape(whole, flat)
    """
    shapes = {"f0": 61, "f1": 31, "f2": 15, "corr": 1}
    inputs = ", ".join(f"float[1, 1, {side}, {side}] {name}" for name, side in shapes.items())
    constants = {"nothing": 0.0, "twenty": 20.0, "ten": 10.0, "size": [1, 1, 127, 127], "flat": [1, 127 * 127]}
    return network(f"({inputs}) => (float[1, 16129] mask)", body, **constants)


SAMPLES: dict[str, Callable[[], dict[str, onnx.ModelProto]]] = {
    "openvino-person-reidentification-retail": embedding,
    "pth-faster-rcnn": torchvision_detector,
    "pth-foolwood-siammask": siammask,
    "pth-shiyinzhang-iog": click_segmentation,
    "tf-faster-rcnn-inception-v2-coco": tensorflow_detector,
}

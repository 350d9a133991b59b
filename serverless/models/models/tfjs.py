"""TensorFlow.js graph models (model.json and its .bin) as frozen TensorFlow graphs, which OpenVINO reads.

Needs no TensorFlow: GraphDef is written field by field, by the numbers of tensorflow/core/framework/*.proto.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import ModelError

TYPES = {"DT_FLOAT": 1, "DT_INT32": 3, "DT_UINT8": 4, "DT_STRING": 7, "DT_INT64": 9, "DT_BOOL": 10, "DT_HALF": 19}
NUMPY = {"float32": "<f4", "float16": "<f2", "int32": "<i4", "bool": "|b1", "uint8": "|u1", "uint16": "<u2"}
FUSED = {"_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
"""Operations of TensorFlow.js's optimiser, which OpenVINO does not know: a convolution, a bias and an activation."""
CONVOLUTION = ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings")

Json = dict[str, Any]


def to_frozen_graph(model: Path, output: Path) -> None:
    """Writes the graph of a model.json, whose weights lie beside it. Raises ModelError."""
    try:
        document = json.loads(model.read_text(encoding="utf-8"))
        weights = _weights(document["weightsManifest"], model.parent)
        nodes = [part for node in document["modelTopology"]["node"] for part in _plain(node)]
        graph = b"".join(_field(1, _node(node, weights)) for node in nodes)
    except (OSError, KeyError, ValueError) as error:
        raise ModelError(f"{model.name} is no TensorFlow.js graph model that can be read: {error!r}") from None
    output.write_bytes(graph + _field(4, _number(1, 808)))


def _weights(manifest: list[Json], folder: Path) -> dict[str, np.ndarray[Any, Any]]:
    arrays = {}
    for group in manifest:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        start = 0
        for weight in group["weights"]:
            stored = weight.get("quantization", {})
            kind = np.dtype(NUMPY[stored.get("dtype", weight["dtype"])])
            count = int(np.prod(weight["shape"], dtype=int))
            values = np.frombuffer(data, kind, count, start).reshape(weight["shape"])
            start += count * kind.itemsize
            if "scale" in stored:
                values = values * np.float32(stored["scale"]) + np.float32(stored["min"])
            arrays[weight["name"]] = values.astype(NUMPY[weight["dtype"]])
    return arrays


def _plain(node: Json) -> Iterator[Json]:
    """The node, or those that it was fused from."""
    if node["op"] not in FUSED:
        yield node
        return
    attributes = node["attr"]
    steps = [base64.b64decode(step).decode() for step in attributes["fused_ops"]["list"]["s"]]
    if steps[:1] != ["BiasAdd"] or len(steps) > 2 or len(node["input"]) != 3:  # noqa: PLR2004
        raise ValueError(f"{node['name']} fuses {steps}")
    name = node["name"]
    names = [f"{name}/unfused", f"{name}/biased", name]
    kept = {key: value for key, value in attributes.items() if key in CONVOLUTION}
    yield {"name": names[0], "op": FUSED[node["op"]], "input": node["input"][:2], "attr": kept}
    biased = name if len(steps) == 1 else names[1]
    bias = {key: value for key, value in attributes.items() if key in ("T", "data_format")}
    yield {"name": biased, "op": "BiasAdd", "input": [names[0], node["input"][2]], "attr": bias}
    if len(steps) > 1:
        yield {"name": name, "op": steps[1], "input": [biased], "attr": {"T": attributes["T"]}}


def _node(node: Json, weights: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    attributes = {key: _attribute(value) for key, value in node.get("attr", {}).items()}
    if node["op"] == "Const":
        attributes["value"] = _field(8, _tensor(node["attr"]["dtype"]["type"], weights[node["name"]]))
    encoded = _text(1, node["name"]) + _text(2, node["op"])
    encoded += b"".join(_text(3, name) for name in node.get("input", ()))
    return encoded + b"".join(_field(5, _text(1, key) + _field(2, value)) for key, value in attributes.items())


def _attribute(value: Json) -> bytes:
    """An AttrValue: list 1, s 2, i 3, f 4, b 5, type 6, shape 7."""
    ((kind, content),) = value.items()
    if kind == "list":
        return _field(1, b"".join(_scalar(part, item) for part, items in content.items() for item in items))
    return b"" if kind == "tensor" else _scalar(kind, content)


def _scalar(kind: str, value: Any) -> bytes:
    encoded = {
        "s": lambda: _field(2, base64.b64decode(value)),
        "i": lambda: _number(3, int(value)),
        "f": lambda: b"\x25" + np.float32(value).tobytes(),
        "b": lambda: _number(5, int(value)),
        "type": lambda: _number(6, TYPES[value]),
        "shape": lambda: _field(7, _shape(int(dimension["size"]) for dimension in value.get("dim", ()))),
    }
    return encoded[kind]()


def _tensor(dtype: str, values: np.ndarray[Any, Any]) -> bytes:
    encoded = _number(1, TYPES[dtype]) + _field(2, _shape(iter(values.shape)))
    if values.ndim:
        return encoded + _field(4, values.tobytes())
    # OpenVINO takes a scalar from the field of its type alone.
    if dtype == "DT_FLOAT":
        return encoded + b"\x2d" + values.tobytes()
    return encoded + _number(11 if dtype == "DT_BOOL" else 7, int(values))


def _shape(lengths: Iterator[int]) -> bytes:
    return b"".join(_field(2, _number(1, length)) for length in lengths)


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 0x7F:  # noqa: PLR2004
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])

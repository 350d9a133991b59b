"""TensorFlow.js graph models become frozen graphs that OpenVINO reads: names, shapes, weights, fused operations."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import pytest
from models.errors import ModelError
from models.tfjs import to_frozen_graph

WEIGHTS = np.arange(1, 7, dtype=np.float32).reshape(1, 1, 3, 2) / 10
BIAS = np.array([-1, 0.5], np.float32)


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def convolution(steps: list[str], inputs: list[str]) -> dict[str, Any]:
    ones = {"list": {"i": ["1", "1", "1", "1"]}}
    return {
        "name": "conv",
        "op": "_FusedConv2D",
        "input": inputs,
        "attr": {
            "T": {"type": "DT_FLOAT"},
            "strides": ones,
            "dilations": ones,
            "padding": text("SAME"),
            "data_format": text("NHWC"),
            "num_args": {"i": "1"},
            "epsilon": {"f": 0},
            "fused_ops": {"list": {"s": [text(step)["s"] for step in steps]}},
        },
    }


def constant(name: str, dtype: str = "DT_FLOAT") -> dict[str, Any]:
    return {"name": name, "op": "Const", "attr": {"dtype": {"type": dtype}, "value": {"tensor": {"dtype": dtype}}}}


def model(folder: Path, steps: list[str]) -> Path:
    """x (1 x 2 x 2 x 3) times the weights, plus a bias, an activation, and a scalar."""
    shape = {"shape": {"dim": [{"size": "1"}, {"size": "2"}, {"size": "2"}, {"size": "3"}]}}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": shape}},
        constant("weights"),
        constant("bias"),
        constant("scale"),
        convolution(steps, ["x", "weights", "bias"]),
        {"name": "y", "op": "Mul", "input": ["conv", "scale"], "attr": {"T": {"type": "DT_FLOAT"}}},
    ]
    manifest = [
        {"name": "weights", "shape": [1, 1, 3, 2], "dtype": "float32", "quantization": {"dtype": "float16"}},
        {"name": "bias", "shape": [2], "dtype": "float32"},
        {"name": "scale", "shape": [], "dtype": "float32"},
    ]
    data = WEIGHTS.astype("<f2").tobytes() + BIAS.tobytes() + np.float32(2).tobytes()
    (folder / "group1.bin").write_bytes(data)
    document = {
        "modelTopology": {"node": nodes},
        "weightsManifest": [{"paths": ["group1.bin"], "weights": manifest}],
    }
    (folder / "model.json").write_text(json.dumps(document))
    return folder / "model.json"


@pytest.mark.parametrize("steps", [["BiasAdd"], ["BiasAdd", "Relu"], ["BiasAdd", "Relu6"]])
def test_a_fused_convolution_is_taken_apart_and_computes_the_same(tmp_path: Path, steps: list[str]) -> None:
    to_frozen_graph(model(tmp_path, steps), tmp_path / "model.pb")
    compiled = ov.Core().compile_model(tmp_path / "model.pb", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    image = np.random.default_rng(1).normal(0, 5, (1, 2, 2, 3)).astype(np.float32)
    expected = image @ WEIGHTS.astype("<f2").astype(np.float32)[0, 0] + BIAS
    if len(steps) > 1:
        expected = np.clip(expected, 0, 6 if steps[1] == "Relu6" else None)
    assert compiled([image])[0] == pytest.approx(2 * expected, abs=1e-4)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"format": "layers-model"}')
    for path in (tmp_path / "other.json", tmp_path / "missing.json", model(tmp_path, ["Relu"])):
        with pytest.raises(ModelError, match=r"is no TensorFlow\.js graph model that can be read"):
            to_frozen_graph(path, tmp_path / "out.pb")

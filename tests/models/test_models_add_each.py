"""`models add NAME --from FOLDER` for each model of the catalogue, with networks of the inputs and outputs of its
architecture, and what is said where a source cannot be reached."""

import hashlib
import json
import subprocess
import urllib.error
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from models.adding import Places, add
from models.catalogue import CatalogueModel, SourceFile, read_catalogue
from models.errors import ModelError
from models.samples import network, save
from models.service import load_service
from models.tfjs import to_frozen_graph

from tests.support.models.model_process import unpack

CATALOGUE = read_catalogue()
Make = Callable[[Path], None]


def queries(side: int, count: int, classes: int) -> Make:
    """DETR's form: one object that is sure to be of the first class, in the middle."""
    logits, boxes = np.full((1, count, classes), -9.0), np.full((1, count, 4), 0.1)
    logits[0, 0, 0], boxes[0, 0] = 5.0, 0.5
    body = "mean = ReduceMean <keepdims = 0> (pixel_values) \n none = Mul(mean, zero) \n"
    body += "logits = Add(sure, none) \n pred_boxes = Add(boxes, none)"
    outputs = f"float[1, {count}, {classes}] logits, float[1, {count}, 4] pred_boxes"
    signature = f"(float[1, 3, {side}, {side}] pixel_values) => ({outputs})"
    return onnx_files(model=network(signature, body, zero=0.0, sure=logits, boxes=boxes))


def onnx_files(**networks: onnx.ModelProto) -> Make:
    def make(folder: Path) -> None:
        save(networks, folder)

    return make


def yolox() -> Make:
    values = np.zeros((1, 8400, 85))
    values[0, 0, 2:6] = [3.0, 3.0, 1.0, 1.0]
    body = "mean = ReduceMean <keepdims = 0> (images) \n none = Mul(mean, zero) \n output = Add(values, none)"
    signature = "(float[1, 3, 640, 640] images) => (float[1, 8400, 85] output)"
    return onnx_files(model=network(signature, body, zero=0.0, values=values))


def vittrack() -> Make:
    body = """
        a = ReduceMean <keepdims = 0> (template)
        b = ReduceMean <keepdims = 0> (search)
        both = Add(a, b)
        none = Mul(both, zero)
        output1 = Add(scores, none)
        output2 = Add(sizes, none)
        output3 = Add(offsets, none)
    """
    signature = """(float[1, 3, 128, 128] template, float[1, 3, 256, 256] search) =>
        (float[1, 1, 16, 16] output1, float[1, 2, 16, 16] output2, float[1, 2, 16, 16] output3)"""
    maps = {"sizes": np.full((1, 2, 16, 16), 0.25), "offsets": np.full((1, 2, 16, 16), 0.5)}
    return onnx_files(model=network(signature, body, zero=0.0, scores=np.eye(16)[None, None], **maps))


def ppocr(folder: Path) -> None:
    detector = network("(float[n, 3, h, w] x) => (float[n, 1, h, w] y)", "y = ReduceMax <axes = [1]> (x)")
    body = """
        strip = MaxPool <kernel_shape = [48, 8], strides = [48, 8]> (x)
        rows = ReduceMean <axes = [1], keepdims = 0> (strip)
        columns = Transpose <perm = [0, 2, 1]> (rows)
        none = Mul(columns, zero)
        y = Concat <axis = 2> (none, columns, none, none)
    """
    recognizer = network("(float[n, 3, 48, w] x) => (float[n, t, 4] y)", body, zero=0.0)
    recognizer.metadata_props.add(key="character", value="A\nB")
    save({"detector": detector, "recognizer": recognizer}, folder)


def expanded(name: str, shape: tuple[int, ...]) -> tuple[str, dict[str, list[int]]]:
    """A node that fills an output with a number, and its constant."""
    return f"{name} = Expand(none, {name}_shape) \n", {f"{name}_shape": list(shape)}


def segment_anything(image: str, features: Mapping[str, tuple[int, ...]], size: bool) -> Make:
    """Encoder and decoder of Segment Anything: `image` is the encoder's input, `size` whether masks are whole."""
    name = image.rsplit(maxsplit=1)[-1]
    constants: dict[str, list[int]] = {}
    body = f"mean = ReduceMean <keepdims = 0> ({name}) \n none = Mul(mean, zero) \n"
    for feature, shape in features.items():
        line, constant = expanded(feature, shape)
        body, constants = body + line, constants | constant
    outputs = ", ".join(f"float{list(shape)} {feature}" for feature, shape in features.items())
    encoder = network(f"({image}) => ({outputs})", body, zero=0.0, **constants)
    inputs = {
        **{feature: f"float{list(shape)}" for feature, shape in features.items()},
        "point_coords": "float[1, n, 2]",
        "point_labels": "float[1, n]",
        "mask_input": "float[1, 1, 256, 256]",
        "has_mask_input": "float[1]",
        **({"orig_im_size": "float[2]"} if size else {}),
    }
    sums = [f"s{at} = ReduceSum <keepdims = 0> ({each})" for at, each in enumerate(inputs)]
    total = "all = Sum(" + ", ".join(f"s{at}" for at in range(len(inputs))) + ")"
    ending = """
        numbers = Cast <to: int = 7> (orig_im_size)
        whole = Concat <axis = 0> (ones, numbers)
        masks = Expand(none, whole)
    """
    coarse = "masks = Expand(none, coarse)"
    lines = [*sums, total, "null = Mul(all, zero)", "none = Add(null, one)", ending if size else coarse]
    lines.append("iou_predictions = Expand(none, single)")
    signature = ", ".join(f"{kind} {each}" for each, kind in inputs.items())
    decoder = network(
        f"({signature}) => (float[1, 1, h, w] masks, float[1, 1] iou_predictions)",
        "\n".join(lines),
        zero=0.0,
        one=1.0,
        single=[1, 1],
        **({"ones": [1, 1]} if size else {"coarse": [1, 1, 256, 256]}),
    )
    return onnx_files(encoder=encoder, decoder=decoder)


def tensorflow_js(stem: str, image: tuple[str, list[str]], output: Mapping[str, Any]) -> Make:
    """A TensorFlow.js graph: outputs that do not depend on the image, which is read all the same."""
    dtype, lengths = image

    def node(name: str, op: str, inputs: list[str], **attributes: Any) -> dict[str, Any]:
        return {"name": name, "op": op, "input": inputs, "attr": attributes}

    def make(folder: Path) -> None:
        number, whole = {"type": "DT_FLOAT"}, {"type": "DT_INT32"}
        shape = {"shape": {"dim": [{"size": length} for length in lengths]}}
        constants = {"axes": np.array([0, 1, 2, 3], np.int32), "zero": np.array(0, np.float32)}
        constants |= {f"{name}_value": np.asarray(value, np.float32) for name, value in output.items()}
        nodes = [node("image_tensor", "Placeholder", [], dtype={"type": dtype}, shape=shape)]
        nodes += [
            node(name, "Const", [], dtype=kind, value={"tensor": {"dtype": kind["type"]}})
            for name, value in constants.items()
            for kind in [whole if value.dtype == np.int32 else number]
        ]
        nodes += [
            node("pixels", "Cast", ["image_tensor"], SrcT={"type": dtype}, DstT=number),
            node("mean", "Mean", ["pixels", "axes"], T=number, Tidx=whole, keep_dims={"b": False}),
            node("none", "Mul", ["mean", "zero"], T=number),
            *(node(name, "Add", [f"{name}_value", "none"], T=number) for name in output),
        ]
        weights = [
            {"name": name, "shape": list(value.shape), "dtype": "int32" if value.dtype == np.int32 else "float32"}
            for name, value in constants.items()
        ]
        manifest = [{"paths": [f"{stem}.bin"], "weights": weights}]
        document = {"modelTopology": {"node": nodes}, "weightsManifest": manifest, "format": "graph-model"}
        (folder / f"{stem}.json").write_text(json.dumps(document))
        (folder / f"{stem}.bin").write_bytes(b"".join(value.tobytes() for value in constants.values()))

    return make


def ssdlite(folder: Path) -> None:
    output = {
        "detection_boxes": [[[0.1, 0.2, 0.6, 0.7]]],
        "detection_scores": [[0.9]],
        "detection_classes": [[1.0]],
        "num_detections": [1.0],
    }
    tensorflow_js("graph", ("DT_UINT8", ["1", "-1", "-1", "3"]), output)(folder)
    to_frozen_graph(folder / "graph.json", folder / "model.pb")


FEATURES = {
    "image_embed": (1, 256, 64, 64),
    "high_res_feats_0": (1, 32, 256, 256),
    "high_res_feats_1": (1, 64, 128, 128),
}
MADE: Mapping[str, Make] = {
    "dfine-s": queries(640, 300, 80),
    "mobile-sam": segment_anything("float[h, w, 3] input_image", {"image_embeddings": (1, 256, 64, 64)}, size=True),
    "movenet-multipose": tensorflow_js(
        "movenet-multipose", ("DT_INT32", ["1", "256", "256", "3"]), {"poses": np.full((1, 6, 56), 0.5)}
    ),
    "owlv2-words": queries(960, 3600, 2),
    "ppocr-v6-small": ppocr,
    "rf-detr-small": queries(512, 300, 91),
    "rtdetr-v2-r18": queries(640, 300, 80),
    "sam2.1-tiny": segment_anything("float[1, 3, 1024, 1024] image", FEATURES, size=False),
    "ssdlite-person": ssdlite,
    "vittrack": vittrack(),
    "yolox-s": yolox(),
}
"""Files of each architecture's inputs and outputs, with nothing learned in between."""


def known(item: SourceFile, folder: Path) -> SourceFile:
    """The file as the catalogue would have it if the made one were the published one."""
    digest = hashlib.sha256((folder / item.file).read_bytes()).hexdigest()
    return item.model_copy(update={"sha256": digest}) if item.sha256 else item


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(functions=tmp_path / "functions", archives=tmp_path / "archives", cache=tmp_path / "cache")


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_file_that_is_here_becomes_an_archive_and_a_registry_file(name: str, tmp_path: Path, places: Places) -> None:
    given = tmp_path / "given"
    given.mkdir()
    MADE[name](given)
    model = CATALOGUE[name]
    files = tuple(known(item, given) for item in model.entry.files)
    model = model.model_copy(update={"entry": model.entry.model_copy(update={"files": files})})
    archive = add(model, places, [given])
    assert not places.cache.exists(), "nothing was fetched"
    assert yaml.safe_load((places.functions / f"{name}.yaml").read_text()) == model.document
    service = load_service(unpack(archive.path, tmp_path / "unpacked"), threads=1, expected=name)
    assert service.try_example() == archive.answer, "what a container of it answers"


@pytest.mark.parametrize(
    "name", [name for name, model in CATALOGUE.items() if any(f.sha256 for f in model.entry.files)]
)
def test_another_file_of_the_right_name_is_refused(name: str, tmp_path: Path, places: Places) -> None:
    given = tmp_path / "given"
    given.mkdir()
    MADE[name](given)
    with pytest.raises(ModelError, match=r"has SHA-256 [0-9a-f]{64}; the catalogue's"):
        add(CATALOGUE[name], places, [given])
    assert not places.archives.exists()


@pytest.mark.parametrize("model", CATALOGUE.values(), ids=CATALOGUE)
def test_a_source_that_cannot_be_reached_ends_in_a_sentence_with_the_way_round_it(
    model: CatalogueModel, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> Any:
        raise urllib.error.URLError("Network is unreachable")

    def failed(command: list[str], **_: Any) -> Any:
        raise subprocess.CalledProcessError(1, command, stderr="ERROR: Could not find a version\n")

    monkeypatch.setattr("urllib.request.urlopen", refused)
    monkeypatch.setattr("subprocess.run", failed)
    with pytest.raises(ModelError) as said:
        add(model, places)
    ways = {
        "--mirror hf-mirror.com": "--mirror HOST, such as hf-mirror.com",
        "mirror of PyPI": "export PIP_INDEX_URL=",
        "mirror of npm": "npm config set registry",
        "--from FILE": "--from FILE",
    }
    assert ways[model.in_china] in str(said.value)
    assert "--from FILE" in str(said.value)

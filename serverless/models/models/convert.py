"""Turns CVAT's own function.yaml files into registry files, or says what is missing."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from models.catalogue import readable_yaml
from models.errors import ModelError
from models.output_forms import BOX_NUMBERS

TABLE = Path(__file__).with_name("conversions.yaml")
KEPT = (
    "name type framework help_message animated_gif spec min_pos_points min_neg_points version "
    "startswith_box startswith_box_optional supported_shape_types"
).split()
"""Annotations of a registry file; Nuclio's triggers and build directives are left out."""
BY_WEIGHTS, BY_HAND = "--weights FILE", "no known form. Write its `sagemaker` block by hand"
QUERIES, ROW = 3, 6
"""Dimensions of 1 x queries x classes; numbers of a row of corners, score and class."""


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What became of one function.yaml."""

    source: Path
    name: str
    document: Mapping[str, Any] | None
    """The registry file; None where something is missing."""
    reason: str
    """Where the weights come from, or what is missing."""

    def __str__(self) -> str:
        return f"{'ready  ' if self.document else 'missing'}  {self.name}: {self.reason}"


def convert(folder: Path, functions: Path, weights: Path | None = None) -> list[Conversion]:
    """All function.yaml below a folder (or the file itself), of a checkout of CVAT or of your own. Raises ModelError.

    `functions` is the registry folder with the files that others are like. Of a function that the table does not know,
    `weights` is the network's file: what its outputs are called tells how to read them.
    """
    paths = [folder] if folder.is_file() else sorted(folder.rglob("function.yaml"))
    if not paths:
        raise ModelError(f"{folder} has no function.yaml, and is none: give a folder of CVAT's, or one such file")
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return [_converted(path, table, functions, weights) for path in paths]


def write(conversions: list[Conversion], output: Path) -> list[Path]:
    """Writes the registry files that are ready; what is already there stays. Returns the new files."""
    output.mkdir(parents=True, exist_ok=True)
    written = []
    for conversion in conversions:
        path = output / f"{conversion.name}.yaml"
        if conversion.document and not path.exists():
            path.write_text(readable_yaml(conversion.document), encoding="utf-8")
            written.append(path)
    return written


def _converted(path: Path, table: list[dict[str, Any]], functions: Path, weights: Path | None) -> Conversion:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        annotations = document["metadata"]["annotations"]
        name, kind = document["metadata"]["name"], annotations["type"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        lacks = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(f"{path} is no function of CVAT's ({lacks}): give a function.yaml of Nuclio's") from None
    entry = next((row for row in table if re.fullmatch(row["names"], name)), None)
    if entry is None:
        entry = _guess(kind, annotations, weights)
    if "missing" in entry:
        return Conversion(source=path, name=name, document=None, reason=entry["missing"])
    block = entry.get("sagemaker") or _like(functions, entry["like"])
    kept = {key: annotations[key] for key in KEPT if key in annotations}
    if kind == "interactor":
        kept.setdefault("version", 2)  # CVAT's interface refuses less since v2.3
    converted = {
        "metadata": {"name": name, "namespace": "cvat", "annotations": kept},
        "spec": {"description": (document.get("spec") or {}).get("description") or kept.get("name", name)},
        "sagemaker": block,
    }
    return Conversion(source=path, name=name, document=converted, reason=entry["weights"])


def _like(functions: Path, name: str) -> Any:
    block = yaml.safe_load((functions / f"{name}.yaml").read_text(encoding="utf-8"))["sagemaker"]
    return {key: value for key, value in block.items() if key in ("handler", "options")}


def _guess(kind: str, annotations: Mapping[str, Any], weights: Path | None) -> dict[str, Any]:
    """A row for a function that the table does not know, from what its network's outputs are called."""
    if weights is None:
        return {"missing": f"not known. Name its network, whose outputs tell how to read them: {BY_WEIGHTS}"}
    outputs = _outputs(weights)
    shown = ", ".join(f"{name} {list(shape)}" for name, shape in outputs.items())
    labels = len(json.loads(annotations.get("spec") or "[]"))
    block = _by_names(outputs) or _by_shape(outputs, labels) if kind == "detector" else None
    if block is None:
        return {"missing": f"a {kind} whose network answers {shown}: {BY_HAND}"}
    return {
        "sagemaker": block,
        "weights": f"{weights.name}. GUESSED from its outputs ({shown}): check input and labels",
    }


def _by_names(outputs: Mapping[str, tuple[int | None, ...]]) -> dict[str, Any] | None:
    """The `sagemaker` block for outputs of known names."""
    for scores, boxes in (("logits", "pred_boxes"), ("pred_logits", "pred_boxes"), ("labels", "dets")):
        # MMDeploy's labels are one a box; RF-DETR's of the same name are logits of each class.
        if {scores, boxes} <= set(outputs) and len(outputs[scores]) == QUERIES:
            output = {"scores": scores, "boxes": boxes}
            return {"handler": "detr-detector", "options": {"input": {"divide": [255]}, "output": output}}
    if {"dets", "labels"} <= set(outputs):
        rows = {"values": "dets", "labels": "labels", "columns": ["x1", "y1", "x2", "y2", "score"]}
        return {"handler": "row-detector", "options": {"input": {}, "output": rows}}
    if {"boxes", "scores", "labels"} <= set(outputs):
        return {"handler": "torchvision-detector"}
    if {"detection_boxes", "detection_scores", "detection_classes"} <= set(outputs):
        return {"handler": "tensorflow-detector"}
    return None


def _by_shape(outputs: Mapping[str, tuple[int | None, ...]], labels: int) -> dict[str, Any] | None:
    """The `sagemaker` block for a single output of YOLO's shapes."""
    shape = next(iter(outputs.values()))
    if len(outputs) != 1 or len(shape) != QUERIES:
        return None
    letterbox = {"divide": [255], "fit": "letterbox"}
    if shape[-1] == ROW:
        return {"handler": "row-detector", "options": {"input": letterbox}}
    for objectness in (False, True):
        if BOX_NUMBERS + objectness + labels in shape[1:]:
            output = {"classes": labels, "objectness": objectness}
            return {"handler": "yolo-detector", "options": {"input": letterbox, "output": output}}
    return None


def _outputs(weights: Path) -> dict[str, tuple[int | None, ...]]:
    import onnx  # noqa: PLC0415  of the development environment, not of the image

    try:
        graph = onnx.load(weights, load_external_data=False).graph
    except Exception as error:  # of bytes that are no network, the parser raises nearly everything
        raise ModelError(f"--weights {weights} is no ONNX file: {error!r:.200}") from None
    return {
        value.name: tuple(size.dim_value or None for size in value.type.tensor_type.shape.dim) for value in graph.output
    }

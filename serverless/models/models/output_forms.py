"""The forms in which detectors put out what they found, each with its options and what reads it: FORMS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator
from scipy.special import expit, softmax

from models.errors import ModelError
from models.runtime import Array
from models.validation import Options

BOX_NUMBERS = 4
MAX_CANDIDATES = 3000
"""Of the highest scores, so many take part in non-maximum suppression: with a threshold of 0 there are a million."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a network found in an image, in pixels of what it was shown; one row each."""

    boxes: Array
    """n x 4: left, top, right, bottom."""
    scores: Array
    """n, 0 to 1."""
    ids: Array
    """n: of the registry's spec."""
    keypoints: Array | None = None
    """n x k x 3: x, y and score."""
    masks: Array | None = None
    """n x height x width: positive where the object is, of all that was shown."""

    def __getitem__(self, chosen: Any) -> "Found":
        """The chosen rows."""
        return Found(
            boxes=self.boxes[chosen],
            scores=self.scores[chosen],
            ids=self.ids[chosen],
            keypoints=None if self.keypoints is None else self.keypoints[chosen],
            masks=None if self.masks is None else self.masks[chosen],
        )


class OutputForm(Options):
    """What every form declares."""

    box_units: Literal["pixels", "fractions"]
    """Pixels of the image as the network was shown it, or fractions 0 to 1 of it."""
    first_id: int = 0
    """The spec's id of the network's first class."""
    top: Annotated[int, Field(ge=1)] = 300
    """At most so many objects."""
    ignored: tuple[str, ...] = ()
    """Outputs that are known and not needed. Any other one is refused: it may say what the rest means."""

    def outputs(self) -> dict[str, str | None]:
        """Our names of the outputs -> the network's."""
        raise NotImplementedError


class Queries(OutputForm):
    """DETR and its kin (RT-DETR, D-FINE, DEIM, RF-DETR, OWLv2): a box and a logit a class for each query."""

    form: Literal["queries"] = "queries"
    scores: str = "logits"
    """1 x queries x classes."""
    boxes: str = "pred_boxes"
    """1 x queries x 4."""
    masks: str | None = None
    """1 x queries x height x width, logits."""
    activation: Literal["sigmoid", "softmax", "none"] = "sigmoid"
    """softmax: the last class is "no object", as DETR has it."""
    pick: Literal["pairs", "best"] | None = None
    """pairs: a query counts for each of its classes; best: for its best. Default: best after softmax, else pairs."""
    box_format: Literal["cxcywh", "xyxy"] = "cxcywh"
    box_units: Literal["pixels", "fractions"] = "fractions"

    def outputs(self) -> dict[str, str | None]:
        """Scores, boxes and, if there are any, masks."""
        masks: dict[str, str | None] = {"masks": self.masks} if self.masks else {}
        return {"scores": self.scores, "boxes": self.boxes, **masks}


class Grid(OutputForm):
    """YOLO: a candidate a cell, with suppression of duplicates still to do. Columns or rows: whichever is so long.

    Box, objectness if any, classes, mask coefficients, keypoints, in this order.
    """

    form: Literal["grid"] = "grid"
    values: str | None = None
    """1 x numbers x candidates, or 1 x candidates x numbers; not needed where it is the only output."""
    classes: Annotated[int, Field(ge=1)]
    objectness: bool = False
    """Whether a column before the classes says that there is an object, by which they are multiplied."""
    activation: Literal["sigmoid", "none"] = "none"
    """Of objectness and classes."""
    box_format: Literal["cxcywh", "xyxy"] = "cxcywh"
    box_units: Literal["pixels", "fractions"] = "pixels"
    strides: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Where boxes are still in cells, as YOLOX exports them: pixels between the cells of each level."""
    masks: str | None = None
    """Prototypes of masks, 1 x coefficients x height x width."""
    coefficients: Annotated[int, Field(ge=0)] = 0
    """Columns of mask coefficients behind the classes."""
    keypoints: Annotated[int, Field(ge=0)] = 0
    """Keypoints of three columns each (x, y, score) at the end."""
    overlap: Annotated[float, Field(gt=0, le=1)] = 0.45
    """Of two boxes of one class with a larger intersection over union, the lower score is left out."""
    across_classes: bool = False
    """Whether boxes of different classes suppress each other, too."""

    def outputs(self) -> dict[str, str | None]:
        """The candidates and, if there are any, mask prototypes."""
        masks: dict[str, str | None] = {"masks": self.masks} if self.masks else {}
        return {"values": self.values, **masks}

    @model_validator(mode="after")
    def _masks_are_whole(self) -> "Grid":
        if bool(self.masks) != bool(self.coefficients):
            raise ValueError("masks and coefficients come together")
        return self


Column = Literal["x1", "y1", "x2", "y2", "cx", "cy", "w", "h", "score", "label", "keypoints", "-"]


class Rows(OutputForm):
    """Networks that end in suppression (YOLOv10 and 26, DetectionOutput, RTMDet, MoveNet): a row an object."""

    form: Literal["rows"] = "rows"
    values: str | None = None
    """... x n x numbers; not needed where it is the only output."""
    columns: tuple[Column, ...] = ("x1", "y1", "x2", "y2", "score", "label")
    """What the numbers are, "-" for one that is not needed; "keypoints" stands for all of theirs."""
    labels: str | None = None
    """Another output with the classes, one a row; without it and without a column, all are the first class."""
    box_units: Literal["pixels", "fractions"] = "pixels"
    keypoints: Annotated[int, Field(ge=0)] = 0
    keypoint_columns: tuple[Literal["x", "y", "score"], ...] = ("x", "y", "score")
    overlap: Annotated[float, Field(gt=0, le=1)] | None = None
    """As of a grid; null: the network has left out duplicates itself."""

    def outputs(self) -> dict[str, str | None]:
        """The rows and, if they are apart, the labels."""
        return {"values": self.values, **({"labels": self.labels} if self.labels else {})}

    @model_validator(mode="after")
    def _boxes_are_whole(self) -> "Rows":
        corners, centres = {"x1", "y1", "x2", "y2"}, {"cx", "cy", "w", "h"}
        if not (corners <= set(self.columns) or centres <= set(self.columns)) or "score" not in self.columns:
            raise ValueError("columns must have x1 y1 x2 y2 or cx cy w h, and score")
        if ("keypoints" in self.columns) != bool(self.keypoints):
            raise ValueError('keypoints is the number of what "keypoints" in columns stands for')
        return self


def read_queries(options: Queries, results: Mapping[str, Array], shown: tuple[int, int], threshold: float) -> Found:
    """What a DETR-like network found; the same pairs of query and class as its authors' own post-processing."""
    logits = results["scores"].astype(np.float64)
    boxes = results["boxes"].astype(np.float64).reshape(-1, BOX_NUMBERS)
    logits = logits.reshape(-1, logits.shape[-1])
    _check_count(boxes, logits)
    if options.activation == "softmax":
        scores = softmax(logits, axis=1)[:, :-1]
    else:
        scores = expit(logits) if options.activation == "sigmoid" else logits
    if (options.pick or ("best" if options.activation == "softmax" else "pairs")) == "best":
        queries, classes = np.arange(len(scores)), scores.argmax(axis=1)
    else:
        queries, classes = (axis.ravel() for axis in np.indices(scores.shape))
    values = scores[queries, classes]
    order = np.argsort(-values, kind="stable")[: options.top]
    order = order[values[order] >= threshold]
    queries, classes = queries[order], classes[order]
    masks = results.get("masks")
    return Found(
        boxes=_corners(boxes[queries], options.box_format, options.box_units, shown),
        scores=values[order],
        ids=classes + options.first_id,
        masks=None if masks is None else masks.reshape(len(boxes), *masks.shape[-2:])[queries],
    )


def read_grid(options: Grid, results: Mapping[str, Array], shown: tuple[int, int], threshold: float) -> Found:
    """What a YOLO network found, without duplicates."""
    table = _candidates(options, results["values"])
    first = BOX_NUMBERS + options.objectness
    scores = table[:, first : first + options.classes]
    objectness = table[:, BOX_NUMBERS:first]
    if options.activation == "sigmoid":
        scores, objectness = expit(scores), expit(objectness)
    scores = scores * objectness if options.objectness else scores
    classes = scores.argmax(axis=1)
    values = scores[np.arange(len(scores)), classes]
    order = np.argsort(-values, kind="stable")[:MAX_CANDIDATES]
    order = order[values[order] >= threshold]
    boxes = _from_cells(table[:, :BOX_NUMBERS], options.strides, shown)[order]
    boxes = _corners(boxes.astype(np.float64), options.box_format, options.box_units, shown)
    groups = np.zeros(len(order)) if options.across_classes else classes[order]
    kept = without_duplicates(boxes, groups, options.overlap)[: options.top]
    rest = table[order[kept], first + options.classes :]
    masks = None
    if options.masks:
        prototypes = results["masks"]
        flat = rest[:, : options.coefficients] @ prototypes.reshape(options.coefficients, -1)
        masks = flat.reshape(-1, *prototypes.shape[-2:])
    keypoints = rest[:, options.coefficients :].reshape(-1, options.keypoints, 3) if options.keypoints else None
    return Found(
        boxes=boxes[kept],
        scores=values[order[kept]].astype(np.float64),
        ids=classes[order[kept]] + options.first_id,
        keypoints=keypoints,
        masks=masks,
    )


def read_rows(options: Rows, results: Mapping[str, Array], shown: tuple[int, int], threshold: float) -> Found:
    """What a network found that gives one row an object."""
    places: dict[str, slice] = {}
    width = 0
    for column in options.columns:
        length = options.keypoints * len(options.keypoint_columns) if column == "keypoints" else 1
        places[column] = slice(width, width + length)
        width += length
    values = results["values"]
    if values.shape[-1] != width:
        raise ModelError(f"the network's rows have {values.shape[-1]} numbers; output.columns names {width}")
    table = values.reshape(-1, width).astype(np.float64)
    corners = "x1" in places
    boxes = np.concatenate([table[:, places[name]] for name in (_CORNERS if corners else _CENTRES)], axis=1)
    scores = table[:, places["score"]].ravel()
    if options.labels:
        classes = results["labels"].ravel()
    else:
        classes = table[:, places["label"]].ravel() if "label" in places else np.zeros(len(table))
    if len(classes) != len(table):
        raise ModelError(f"the network answers {len(table)} rows and {len(classes)} labels; there must be one a row")
    # A network's unused rows may hold anything: NaN fails both comparisons and is left out.
    order = np.argsort(-scores, kind="stable")
    order = order[(scores[order] >= threshold) & np.isfinite(boxes[order]).all(axis=1) & np.isfinite(classes[order])]
    boxes = _corners(boxes[order], "xyxy" if corners else "cxcywh", options.box_units, shown)
    kept = np.arange(len(order))
    if options.overlap:
        kept = without_duplicates(boxes, classes[order], options.overlap)
    kept = kept[: options.top]
    keypoints = None
    if options.keypoints:
        keypoints = table[order[kept], places["keypoints"]].reshape(
            -1, options.keypoints, len(options.keypoint_columns)
        )
        keypoints = _keypoints(keypoints, options, shown)
    return Found(
        boxes=boxes[kept],
        scores=scores[order[kept]],
        ids=classes[order[kept]] + options.first_id,
        keypoints=keypoints,
    )


_CORNERS, _CENTRES = ("x1", "y1", "x2", "y2"), ("cx", "cy", "w", "h")

FORMS: dict[str, tuple[type[OutputForm], Callable[[Any, Mapping[str, Array], tuple[int, int], float], Found]]] = {
    "queries": (Queries, read_queries),
    "grid": (Grid, read_grid),
    "rows": (Rows, read_rows),
}
"""output.form -> its options, and what reads it: outputs, width and height of what was shown, least score."""

AnyForm = Annotated[Queries | Grid | Rows, Field(discriminator="form")]


def without_duplicates(boxes: Array, groups: Array, overlap: float) -> Array:
    """Indices of the boxes (n x 4, highest score first) that no better one of their group overlaps by more."""
    if not len(boxes):
        return np.arange(0)
    shifted = boxes + (groups * (np.abs(boxes).max() * 2 + 1))[:, np.newaxis]
    areas = np.prod((shifted[:, 2:] - shifted[:, :2]).clip(0), axis=1)
    left = np.arange(len(boxes))
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        low = np.maximum(shifted[best, :2], shifted[left, :2])
        high = np.minimum(shifted[best, 2:], shifted[left, 2:])
        common = np.prod((high - low).clip(0), axis=1)
        left = left[common <= overlap * (areas[best] + areas[left] - common)]
    return np.array(kept)


def _check_count(boxes: Array, rows: Array) -> None:
    if len(boxes) != len(rows):
        raise ModelError(
            f"the network answers {len(boxes)} boxes and {len(rows)} rows of scores; there must be as many"
        )


def _candidates(options: Grid, values: Array) -> Array:
    """candidates x numbers, whichever way the network has them."""
    width = BOX_NUMBERS + options.objectness + options.classes + options.coefficients + 3 * options.keypoints
    table: Array = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values[np.newaxis]
    if table.shape[1] == width:
        return table
    if table.shape[0] == width:
        return table.T
    raise ModelError(
        f"the network's candidates are {' x '.join(map(str, table.shape))}; with sagemaker.options.output each has "
        f"{width} numbers: 4 of the box, {int(options.objectness)} of objectness, {options.classes} of classes, "
        f"{options.coefficients} of masks, {3 * options.keypoints} of keypoints"
    )


def _from_cells(boxes: Array, strides: tuple[int, ...], shown: tuple[int, int]) -> Array:
    """Centres relative to cells, and logarithms of sizes in cells, become pixels (YOLOX)."""
    if not strides:
        return boxes
    cells, lengths = [], []
    for stride in strides:
        rows, columns = np.indices((shown[1] // stride, shown[0] // stride))
        cells.append(np.stack((columns.ravel(), rows.ravel()), axis=1))
        lengths.append(np.full((rows.size, 1), stride))
    cell, length = np.concatenate(cells), np.concatenate(lengths)
    if len(cell) != len(boxes):
        raise ModelError(f"the network has {len(boxes)} candidates; strides {strides} make {len(cell)}")
    return np.concatenate(((boxes[:, :2] + cell) * length, np.exp(boxes[:, 2:]) * length), axis=1)


def _corners(boxes: Array, box_format: str, units: str, shown: tuple[int, int]) -> Array:
    """Boxes as left, top, right, bottom in pixels of what was shown."""
    if box_format == "cxcywh":
        halves = boxes[:, 2:] / 2
        boxes = np.concatenate((boxes[:, :2] - halves, boxes[:, :2] + halves), axis=1)
    return np.asarray(boxes * np.tile(shown, 2) if units == "fractions" else boxes)


def _keypoints(values: Array, options: Rows, shown: tuple[int, int]) -> Array:
    """n x k x 3: x, y and score (1 where the network gives none) in pixels of what was shown."""
    names = options.keypoint_columns
    parts = [
        values[..., names.index(name)] if name in names else np.ones(values.shape[:2]) for name in ("x", "y", "score")
    ]
    if options.box_units == "fractions":
        parts[0], parts[1] = parts[0] * shown[0], parts[1] * shown[1]
    return np.stack(parts, axis=2)

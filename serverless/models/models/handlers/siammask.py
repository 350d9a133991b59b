"""SiamMask: follows a target from frame to frame, with all it remembers in a small JSON state."""

import base64
import binascii
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import Field

from models import siamese
from models.errors import ModelError, RequestError
from models.function import Function
from models.image_input import ImageInput
from models.images import Pixels, decode_image
from models.runtime import Array, Names, Network, Runtime, find_part
from models.siamese import Hyperparameters, Vector
from models.validation import Options, Request, parse_options, parse_request

Coordinate = Annotated[float, Field(ge=-100_000, le=100_000)]
Length = Annotated[float, Field(gt=0, le=100_000)]
MIN_SHAPE = 4
"""Numbers of the smallest shape: two corners."""


class Patch(Options):
    """A feature map of the search network, and the piece of it that the refining network takes."""

    name: str
    """What both networks call it."""
    padding: int = Field(ge=0)
    """Zeros on each side before the piece is cut."""
    stride: int = Field(ge=1)
    """Cells of the map for one cell of the score map."""
    size: int = Field(ge=1)
    """Side of the piece in cells."""


class SiamMaskOptions(Options):
    """sagemaker.options of a SiamMask exported as three networks: template, search and refine."""

    colors: Literal["RGB", "BGR"] = "BGR"
    """What the networks were trained with; SiamMask reads its images with OpenCV."""
    patches: Annotated[tuple[Patch, ...], Field(min_length=1)] = (
        Patch(name="f0", padding=16, stride=4, size=61),
        Patch(name="f1", padding=8, stride=2, size=31),
        Patch(name="f2", padding=4, stride=1, size=15),
        Patch(name="corr", padding=0, stride=1, size=1),
    )
    """SiamMask-sharp's three stages of features and its correlation map (Refine.forward with test=True)."""
    hyperparameters: Hyperparameters = Hyperparameters()


class TypedShape(Request):
    """A shape as CVAT sends it since v2.40 to functions that declare supported_shape_types."""

    type: Literal["rectangle", "polygon"]
    points: list[float]


class State(Request):
    """All that is remembered of a target. It comes back from a browser, so nothing in it is trusted."""

    position: tuple[Coordinate, Coordinate]
    """Centre, in pixels of the image."""
    size: tuple[Length, Length]
    """Width and height in pixels."""
    average: tuple[float, float, float]
    """Mean colour of the first frame."""
    template: str
    """The template's features as float16, little endian, base64."""
    type: Literal["rectangle", "polygon"] | None = None
    """Of the shape that the target began with, if it had a type: answers have it, too."""


class TrackerRequest(Request):
    """CVAT's call of a tracker: since v1.7 for many targets, before it for one."""

    image: str
    shapes: list[list[float] | TypedShape | None] | None = None
    states: list[State | None] | None = None
    shape: list[float] | None = None
    state: State | None = None


class SiamMaskTracker:
    """First call: a shape and no state. Later calls: the last answer's state."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(SiamMaskOptions, function.name, function.options)
        self._parameters = options.hyperparameters
        self._chooser = siamese.Chooser(self._parameters)
        patches: Names = {patch.name: patch.name for patch in options.patches}

        def load(part: str, name: str, side: int, inputs: Names, outputs: Names) -> Network:
            declared = ImageInput(name=name, colors=options.colors, size=(side, side))
            return runtime.load(find_part(folder, part), inputs, outputs, image=declared)

        self.template = load("template", "z", self._parameters.exemplar_size, {}, {"zf": "zf"})
        outputs = {"score": "score", "delta": "delta", **patches}
        self.search = load("search", "x", self._parameters.instance_size, {"zf": "zf"}, outputs)
        self.refine = runtime.load(find_part(folder, "refine"), patches, {"mask": "mask"})
        self._check_outputs()

    def _check_outputs(self) -> None:
        """Raises ModelError where the networks were exported for other hyperparameters."""
        parameters = self._parameters
        anchors, side = len(parameters.ratios) * len(parameters.scales), parameters.score_size
        expected = {
            "score": (self.search, (1, 2 * anchors, side, side)),
            "delta": (self.search, (1, 4 * anchors, side, side)),
            "mask": (self.refine, (parameters.out_size**2,)),
        }
        for name, (network, lengths) in expected.items():
            shape = network.output_shape(name)
            known = [length for length in shape if length is not None]
            fits = prod(known) == lengths[0] if name == "mask" else known == list(lengths)
            if shape and len(known) == len(shape) and not fits:
                raise ModelError(
                    f"the output {name!r} is {shape}; with sagemaker.options.hyperparameters it is {lengths}"
                )

    def __call__(self, body: Any) -> dict[str, Any]:
        """{"shapes": [...], "states": [...]}, or shape and state where the request was singular."""
        request = parse_request(TrackerRequest, body)
        singular = request.shapes is None and request.states is None
        shapes = [request.shape] if singular else request.shapes or []
        states = [request.state] if singular else request.states or []
        count = max(len(shapes), len(states))
        pixels = decode_image(request.image)
        results = [
            self._follow(
                pixels,
                shapes[i] if i < len(shapes) else None,
                states[i] if i < len(states) else None,
                f"shapes.{i}",
            )
            for i in range(count)
        ]
        if singular:
            return {"shape": results[0][0], "state": results[0][1]}
        return {"shapes": [shape for shape, _ in results], "states": [state for _, state in results]}

    def _follow(
        self, pixels: Pixels, shape: list[float] | TypedShape | None, state: State | None, field: str
    ) -> tuple[Any, dict[str, Any]]:
        """A target's shape and its next state."""
        if state is not None:
            return self._track(pixels, state)
        kind, points = (shape.type, shape.points) if isinstance(shape, TypedShape) else (None, shape)
        if points is None or len(points) < MIN_SHAPE or len(points) % 2:
            raise RequestError(f"{field}: without a state, a shape of at least two points x, y is needed, not {points}")
        started = self._start(pixels, np.array(points, dtype=np.float64).reshape(-1, 2), kind)
        return ({"type": kind, "points": points} if kind else points), started

    def _start(self, pixels: Pixels, points: Vector, kind: str | None) -> dict[str, Any]:
        """The state of a new target."""
        low, high = points.min(axis=0), points.max(axis=0)
        frame = np.array(pixels.shape[1::-1])
        if ((high - low) <= 0).any() or (high < 0).any() or (low > frame).any():
            raise RequestError(f"the shape {points.ravel().tolist()} has no area inside of the image")
        position, size = (low + high) / 2, high - low
        average = np.array(cv2.mean(pixels)[:3])
        window = siamese.template_window(position, size, self._parameters)
        patch = siamese.cut(pixels, window, self._parameters.exemplar_size, average)
        features = self.template({"image": patch[np.newaxis]})["zf"]
        text = base64.b64encode(features.astype("<f2").tobytes()).decode("ascii")
        return _state(position, size, average.round(2), text, kind)

    def _track(self, pixels: Pixels, state: State) -> tuple[Any, dict[str, Any]]:
        """The target's rotated box in this frame, eight numbers or a shape of its type, and its next state."""
        frame = (pixels.shape[1], pixels.shape[0])
        position, size, average = np.array(state.position), np.array(state.size), np.array(state.average)
        window = siamese.search_window(position, size, self._parameters)
        patch = siamese.cut(pixels, window, self._parameters.instance_size, average)
        results = self.search({"image": patch[np.newaxis], "zf": self._features(state.template)})
        candidate = self._chooser.choose(results["score"], results["delta"], window, size)
        pieces = {patch.name: _piece(results[patch.name], patch, candidate) for patch in self._options.patches}
        logits = self.refine(pieces)["mask"]
        box = siamese.rotated_box(logits, candidate, window, self._parameters, frame)
        if box is None:
            box = candidate.position + np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * candidate.size / 2
        position, size = siamese.clamp(candidate, frame)
        corners = np.array([box.min(axis=0), box.max(axis=0)]) if state.type == "rectangle" else box
        points = corners.round(2).ravel().tolist()
        shape = {"type": state.type, "points": points} if state.type else points
        return shape, _state(position, size, average, state.template, state.type)

    def _features(self, text: str) -> Array:
        shape = [1 if length is None else length for length in self.search.shape("zf")]
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise RequestError(
                "the state's template is not base64 text: send back the state of the last answer"
            ) from None
        if len(data) != 2 * int(np.prod(shape)):
            raise RequestError(
                f"the state's template has {len(data)} bytes, this model's have {2 * int(np.prod(shape))}: "
                "start again with a shape"
            )
        features = np.frombuffer(data, "<f2").astype(np.float32).reshape(shape)
        if not np.isfinite(features).all():
            raise RequestError("the state's template holds numbers that are not finite: start again with a shape")
        return features


def _state(position: Vector, size: Vector, average: Vector, template: str, kind: str | None) -> dict[str, Any]:
    state = {
        "position": position.tolist(),
        "size": size.tolist(),
        "average": average.tolist(),
        "template": template,
    }
    return state | {"type": kind} if kind else state


def _piece(features: Array, patch: Patch, candidate: siamese.Candidate) -> Array:
    """1 x channels x size x size around the candidate; zeros beyond the map's edge."""
    top, left = (patch.stride * index - patch.padding for index in (candidate.row, candidate.column))
    height, width = features.shape[2:]
    piece = np.zeros((*features.shape[:2], patch.size, patch.size), np.float32)
    rows = slice(max(top, 0), min(top + patch.size, height))
    columns = slice(max(left, 0), min(left + patch.size, width))
    piece[:, :, rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = features[
        :, :, rows, columns
    ]
    return piece

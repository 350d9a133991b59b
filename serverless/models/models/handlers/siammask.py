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
from models.handlers.tracking import NewTarget, Remembered, TargetState, TrackerRequest, follow, remembered
from models.image_input import ImageInput
from models.images import Pixels
from models.runtime import Array, Names, Network, Runtime, find_part
from models.siamese import Hyperparameters
from models.validation import Options, parse_options


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


class State(TargetState):
    """All that is remembered of a target."""

    average: tuple[float, float, float]
    """Mean colour of the first frame."""
    template: str
    """The template's features as float16, little endian, base64."""


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
        """See tracking.follow."""
        return follow(body, TrackerRequest[State], self._start, self._track)

    def _start(self, pixels: Pixels, target: NewTarget) -> Remembered:
        """The state of a new target."""
        average = np.array(cv2.mean(pixels)[:3])
        window = siamese.template_window(target.position, target.size, self._parameters)
        patch = siamese.cut(pixels, window, self._parameters.exemplar_size, average)
        features = self.template({"image": patch[np.newaxis]})["zf"]
        text = base64.b64encode(features.astype("<f2").tobytes()).decode("ascii")
        own = {"average": average.round(2).tolist(), "template": text}
        return remembered(target.position, target.size, target.kind, **own)

    def _track(self, pixels: Pixels, state: State) -> tuple[list[float], Remembered]:
        """The corners of the target's rotated box in this frame, of a rectangle those of the box around it."""
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
        own = {"average": average.tolist(), "template": state.template}
        return corners.round(2).ravel().tolist(), remembered(position, size, state.type, **own)

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

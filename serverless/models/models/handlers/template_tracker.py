"""Trackers that look for a small picture of the target around its last place (VitTrack): the state is that picture."""

import base64
import binascii
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.errors import ModelError, RequestError
from models.function import Function
from models.handlers.tracking import Kind, NewTarget, Remembered, TargetState, TrackerRequest, follow, remembered
from models.image_input import ImageInput
from models.images import Pixels
from models.runtime import Array, Runtime, find_model
from models.validation import Options, parse_options

JPEG_QUALITY = 90
"""Of the target's picture: 128 x 128 pixels of noise are 24 kB of base64 at most."""
MAX_STATE_TEXT = 30_000
"""Characters of a state's picture."""
PLANES = 2
"""Of the maps of sizes and offsets: horizontal, then vertical."""


class TrackerOptions(Options):
    """sagemaker.options of a template tracker; the defaults are VitTrack's of OpenCV's model zoo."""

    model: str | None = None
    template: str = "template"
    """Input for the target's picture."""
    search: str = "search"
    """Input for the place where it is looked for."""
    scores: str = "output1"
    """1 x 1 x cells x cells."""
    sizes: str = "output2"
    """1 x 2 x cells x cells: width and height in fractions of the place."""
    offsets: str = "output3"
    """1 x 2 x cells x cells: of the middle from the cell's corner, in cells."""
    mean: tuple[float, ...] = (123.675, 116.28, 103.53)
    divide: tuple[float, ...] = (58.395, 57.12, 57.375)
    colors: Literal["RGB", "BGR"] = "BGR"
    """OpenCV's tracker feeds its network as OpenCV reads images."""
    template_side: Annotated[float, Field(gt=1, le=8)] = 2
    """Side of the target's picture by the geometric mean of the target's sides."""
    search_side: Annotated[float, Field(gt=1, le=16)] = 4
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Of a lower score, the target is lost in this frame."""


class State(TargetState):
    """All that is remembered of a target."""

    template: Annotated[str, Field(max_length=MAX_STATE_TEXT)]
    """The target's picture as JPEG, base64."""


class TemplateTracker:
    """First call: a shape and no state. Later calls: the last answer's state."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(TrackerOptions, function.name, function.options)
        path = find_model(folder, options.model)
        outputs = {"scores": options.scores, "sizes": options.sizes, "offsets": options.offsets}
        inputs = {"template": options.template}
        declared = ImageInput(name=options.search, colors=options.colors, mean=options.mean, divide=options.divide)
        self.network = runtime.load(path, inputs, outputs, image=declared)
        search, template = self.network.image, self.network.shape("template")
        if search is None or search.size is None or None in template[-2:] or search.size[0] != search.size[1]:
            raise ModelError(f"{path.name}: template and search must be squares of fixed sizes")
        self._search_size, self._template_size = search.size[0], int(template[-1] or 0)

    def __call__(self, body: Any) -> dict[str, Any]:
        """See tracking.follow."""
        return follow(body, TrackerRequest[State], self._start, self._track)

    def _start(self, pixels: Pixels, target: NewTarget) -> Remembered:
        """The state of a new target."""
        picture, _, _ = _cut(pixels, target.position, target.size, self._options.template_side, self._template_size)
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        text = base64.b64encode(cv2.imencode(".jpg", picture[:, :, ::-1], quality)[1].tobytes()).decode("ascii")
        return _state(target.position, target.size, text, target.kind)

    def _track(self, pixels: Pixels, state: State) -> tuple[list[float] | None, Remembered]:
        """The target's box in this frame, null where it is lost, and its next state."""
        position, size = np.array(state.position), np.array(state.size)
        place, corner, side = _cut(pixels, position, size, self._options.search_side, self._search_size)
        feeds: dict[str, Array] = {"image": place[np.newaxis], "template": self._template(state.template)}
        results = self.network(feeds)
        scores = results["scores"].reshape(results["scores"].shape[-PLANES:]).astype(np.float64)
        scores = scores * _window(len(scores))
        row, column = np.unravel_index(int(scores.argmax()), scores.shape)
        if not scores[row, column] >= self._options.threshold:
            return None, _state(position, size, state.template, state.type)
        offset = results["offsets"].reshape(PLANES, *scores.shape)[:, row, column]
        grown = results["sizes"].reshape(PLANES, *scores.shape)[:, row, column].astype(np.float64)
        position = corner + (np.array((column, row)) + offset) / len(scores) * side
        frame = np.array(pixels.shape[1::-1])
        position, size = position.clip(0, frame), (grown * side).clip(1, frame)
        low, high = (position - size / 2).clip(0, frame), (position + size / 2).clip(0, frame)
        points = [*low.round(2).tolist(), *high.round(2).tolist()]
        if state.type == "polygon":
            points = [points[index] for index in (0, 1, 2, 1, 2, 3, 0, 3)]
        return points, _state(position, size, state.template, state.type)

    def _template(self, text: str) -> npt.NDArray[np.float32]:
        """The network's view of the target's picture. Raises RequestError."""
        try:
            data = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
        except (binascii.Error, ValueError):
            raise RequestError("the state's template is not base64: send back the state of the last answer") from None
        # OpenCV takes the size from the header before it decodes: a forged one must not claim gigapixels.
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if _is_jpeg_of(data.tobytes(), self._template_size) else None
        if picture is None or picture.shape != (self._template_size, self._template_size, 3):
            raise RequestError(
                f"the state's template is no JPEG of {self._template_size} x {self._template_size}: start with a shape"
            )
        picture = picture if self._options.colors == "BGR" else picture[:, :, ::-1]
        mean, divide = np.array(self._options.mean, np.float32), np.array(self._options.divide, np.float32)
        values = (picture.astype(np.float32) - mean) / divide
        return np.ascontiguousarray(values.transpose(2, 0, 1)[np.newaxis])


def _is_jpeg_of(data: bytes, side: int) -> bool:
    """Whether the bytes are a JPEG whose header says that it is side x side."""
    position = 2
    while data[:2] == b"\xff\xd8" and position + 9 <= len(data) and data[position] == 0xFF:  # noqa: PLR2004
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = (int.from_bytes(data[position + at : position + at + 2], "big") for at in (5, 7))
            return height == width == side
        position += 2 + length
    return False


def _cut(pixels: Pixels, position: Array, size: Array, factor: float, side: int) -> tuple[Pixels, Array, float]:
    """A square around the target at side x side pixels, black beyond the image; its left top corner and its length."""
    length = float(np.ceil(np.sqrt(size.prod()) * factor).clip(1, 4 * max(pixels.shape[:2])))
    corner = position - length / 2
    scale = side / length
    # The middle of the first pixel of the square lies half a pixel from its corner, in both.
    matrix = np.array([[1 / scale, 0, corner[0] + 0.5 / scale - 0.5], [0, 1 / scale, corner[1] + 0.5 / scale - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = cv2.warpAffine(pixels, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(cut, np.uint8), corner, length


def _window(cells: int) -> npt.NDArray[np.float64]:
    """Weights that prefer the middle, where the target was: those of OpenCV's tracker."""
    half = 0.5 * (1 + np.cos(2 * np.pi / (cells + 2) * np.arange(cells // 2 + 1)))
    edges = np.empty(cells)
    for index, value in enumerate(half):
        edges[index] = edges[cells - 1 - index] = value
    return np.asarray(1 - np.outer(edges, edges))


def _state(position: Array, size: Array, template: str, kind: Kind | None) -> Remembered:
    return remembered(position.round(3), size.round(3), kind, template=template)

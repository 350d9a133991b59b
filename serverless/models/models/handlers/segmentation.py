"""Interactors: an object's mask from a box and clicks inside and outside of it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.errors import ModelError, RequestError
from models.function import Function
from models.image_input import ImageInput
from models.images import Pixels, decode_image
from models.masks import MAX_MASK_CELLS, Mask, polygon
from models.runtime import Array, Runtime, find_model
from models.validation import Options, Request, parse_options, parse_request

Point = tuple[float, float]
"""x and y in pixels of the image."""
Points = tuple[Point, ...]
Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the image, inclusive."""

MASK_DIMENSIONS = 2
MAX_CLICKS = 500
"""Of each kind. Each is drawn, so a request of a million would be one that never ends."""


class Guidance(Options):
    """How clicks are shown to the network: one channel a kind of click, each click a spot."""

    name: str | None = None
    """The network's input for these channels; default: they follow the image's channels in its own input."""
    channels: tuple[Literal["positive", "negative"], ...] = ("positive", "negative")
    spot: Literal["gaussian", "disk"] = "gaussian"
    diameter: float = Field(default=10, gt=0)
    """In pixels of the network's input; of a gaussian, the width where half of its height is reached."""
    peak: float = 255
    """Value of the channels where a click is."""


class Crop(Options):
    """The part of the image that the network sees: the request's box and some of what is around it."""

    padding: int = Field(default=30, ge=0)
    """Pixels of the image on each side of the box."""


class SegmentationOptions(Options):
    """sagemaker.options of a click-based segmentation network."""

    model: str | None = None
    """File of the archive; not needed where it holds one network."""
    input: ImageInput = ImageInput()
    guidance: Guidance = Guidance()
    crop: Crop | None = Crop()
    """null: the network sees the whole image, and no box is needed."""
    interpolation: Literal["nearest", "linear"] = "linear"
    """How the crop is brought to the network's size."""
    output: str | None = None
    """Name of the mask's scores, one a pixel; not needed where it is the only output."""
    threshold: float = 0.5
    """Scores above belong to the object, where the request names no threshold. In the network's own units."""


Clicks = Annotated[tuple[Point, ...], Field(max_length=MAX_CLICKS)]


class SegmentationRequest(Request):
    """CVAT's call of an interactor."""

    image: str
    pos_points: Clicks = ()
    neg_points: Clicks = ()
    obj_bbox: tuple[Point, Point] | None = None
    threshold: float | None = None


class ClickSegmentation:
    """Box and clicks to a mask and its outline, both in pixels of the image that was sent."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(SegmentationOptions, function.name, function.options)
        path = find_model(folder, options.model)
        inputs = {"image": options.input.name}
        if options.guidance.name:
            inputs["guidance"] = options.guidance.name
        self.network = runtime.load(path, inputs, {"scores": options.output})
        self._size = options.input.size or self._network_size(path)
        shape = self.network.output_shape("scores")
        several = any(length not in (1, None) for length in shape[:-MASK_DIMENSIONS])
        if several or 0 < len(shape) < MASK_DIMENSIONS:
            raise ModelError(f"{path.name}: the output is {shape}; it must be one mask of height x width")

    def _network_size(self, path: Path) -> tuple[int, int]:
        layout, shape = self._options.input.layout, self.network.shape("image")
        if len(shape) == len(layout):
            width, height = shape[layout.index("W")], shape[layout.index("H")]
            if width and height:
                return width, height
        raise ModelError(
            f"{path.name} has no fixed size in layout {layout}, its input is {shape}: "
            "say in sagemaker.options.input.size at which width and height it works"
        )

    def __call__(self, body: Any) -> dict[str, Any]:
        """{"points": [[x, y], ...], "mask": rows of 0 and 1, "bounds": [left, top, right, bottom] of it}."""
        request = parse_request(SegmentationRequest, body)
        pixels = decode_image(request.image)
        box, outside = self._box(request, pixels.shape[1], pixels.shape[0])
        feeds = self._tensors(pixels, box, request.pos_points, outside)
        scores = np.squeeze(self.network(feeds)["scores"])
        if scores.ndim != MASK_DIMENSIONS:
            raise ModelError(f"the network's scores are {scores.shape}: they must be one mask of height x width")
        threshold = self._options.threshold if request.threshold is None else request.threshold
        return answer_of(_in_image(scores, box, threshold), box)

    def _box(self, request: SegmentationRequest, width: int, height: int) -> tuple[Box, Points]:
        """What the network sees of the image, and the clicks outside of the object."""
        if self._options.crop is None:
            return (0, 0, width - 1, height - 1), request.neg_points
        corners: Points | None = request.obj_bbox
        outside = request.neg_points
        if corners is None:
            # Without a box, the outside clicks are its corners: CVAT's own function meant this, and crashed.
            corners, outside = request.neg_points, ()
        if not corners or corners[0] == corners[-1]:
            raise RequestError("obj_bbox is missing: draw a box around the object first, or two outside points")
        padding = self._options.crop.padding
        limits = np.array([width - 1, height - 1])
        low = (np.floor(np.min(corners, axis=0)) - padding).clip(0, limits)
        high = (np.ceil(np.max(corners, axis=0)) + padding).clip(0, limits)
        return (int(low[0]), int(low[1]), int(high[0]), int(high[1])), outside

    def _tensors(self, pixels: Pixels, box: Box, inside: Points, outside: Points) -> dict[str, Array]:
        """The network's inputs: the crop's channels and those of the clicks."""
        options, (left, top, right, bottom) = self._options, box
        way = cv2.INTER_NEAREST if options.interpolation == "nearest" else cv2.INTER_LINEAR
        crop = cv2.resize(pixels[top : bottom + 1, left : right + 1], self._size, interpolation=way)
        image = crop[:, :, :: 1 if options.input.colors == "RGB" else -1].astype(np.float32)
        if options.input.mean:
            image -= np.array(options.input.mean, np.float32)
        if options.input.divide:
            image /= np.array(options.input.divide, np.float32)
        scale = np.array(self._size) / (right - left + 1, bottom - top + 1)
        clicks = {"positive": inside, "negative": outside}
        spots = [(np.array(clicks[name]).reshape(-1, 2) - (left, top)) * scale for name in options.guidance.channels]
        guidance = draw_clicks(spots, self._size, options.guidance)
        if options.guidance.name:
            return {"image": self._arrange(image), "guidance": self._arrange(guidance)}
        return {"image": self._arrange(np.concatenate((image, guidance), axis=2))}

    def _arrange(self, channels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """height x width x channels in the order of dimensions that the network wants."""
        layout = self._options.input.layout
        ordered = channels.transpose(2, 0, 1) if layout.endswith("CHW") else channels
        return np.ascontiguousarray(ordered[np.newaxis] if "N" in layout else ordered)


def draw_clicks(spots: list[Array], size: tuple[int, int], guidance: Guidance) -> npt.NDArray[np.float32]:
    """height x width x one channel for each list of spots (n x 2, x y in the network's pixels), 0 to peak.

    As in CVAT's IOG function all channels together are stretched to 0..peak.
    """
    channels = [_spots(points, size, guidance) for points in spots]
    stacked = np.stack(channels, axis=2)
    low, high = float(stacked.min()), float(stacked.max())
    if high > low:
        stacked = (stacked - low) * np.float32(guidance.peak / (high - low))
    return stacked.astype(np.float32, copy=False)


def _spots(points: Array, size: tuple[int, int], guidance: Guidance) -> npt.NDArray[np.float32]:
    channel = np.zeros((size[1], size[0]), np.float32)
    x, y = np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32)
    for point_x, point_y in points:
        squares_x, squares_y = (x - np.float32(point_x)) ** 2, (y - np.float32(point_y)) ** 2
        if guidance.spot == "gaussian":
            # exp(a + b) = exp(a) exp(b): two rows of numbers instead of a plane of exponentials.
            steepness = np.float32(4 * np.log(2) / guidance.diameter**2)
            np.maximum(channel, np.outer(np.exp(-steepness * squares_y), np.exp(-steepness * squares_x)), out=channel)
        else:
            channel[squares_y[:, np.newaxis] + squares_x <= (guidance.diameter / 2) ** 2] = 1
    return channel


def _in_image(scores: Array, box: Box, threshold: float) -> Mask:
    """The mask of the crop at the image's own resolution: scores are interpolated, not a coarse mask."""
    size = (box[2] - box[0] + 1, box[3] - box[1] + 1)
    fine = cv2.resize(scores.astype(np.float32, copy=False), size, interpolation=cv2.INTER_LINEAR)
    return (fine > threshold).astype(np.uint8)


def answer_of(mask: Mask, box: Box) -> dict[str, Any]:
    """A mask that fills a box as CVAT takes it: outline, bounds, and the mask of the bounds unless it is too large."""
    outline = polygon(mask)
    if outline is None:
        return {"points": [], "mask": [[0]], "bounds": [0, 0, 0, 0]}
    x, y, width, height = cv2.boundingRect(mask)
    left, top = box[0] + x, box[1] + y
    answer: dict[str, Any] = {
        "points": (outline + box[:2]).astype(np.float64).tolist(),
        "bounds": [left, top, left + width - 1, top + height - 1],
    }
    if width * height <= MAX_MASK_CELLS:
        answer["mask"] = np.ascontiguousarray(mask[y : y + height, x : x + width])
    return answer

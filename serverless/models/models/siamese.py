"""SiamMask's arithmetic: anchors, search windows, the choice of a candidate, mask to box. No network here.

Follows siamese_init and siamese_track of https://github.com/foolwood/SiamMask (tools/test.py, MIT licence),
which CVAT's own function calls.
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.images import Pixels
from models.masks import outline_of_largest
from models.runtime import Array
from models.validation import Options

Vector = npt.NDArray[np.float64]

MIN_MASK_AREA = 100
"""Square pixels. A smaller mask is taken for noise, and the plain box is answered."""
MIN_TARGET = 10
"""Pixels: a target never shrinks below, else its search window would vanish."""


class Hyperparameters(Options):
    """config_davis.json of SiamMask's "sharp" experiment, and the sizes its networks were trained with."""

    exemplar_size: int = Field(default=127, ge=1)
    """Side of the template's input."""
    instance_size: int = Field(default=255, ge=1)
    """Side of the search window's input."""
    base_size: int = Field(default=8, ge=0)
    out_size: int = Field(default=127, ge=1)
    """Side of the refined mask."""
    stride: int = Field(default=8, ge=1)
    """Pixels of the search window between two candidate positions."""
    ratios: tuple[float, ...] = (0.33, 0.5, 1, 2, 3)
    scales: tuple[float, ...] = (8,)
    context_amount: float = 0.5
    penalty_k: float = 0.04
    window_influence: float = Field(default=0.4, ge=0, le=1)
    lr: float = Field(default=1.0, ge=0, le=1)
    seg_thr: float = 0.35

    @property
    def score_size(self) -> int:
        """Candidate positions along a side of the search window."""
        return (self.instance_size - self.exemplar_size) // self.stride + 1 + self.base_size


class Window(NamedTuple):
    """A square of the image: its centre, its side, and the scale at which the network sees it."""

    centre: Vector
    side: float
    """Pixels of the image, not rounded."""
    scale: float
    """Pixels of the network's input for one of the image."""


class Candidate(NamedTuple):
    """The chosen anchor: where the target went, and which cell of the score map says so."""

    position: Vector
    size: Vector
    score: float
    row: int
    column: int


def anchors(parameters: Hyperparameters) -> Vector:
    """n x 4: x and y of the centre relative to the window's, width, height; anchor by anchor, row by row."""
    shapes = []
    for ratio in parameters.ratios:
        width = int(np.sqrt(parameters.stride**2 / ratio))
        height = int(width * ratio)
        shapes += [(width * scale, height * scale) for scale in parameters.scales]
    cells = (np.arange(parameters.score_size) - parameters.score_size // 2) * parameters.stride
    y, x = np.meshgrid(cells, cells, indexing="ij")
    grid = np.stack((x.ravel(), y.ravel()), axis=1)
    return np.concatenate([np.hstack((grid, np.tile(shape, (len(grid), 1)))) for shape in shapes]).astype(np.float64)


def hanning(parameters: Hyperparameters) -> Vector:
    """One weight an anchor: targets rarely jump, so the window's middle counts more."""
    side = np.hanning(parameters.score_size)
    return np.tile(np.outer(side, side).ravel(), len(parameters.ratios) * len(parameters.scales))


def template_window(position: Vector, size: Vector, parameters: Hyperparameters) -> Window:
    """The square around a target that the template network is shown."""
    side = float(np.round(_context_side(size, parameters.context_amount)))
    return Window(position, side, parameters.exemplar_size / side)


def search_window(position: Vector, size: Vector, parameters: Hyperparameters) -> Window:
    """The larger square in which the target is looked for."""
    side = _context_side(size, parameters.context_amount)
    scale = parameters.exemplar_size / side
    return Window(position, side + (parameters.instance_size - parameters.exemplar_size) / scale, scale)


def _context_side(size: Vector, amount: float) -> float:
    context = amount * size.sum()
    return float(np.sqrt((size[0] + context) * (size[1] + context)))


def cut(pixels: Pixels, window: Window, side: int, average: Vector) -> Pixels:
    """The window's pixels at side x side; what lies outside of the image has the average colour.

    A window may be far larger than the image: it is sampled, never built at its own size.
    """
    span = round(window.side)
    left, top = (round(float(centre) - (span + 1) / 2) for centre in window.centre)
    step = span / side
    mapping = np.array([[step, 0, left + (step - 1) / 2], [0, step, top + (step - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = tuple(float(value) for value in np.floor(average))
    patch = cv2.warpAffine(
        pixels, mapping, (side, side), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=border
    )
    return np.asarray(patch, np.uint8)


class Chooser:
    """Picks the best among a window's anchors."""

    def __init__(self, parameters: Hyperparameters) -> None:
        self._parameters = parameters
        self._grid, self._weights = anchors(parameters), hanning(parameters)

    def choose(self, score: Array, delta: Array, window: Window, size: Vector) -> Candidate:
        """The best by score, likeness in size and shape, and nearness.

        score is 1 x 2k x s x s (background, target), delta 1 x 4k x s x s, size the target's in pixels.
        """
        parameters, grid = self._parameters, self._grid
        background, target = score.astype(np.float64).reshape(2, -1)
        scores = _sigmoid(target - background)
        x, y, wide, high = delta.astype(np.float64).reshape(4, -1)
        centres = np.stack((x, y), axis=1) * grid[:, 2:] + grid[:, :2]
        sizes = np.exp(np.stack((wide, high), axis=1).clip(-20, 20)) * grid[:, 2:]
        penalty = np.exp(-(_change(sizes, size * window.scale) - 1) * parameters.penalty_k)
        influence = parameters.window_influence
        best = int(np.argmax(penalty * scores * (1 - influence) + self._weights * influence))
        rate = penalty[best] * scores[best] * parameters.lr
        row, column = divmod(best % parameters.score_size**2, parameters.score_size)
        return Candidate(
            position=window.centre + centres[best] / window.scale,
            size=size * (1 - rate) + sizes[best] / window.scale * rate,
            score=float(scores[best]),
            row=row,
            column=column,
        )


def _change(sizes: Vector, before: Vector) -> Vector:
    """How unlike the target's former size each candidate is, 1 or more: growth times change of shape."""
    growth = _padded(sizes) / _padded(before)
    shape = (before[0] / before[1]) / (sizes[:, 0] / sizes[:, 1])
    return np.asarray(np.maximum(growth, 1 / growth) * np.maximum(shape, 1 / shape))


def _sigmoid(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-logits.clip(-60, 60))))


def _padded(sizes: Vector) -> Vector:
    padding = sizes.sum(axis=-1, keepdims=True) / 2
    return np.asarray(np.sqrt((sizes + padding).prod(axis=-1)))


def rotated_box(
    logits: Array, candidate: Candidate, window: Window, parameters: Hyperparameters, frame: tuple[int, int]
) -> Vector | None:
    """4 x 2: the smallest rotated rectangle around the mask in the image; None where there is hardly a mask.

    frame is the image's width and height. The mask is drawn into its surroundings, not into a whole frame.
    """
    mask = _sigmoid(logits.astype(np.float32).reshape(parameters.out_size, -1))
    span = round(window.side)
    step = span / parameters.instance_size
    cells = np.array([candidate.column, candidate.row]) - parameters.base_size / 2
    corner = window.centre - span / 2 + cells * parameters.stride * step
    scale = step * parameters.exemplar_size / parameters.out_size
    low = np.floor(corner - scale).clip(0, frame).astype(int)
    high = np.ceil(corner + (parameters.out_size + 1) * scale).clip(0, frame).astype(int)
    if (high <= low).any():
        return None
    shrink = (np.array(frame) - 1) / frame  # crop_back() of the original maps 0..n to 0..n-1
    mapping = np.array([[scale * shrink[0], 0, corner[0] * shrink[0] - low[0]], [0, scale * shrink[1], 0]])
    mapping[1, 2] = corner[1] * shrink[1] - low[1]
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    drawn = cv2.warpAffine(
        mask, mapping, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-1.0
    )
    outline = outline_of_largest((drawn > parameters.seg_thr).astype(np.uint8), cv2.CHAIN_APPROX_NONE)
    if outline is None or cv2.contourArea(outline) <= MIN_MASK_AREA:
        return None
    return np.asarray(cv2.boxPoints(cv2.minAreaRect(outline + low.astype(np.int32))), np.float64)


def clamp(candidate: Candidate, frame: tuple[int, int]) -> tuple[Vector, Vector]:
    """Position and size for the next frame, held to the image."""
    position = candidate.position.clip(0, frame)
    return position, np.maximum(np.minimum(candidate.size, frame), MIN_TARGET)

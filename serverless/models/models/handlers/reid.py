"""Re-identification: which box of one frame is which box of the next, by embeddings of their crops."""

import logging
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field
from scipy.optimize import linear_sum_assignment

from models.errors import ModelError
from models.function import Function
from models.image_input import ImageInput, resize
from models.images import Pixels, decode_image
from models.runtime import Array, Network, Runtime, find_model
from models.validation import Options, Request, parse_options, parse_request

MAX_BATCH = 32
"""Crops in one call: ten boxes in each frame fit, and a crowd does not fill the memory."""
NO_PAIR = 1000.0
"""Cost of a pair that must not be matched; CVAT's own function uses the same."""


class ReidOptions(Options):
    """sagemaker.options of an embedding network: images in, one vector each out."""

    model: str | None = None
    """File of the archive; not needed where it holds one network."""
    input: ImageInput = ImageInput()
    output: str | None = None
    """Name of the vectors, N x anything; not needed where it is the only output."""
    threshold: float = Field(default=0.5, ge=0, le=2)
    """Largest cosine distance of a match, where the request names none."""
    max_distance: float = Field(default=50, ge=0)
    """Largest distance of two centres in pixels, where the request names none."""


def _even(points: list[float]) -> list[float]:
    if len(points) % 2:
        raise ValueError("must be pairs of x and y")
    return points


class Box(Request):
    """A shape of CVAT; of a polygon the bounding box counts."""

    points: Annotated[list[float], Field(min_length=4), AfterValidator(_even)]
    label_id: int


class ReidRequest(Request):
    """CVAT's call of a reid function: two frames and the shapes of each."""

    image0: str
    image1: str
    boxes0: list[Box]
    boxes1: list[Box]
    threshold: float | None = Field(default=None, ge=0, le=2)
    max_distance: float | None = Field(default=None, ge=0)


class EmbeddingReid:
    """Matches the boxes of two frames: CVAT's rules, but each box is embedded once and all in one call."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(ReidOptions, function.name, function.options)
        path = find_model(folder, options.model)
        if options.input.layout not in ("NCHW", "NHWC"):
            raise ModelError(f"{path.name}: embeddings need sagemaker.options.input.layout NCHW or NHWC, with a batch")
        self.network: Network = runtime.load(
            path, {}, {"embeddings": options.output}, image=options.input, free_batch=True
        )
        self._batch = MAX_BATCH if self.network.shape("image")[0] is None else 1
        if self._batch == 1:
            logging.warning("%s is fixed to one image a call: boxes are embedded one by one", path.name)
        image = self.network.image
        if image is None or image.size is None:
            raise ModelError(f"{path.name} takes images of any size: say in sagemaker.options.input.size which")
        self._size = image.size

    def __call__(self, body: Any) -> list[int]:
        """For each of boxes0 the index into boxes1, or -1."""
        request = parse_request(ReidRequest, body)
        boxes0, boxes1 = _bounds(request.boxes0), _bounds(request.boxes1)
        images = decode_image(request.image0, "image0"), decode_image(request.image1, "image1")
        reach = self._options.max_distance if request.max_distance is None else request.max_distance
        pairs = _candidates(boxes0, boxes1, reach) & _same_label(request.boxes0, request.boxes1)
        costs = self._costs(images, (boxes0, boxes1), pairs)
        threshold = self._options.threshold if request.threshold is None else request.threshold
        answer = np.full(len(boxes0), -1)
        rows, columns = linear_sum_assignment(costs)
        kept = costs[rows, columns] <= threshold
        answer[rows[kept]] = columns[kept]
        return [int(index) for index in answer]

    def _costs(
        self, images: tuple[Pixels, Pixels], boxes: tuple[Array, Array], pairs: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.float64]:
        """Cosine distance of each candidate pair; NO_PAIR for the others, which are not even cropped."""
        costs = np.full(pairs.shape, NO_PAIR)
        rows, columns = np.flatnonzero(pairs.any(axis=1)), np.flatnonzero(pairs.any(axis=0))
        if not len(rows):
            return costs
        crops = [_crop(images[0], boxes[0][row], self._size) for row in rows]
        crops += [_crop(images[1], boxes[1][column], self._size) for column in columns]
        vectors = self._embed(np.stack(crops))
        candidates = np.ix_(rows, columns)
        distances = 1 - vectors[: len(rows)] @ vectors[len(rows) :].T
        costs[candidates] = np.where(pairs[candidates], distances, NO_PAIR)
        return costs

    def _embed(self, crops: Array) -> npt.NDArray[np.float64]:
        """A vector of length 1 for each crop; a vector of zeros stays, and is at distance 1 of all."""
        calls = [crops[start : start + self._batch] for start in range(0, len(crops), self._batch)]
        vectors = np.concatenate([self.network({"image": call})["embeddings"].copy() for call in calls])
        flat = np.nan_to_num(vectors.reshape(len(crops), -1).astype(np.float64))
        return np.asarray(flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12))


def _bounds(boxes: list[Box]) -> npt.NDArray[np.float64]:
    """n x 4: left, top, right, bottom."""
    rows = [(min(b.points[::2]), min(b.points[1::2]), max(b.points[::2]), max(b.points[1::2])) for b in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _candidates(boxes0: Array, boxes1: Array, reach: float) -> npt.NDArray[np.bool_]:
    """n x m: whose centres are at most `reach` pixels apart."""
    centres0, centres1 = (boxes0[:, :2] + boxes0[:, 2:]) / 2, (boxes1[:, :2] + boxes1[:, 2:]) / 2
    return np.asarray(np.linalg.norm(centres0[:, np.newaxis] - centres1, axis=2) <= reach)


def _same_label(boxes0: list[Box], boxes1: list[Box]) -> npt.NDArray[np.bool_]:
    labels0, labels1 = np.array([b.label_id for b in boxes0]), np.array([b.label_id for b in boxes1])
    return np.asarray(labels0[:, np.newaxis] == labels1)


def _crop(pixels: Pixels, box: Array, size: tuple[int, int]) -> Pixels:
    """The box's pixels at the network's size; at least one pixel, wherever the box lies."""
    height, width = pixels.shape[:2]
    left, right = np.floor(box[[0, 2]].clip(0, width - 1)).astype(int)
    top, bottom = np.floor(box[[1, 3]].clip(0, height - 1)).astype(int)
    return resize(pixels[top : max(bottom, top + 1), left : max(right, left + 1)], size)

"""Networks that judge the whole image: a class for each pixel (masks), or classes of the image (tags)."""

from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from pydantic import Field
from scipy.special import expit, softmax

from models.errors import ModelError
from models.function import Function
from models.handlers.detector import DetectorRequest, Threshold
from models.image_input import ImageInput, Placement, batched, show
from models.images import decode_image
from models.masks import MaskItems
from models.runtime import Array, Runtime, find_model
from models.validation import Options, parse_options, parse_request

PLANE = 2
"""Dimensions of a map of classes."""


class SemanticOptions(Options):
    """sagemaker.options of a semantic segmentation network."""

    model: str | None = None
    input: ImageInput
    output: str | None = None
    """Not needed where it is the only output."""
    values: Literal["ids", "scores"] = "ids"
    """A class for each pixel, 1 x 1 x H x W, or a score for each pixel and class, 1 x classes x H x W."""
    first_id: int = 0
    """The spec's id of the network's first class."""
    shape: Literal["mask", "polygon"] = "mask"
    parts: bool = True
    """Whether each connected part is an object of its own. Classes that the spec does not name are background."""
    least_area: Annotated[int, Field(ge=1)] = 100
    """Smaller objects, in pixels of the image, are left out."""


class SemanticSegmentation:
    """A mask for each class, or for each connected part of it."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(SemanticOptions, function.name, function.options)
        self._labels = _labels(function)
        path = find_model(folder, options.model)
        self.network = runtime.load(path, {}, {"classes": options.output}, image=options.input)
        self._input = self.network.image or options.input

    def __call__(self, body: Any) -> list[dict[str, Any]]:
        """A list of {"label", "type": "mask", "mask", "points"}."""
        pixels = decode_image(parse_request(DetectorRequest, body).image)
        shown, place = show(pixels, self._input)
        values = self.network({"image": batched(shown, self._input)})["classes"]
        classes = _at_image_size(self._classes(values), place)
        masks = MaskItems(self._options.shape)
        items = []
        for index in np.unique(classes):
            label = self._labels.get(int(index) + self._options.first_id)
            if label is None:
                continue
            for mask, corner in self._parts((classes == index).astype(np.uint8)):
                item = masks.item(mask, corner)
                if item is not None:
                    items.append({"label": label, **item})
        return items

    def _classes(self, values: Array) -> Array:
        if self._options.values == "scores":
            return np.asarray(values.reshape(values.shape[-3:]).argmax(axis=0))
        if np.prod(values.shape) != np.prod(values.shape[-PLANE:]):
            raise ModelError(f"the network answers {values.shape}: sagemaker.options.values must be scores")
        return values.reshape(values.shape[-PLANE:])

    def _parts(self, mask: Array) -> list[tuple[Array, tuple[int, int]]]:
        """Masks that are large enough, each with its left top corner."""
        if not self._options.parts:
            return [(mask, (0, 0))] if mask.sum() >= self._options.least_area else []
        _, numbers, boxes, _ = cv2.connectedComponentsWithStats(mask)
        parts = []
        for number, (left, top, width, height, area) in enumerate(boxes):
            if number and area >= self._options.least_area:
                window = numbers[top : top + height, left : left + width]
                parts.append(((window == number).astype(np.uint8), (int(left), int(top))))
        return parts


class ClassifierOptions(Options):
    """sagemaker.options of a classifier."""

    model: str | None = None
    input: ImageInput
    output: str | None = None
    """1 x classes; not needed where it is the only output."""
    activation: Literal["softmax", "sigmoid", "none"] = "softmax"
    """sigmoid: an image may have several tags."""
    first_id: int = 0
    threshold: Threshold = 0.5


class Classifier:
    """Tags of the whole image."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(ClassifierOptions, function.name, function.options)
        self._labels = _labels(function)
        path = find_model(folder, options.model)
        self.network = runtime.load(path, {}, {"scores": options.output}, image=options.input)
        self._input = self.network.image or options.input

    def __call__(self, body: Any) -> list[dict[str, Any]]:
        """A list of {"label", "type": "tag", "confidence"}, the surest first."""
        request = parse_request(DetectorRequest, body)
        threshold = self._options.threshold if request.threshold is None else request.threshold
        shown, _ = show(decode_image(request.image), self._input)
        values = self.network({"image": batched(shown, self._input)})["scores"].ravel().astype(np.float64)
        activations = {"softmax": softmax, "sigmoid": expit, "none": np.asarray}
        scores = activations[self._options.activation](values)
        return [
            {"label": label, "type": "tag", "confidence": round(float(scores[index]), 4)}
            for index in np.argsort(-scores, kind="stable")
            if scores[index] >= threshold and (label := self._labels.get(int(index) + self._options.first_id))
        ]

    def check_example(self, body: Any) -> None:
        """Raises ModelError where the network's scores are none."""
        shown, _ = show(decode_image(parse_request(DetectorRequest, body).image), self._input)
        values = self.network({"image": batched(shown, self._input)})["scores"]
        if self._options.activation == "none" and ((values > 1).any() or (values < 0).any()):
            raise ModelError(
                f"the network's scores go up to {values.max():.3g}; they must be 0 to 1: "
                "sagemaker.options.activation says what they are"
            )


def _labels(function: Function) -> dict[int, str]:
    if not function.labels:
        raise ModelError(f"function {function.name}: it needs labels in metadata.annotations.spec")
    return dict(function.labels)


def _at_image_size(classes: Array, place: Placement) -> Array:
    """The map without what was filled, at the image's own size."""
    cells = np.array(classes.shape[::-1]) / place.shown
    left, top = np.floor(cells * place.offset).astype(int)
    right, bottom = np.ceil(cells * (np.array(place.offset) + place.content)).astype(int)
    content = classes[top:bottom, left:right]
    return np.asarray(cv2.resize(content.astype(np.float32), place.image, interpolation=cv2.INTER_NEAREST_EXACT))

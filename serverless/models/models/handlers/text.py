"""PP-OCR: finds lines of text (differentiable binarization) and reads them (connectionist temporal classification)."""

from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.errors import ModelError
from models.function import Function
from models.handlers.detector import DetectorRequest, Threshold
from models.image_input import ImageInput, batched, resize
from models.images import Pixels, decode_image
from models.runtime import Array, Runtime, find_part
from models.validation import Options, parse_options, parse_request

CHARACTERS = "characters.txt"
"""File of the archive: a character a line, in the order of the recognizer's classes; `models add` writes it."""

CELLS = 32
"""The detector takes multiples of so many pixels, and the recognizer's calls have such widths, too: each new width is
compiled anew."""
READ_HEIGHT, READ_WIDTH, MAX_READ_WIDTH = 48, 320, 3200
"""Height of a line as the recognizer sees it; shorter lines are filled up to the width, longer ones squeezed."""
TALL = 1.5
"""Height by width from which a line is taken to be written from top to bottom, and turned."""
LEAST_CELLS = 3
"""Smallest side of a line in cells of the detector's map."""

Corners = npt.NDArray[np.float32]
"""4 x 2: left top, right top, right bottom, left bottom."""


class TextOptions(Options):
    """sagemaker.options of a text reader. The archive holds `detector` and `recognizer` networks."""

    label: str = "text"
    """Of metadata.annotations.spec."""
    attribute: str = "text"
    """The label's attribute that gets what was read."""
    input: ImageInput = ImageInput(colors="BGR", mean=(127.5,), divide=(127.5,))
    """Of the detector."""
    least_side: Annotated[int, Field(ge=32, le=4096)] = 736
    """Smaller images are enlarged until their shorter side has so many pixels."""
    most_side: Annotated[int, Field(ge=32, le=4096)] = 2000
    """The longer side has at most so many."""
    pixel_threshold: Annotated[float, Field(gt=0, lt=1)] = 0.3
    """Of the detector's map."""
    line_threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Least mean of the map inside of a line."""
    widen: Annotated[float, Field(ge=0)] = 1.6
    """The detector marks the core of a line, which grows by so many times its area by its circumference."""
    most_lines: Annotated[int, Field(ge=1)] = 300
    threshold: Threshold = 0.5
    """Least mean probability of what was read, where the request names none."""


class TextReader:
    """Polygons around lines of text, with what they say as an attribute."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(TextOptions, function.name, function.options)
        if options.label not in function.labels.values():
            raise ModelError(
                f"function {function.name}: sagemaker.options.label is {options.label!r}; "
                f"metadata.annotations.spec has {', '.join(function.labels.values()) or 'no labels'}"
            )
        self.detector = runtime.load(find_part(folder, "detector"), {}, {"map": None}, image=options.input)
        self.recognizer = runtime.load(find_part(folder, "recognizer"), {"line": None}, {"characters": None})
        self._characters = _characters(folder / CHARACTERS)
        classes = self.recognizer.output_shape("characters")
        if classes and classes[-1] not in (None, len(self._characters) + 2):
            raise ModelError(
                f"the recognizer tells {classes[-1]} classes apart; {CHARACTERS} has {len(self._characters)} "
                "characters. There must be two classes more: nothing, which is the first, and the space, the last"
            )

    def __call__(self, body: Any) -> list[dict[str, Any]]:
        """A list of {"label", "type": "polygon", "points", "confidence", "attributes": [{"name", "value"}]}."""
        request = parse_request(DetectorRequest, body)
        threshold = self._options.threshold if request.threshold is None else request.threshold
        pixels = decode_image(request.image)
        items = []
        for corners in self._lines(pixels):
            text, confidence = self._read(_straightened(pixels, corners))
            if text and confidence >= threshold:
                item = {
                    "label": self._options.label,
                    "type": "polygon",
                    "points": corners.astype(np.float64).round(2).ravel().tolist(),
                    "confidence": round(confidence, 4),
                    "attributes": [{"name": self._options.attribute, "value": text}],
                }
                items.append(item)
        return items

    def _lines(self, pixels: Pixels) -> list[Corners]:
        """Lines from top to bottom."""
        height, width = pixels.shape[:2]
        factor = max(1.0, self._options.least_side / min(height, width))
        factor = min(factor, self._options.most_side / max(height, width))
        size = max(CELLS, round(width * factor / CELLS) * CELLS), max(CELLS, round(height * factor / CELLS) * CELLS)
        shown = resize(pixels, size)
        values = self.detector({"image": batched(shown, self._options.input)})["map"]
        plane: Array = values.reshape(-1, values.shape[-1])
        scale = np.array((width / plane.shape[1], height / plane.shape[0]), np.float32)
        # As PaddleOCR: thin bridges between letters are kept by growing the map to the right and below.
        mask = cv2.dilate((plane > self._options.pixel_threshold).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        rectangles = [self._line(plane, contour) for contour in contours[: self._options.most_lines]]
        lines = [(line * scale).clip(0, (width, height)).astype(np.float32) for line in rectangles if line is not None]
        return sorted(lines, key=lambda line: (round(float(line[0, 1]) / 10), float(line[0, 0])))

    def _line(self, plane: Array, contour: Array) -> Corners | None:
        """The widened rectangle around a contour, in cells of the map; None where it is no line."""
        centre, lengths, angle = cv2.minAreaRect(contour)
        if min(lengths) < LEAST_CELLS or _mean_inside(plane, _in_order(cv2.boxPoints((centre, lengths, angle)))) < (
            self._options.line_threshold
        ):
            return None
        grown = lengths[0] * lengths[1] * self._options.widen / (2 * (lengths[0] + lengths[1]))
        lengths = lengths[0] + 2 * grown, lengths[1] + 2 * grown
        return None if min(lengths) < LEAST_CELLS + 2 else _in_order(cv2.boxPoints((centre, lengths, angle)))

    def _read(self, line: Pixels) -> tuple[str, float]:
        """The text of a line and the mean probability of its characters."""
        width = min(MAX_READ_WIDTH, max(1, int(np.ceil(READ_HEIGHT * line.shape[1] / line.shape[0]))))
        room = max(READ_WIDTH, -(-width // CELLS) * CELLS)
        tensor = np.zeros((1, 3, READ_HEIGHT, room), np.float32)
        shown = cv2.resize(line, (width, READ_HEIGHT))[:, :, ::-1]
        tensor[0, :, :, :width] = (shown.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)
        values = self.recognizer({"line": tensor})["characters"]
        scores = values.reshape(values.shape[-2:])
        classes = scores.argmax(axis=1)
        chosen = classes != 0
        chosen[1:] &= classes[1:] != classes[:-1]
        known = [*self._characters, " "]
        text = "".join(known[index - 1] for index in classes[chosen] if index <= len(known))
        return text.strip(), float(scores[chosen].max(axis=1).mean()) if chosen.any() else 0.0


def _characters(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except FileNotFoundError:
        raise ModelError(f"the archive has no {path.name}: a character a line, in the recognizer's order") from None


def _in_order(corners: Array) -> Corners:
    """The corners of a rectangle, left top first, clockwise."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    top_left, bottom_left = left[np.argsort(left[:, 1], kind="stable")]
    top_right, bottom_right = right[np.argsort(right[:, 1], kind="stable")]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _mean_inside(plane: Array, corners: Corners) -> float:
    low = np.floor(corners.min(axis=0)).astype(int).clip(0, np.array(plane.shape[::-1]) - 1)
    high = np.ceil(corners.max(axis=0)).astype(int).clip(0, np.array(plane.shape[::-1]) - 1)
    mask = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - low).astype(np.int32)], 1)
    window = plane[low[1] : high[1] + 1, low[0] : high[0] + 1].astype(np.float32)
    return float(cv2.mean(window, mask)[0])


def _straightened(pixels: Pixels, corners: Corners) -> Pixels:
    """The line as a picture of its own, turned where it is written from top to bottom."""
    width = max(1, int(max(np.linalg.norm(corners[0] - corners[1]), np.linalg.norm(corners[2] - corners[3]))))
    height = max(1, int(max(np.linalg.norm(corners[0] - corners[3]), np.linalg.norm(corners[1] - corners[2]))))
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    line = cv2.warpPerspective(pixels, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.rot90(line) if height >= TALL * width else line, np.uint8)

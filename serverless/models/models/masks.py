"""Masks to outlines, and to what CVAT takes."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

MIN_POINTS = 3
"""CVAT refuses polygons with fewer."""

MAX_MASK_CELLS = 2_000_000
"""In one answer. A cell is two bytes of JSON and SageMaker passes answers of 6 MB: the rest comes as outlines."""

Mask = npt.NDArray[np.uint8]
"""height x width, 0 or 1."""
Outline = npt.NDArray[np.int32]
"""n x 2, x y of pixels."""


def outline_of_largest(mask: Mask, approximation: int) -> Outline | None:
    """Outline of the connected part with the largest area, holes ignored; None where the mask is empty.

    CVAT's IOG function takes the outline with most points, which prefers ragged specks to smooth objects.
    """
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, approximation)
    if not contours:
        return None
    return np.asarray(max(contours, key=cv2.contourArea), dtype=np.int32).reshape(-1, 2)


def polygon(mask: Mask) -> Outline | None:
    """The largest part as a polygon of at least three points, approximated as CVAT's IOG function does."""
    outline = outline_of_largest(mask, cv2.CHAIN_APPROX_TC89_KCOS)
    if outline is None or len(outline) >= MIN_POINTS:
        return outline
    left, top, width, height = cv2.boundingRect(outline)
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.int32)
    return np.asarray(corners + np.array((left, top), np.int32))


class MaskItems:
    """Makes a detector's items from masks, as long as the answer stays within what SageMaker passes."""

    def __init__(self, shape: str = "mask") -> None:
        self._shape = shape
        self._left = MAX_MASK_CELLS

    def item(self, mask: Mask, corner: tuple[int, int]) -> dict[str, Any] | None:
        """Type, points and mask of the item; None where the mask is empty. corner: left and top of it in the image.

        The polygon in `points` is what CVATs before v2.3 get, which know no masks.
        """
        outline = polygon(mask)
        if outline is None:
            return None
        points = (outline + corner).astype(np.float64).ravel().tolist()
        x, y, width, height = cv2.boundingRect(mask)
        if self._shape == "polygon" or width * height > self._left:
            return {"type": "polygon", "points": points}
        self._left -= width * height
        left, top = corner[0] + x, corner[1] + y
        cells = mask[y : y + height, x : x + width].ravel().tolist()
        return {"type": "mask", "points": points, "mask": [*cells, left, top, left + width - 1, top + height - 1]}


def sample(field: npt.NDArray[Any], window: tuple[int, int, int, int], scale: tuple[float, float], offset: Any) -> Any:
    """Values of a coarse field at the pixels of a window (left, top, right, bottom, the last two exclusive).

    scale: cells for a pixel; offset: the cell coordinates of the image's corner. Between cells values are interpolated,
    beyond the field's edge they stay.
    """
    left, top, right, bottom = window
    matrix = np.array(
        [
            [scale[0], 0, (left + 0.5) * scale[0] + offset[0] - 0.5],
            [0, scale[1], (top + 0.5) * scale[1] + offset[1] - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (right - left, bottom - top)
    values = np.ascontiguousarray(field, np.float32)
    return cv2.warpAffine(values, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

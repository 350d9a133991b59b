"""Masks to outlines."""

import cv2
import numpy as np
import numpy.typing as npt

MIN_POINTS = 3
"""CVAT refuses polygons with fewer."""

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

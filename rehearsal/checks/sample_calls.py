"""One plausible call of each kind of function, as CVAT at this project's commit makes it, and its answer.

The forms are those of serverless/README.md: containers speak the newest, CVAT at our commit the oldest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OK, NOT_FOUND = 200, 404

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
"""A PNG of one pixel, in base64."""

BOX = [20.0, 10.0, 90.0, 80.0]


@dataclass(frozen=True)
class Sample:
    """A call of a function, what its container answers, and what CVAT must get."""

    request: Mapping[str, Any]
    """From CVAT."""
    container: Any
    """The model container's answer."""
    answer: Any
    """What CVAT must get."""


def sample(kind: str, item: Mapping[str, Any]) -> Sample:
    """For a function as the gateway lists it."""
    return {"detector": _detector, "interactor": _interactor, "tracker": _tracker, "reid": _reid}[kind](item)


def _detector(item: Mapping[str, Any]) -> Sample:
    labels = json.loads(item["metadata"]["annotations"].get("spec", "[]"))
    label = labels[0]["name"] if labels else "thing"
    shapes = [{"label": label, "type": "rectangle", "points": BOX, "confidence": "0.9"}]
    return Sample({"image": PIXEL, "threshold": 0.5}, shapes, shapes)


def _interactor(_: Mapping[str, Any]) -> Sample:
    outline = [[20, 10], [90, 10], [90, 80]]
    request = {"image": PIXEL, "pos_points": [[60, 40]], "neg_points": [], "obj_bbox": [[20, 10], [90, 80]]}
    return Sample(request, {"points": outline, "mask": [[1]], "bounds": [1, 1, 1, 1]}, outline)


def _tracker(_: Mapping[str, Any]) -> Sample:
    state = {"frame": 1}
    request = {"image": PIXEL, "shape": BOX, "state": None}
    return Sample(request, {"shapes": [BOX], "states": [state]}, {"shape": BOX, "state": state})


def _reid(_: Mapping[str, Any]) -> Sample:
    boxes = [{"points": BOX, "label_id": 1, "type": "rectangle"}]
    frames = {"image0": PIXEL, "image1": PIXEL, "boxes0": boxes, "boxes1": boxes}
    return Sample({**frames, "threshold": 0.5, "max_distance": 50}, [0], [0])

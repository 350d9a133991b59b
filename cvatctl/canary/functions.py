"""The request of CVAT's UI for each kind of function, and the check of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cvatctl.canary.dialects import C48411ae, Function

Answer = Any

_MIN_POLYGON = 3


def _box(width: int, height: int) -> list[float]:
    """A box in the middle of a frame: x1, y1, x2, y2."""
    return [width * 0.25, height * 0.25, width * 0.75, height * 0.75]


def _detector(task: int, function: Function, width: int, height: int) -> dict[str, Any]:
    return {"task": task, "frame": 0, "threshold": 0.5}


def _interactor(task: int, function: Function, width: int, height: int) -> dict[str, Any]:
    x1, y1, x2, y2 = _box(width, height)
    inside = max(1, int(function.get("min_pos_points") or 1))
    clicks = [[x1 + (x2 - x1) * (n + 1) / (inside + 1), (y1 + y2) / 2] for n in range(inside)]
    corners = [[x1, y1], [x2, y2]] if function.get("startswith_box") else []
    outside = [[x1 + n, y1] for n in range(max(0, int(function.get("min_neg_points") or 0)))]
    return {"task": task, "frame": 0, "pos_points": corners + clicks, "neg_points": outside}


def _reid(task: int, function: Function, width: int, height: int) -> dict[str, Any]:
    shape = {"type": "rectangle", "occluded": False, "z_order": 0, "points": _box(width, height), "attributes": []}
    shape |= {"id": 1, "label_id": 1, "group": 0, "source": "manual"}
    boxes = {"boxes0": [{**shape, "frame": 0}], "boxes1": [{**shape, "frame": 1}]}
    return {"task": task, "frame0": 0, "frame1": 1, "threshold": 0.5, "max_distance": 50, **boxes}


def _tracker(task: int, function: Function, width: int, height: int) -> dict[str, Any]:
    return {"task": task, "frame": 0, "box": _box(width, height)}


_REQUESTS: Mapping[str, Callable[[int, Function, int, int], dict[str, Any]]] = {
    "detector": _detector,
    "interactor": _interactor,
    "reid": _reid,
    "tracker": _tracker,
}


def request(task: int, function: Function, width: int, height: int, dialect: C48411ae) -> dict[str, Any] | None:
    """The body of POST /lambda/functions/<id> for frame 0 of the task; None for a kind that CVAT cannot call.

    `width` and `height` are the frame's, in pixels.
    """
    build = _REQUESTS.get(str(function.get("kind")))
    if build is None:
        return None
    body = build(task, function, width, height)
    return {**body, **dialect.tracked(body.pop("box"))} if "box" in body else body


def check_answer(kind: str, answer: Answer, dialect: C48411ae) -> tuple[str | None, str]:
    """(problem, summary): why CVAT could not use the answer (None: it can), and the answer in a few words.

    An empty result is valid, because the demo pictures are drawings.
    """
    return _CHECKS[kind](answer, dialect)


def _check_shapes(answer: Answer, dialect: C48411ae) -> tuple[str | None, str]:
    answer = dialect.shapes(answer)
    if not isinstance(answer, list):
        return f"a detector answers a list of shapes, and this is {_shortened(answer)}", ""
    wrong = [item for item in answer if not isinstance(item, dict) or not dialect.shape_keys <= set(item)]
    return (
        f"a shape lacks {' or '.join(sorted(dialect.shape_keys))}: {_shortened(wrong[0])}" if wrong else None
    ), f"{len(answer)} shapes"


def _check_polygon(answer: Answer, dialect: C48411ae) -> tuple[str | None, str]:
    points = answer.get("points", []) if isinstance(answer, dict) else answer
    if not isinstance(points, list) or 0 < len(points) < _MIN_POLYGON:
        return f"an interactor answers a polygon of {_MIN_POLYGON} points or more, and this is {_shortened(answer)}", ""
    if not all(isinstance(point, list) and len(point) == len("xy") for point in points):
        return f"a polygon consists of [x, y], and this is {_shortened(points)}", ""
    return None, f"a polygon of {len(points)} points"


def _check_matches(answer: Answer, dialect: C48411ae) -> tuple[str | None, str]:
    if not isinstance(answer, list) or len(answer) != 1 or not isinstance(answer[0], int):
        return f"a reid function answers one number for each box, and this is {_shortened(answer)}", ""
    return None, "no match" if answer[0] < 0 else "a match"


def _check_track(answer: Answer, dialect: C48411ae) -> tuple[str | None, str]:
    shape, has_state = dialect.track(answer) if isinstance(answer, dict) else (None, False)
    if not isinstance(shape, list) or len(shape) % 2 or not shape or not has_state:
        return f"a tracker answers shape (x and y in turn) and state, and this is {_shortened(answer)}", ""
    return None, f"a shape of {len(shape) // 2} points"


_CHECKS: Mapping[str, Callable[[Answer, C48411ae], tuple[str | None, str]]] = {
    "detector": _check_shapes,
    "interactor": _check_polygon,
    "reid": _check_matches,
    "tracker": _check_track,
}
_SHOWN = 80


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

"""Plausible, deterministic answers with no model and no account, to try a CVAT with."""

import base64
import io
from typing import Any

import orjson
from PIL import Image

from .backend import Backend, Trace
from .contract import Payload
from .errors import GatewayError
from .registry import Function


class Echo(Backend):
    """The backend of `python -m gateway --backend echo`."""

    async def invoke(self, function: Function, body: bytes, deadline: float, trace: Trace) -> bytes:
        trace.attempts = 1
        try:
            return orjson.dumps(_ANSWERS[function.kind](function, orjson.loads(body)))
        except (TypeError, ValueError, LookupError, OSError):
            raise GatewayError("request", "The request's fields are not in CVAT's form") from None


def _detector(function: Function, payload: Payload) -> Any:
    """A rectangle in the middle of the image for each of the function's first three labels."""
    width, height = Image.open(io.BytesIO(base64.b64decode(payload["image"]))).size
    labels = orjson.loads(function.item["metadata"]["annotations"].get("spec", "[]"))
    sides = [(width * edge, height * edge) for edge in (0.25, 0.3, 0.35)]
    return [
        {"label": label["name"], "type": "rectangle", "points": [x, y, width - x, height - y], "confidence": "0.9"}
        for label, (x, y) in zip(labels, sides, strict=False)
    ]


def _interactor(_: Function, payload: Payload) -> Any:
    """The box that was drawn, or one around the first point."""
    x, y = (payload["pos_points"] or [[0, 0]])[0]
    corners = payload.get("obj_bbox") or [[x - 20, y - 20], [x + 20, y + 20]]
    (x0, y0), (x1, y1) = ([max(0, round(value)) for value in corner] for corner in corners)
    mask = [[1] * (x1 - x0 + 1)] * (y1 - y0 + 1)
    return {"points": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], "mask": mask, "bounds": [x0, y0, x1, y1]}


def _tracker(_: Function, payload: Payload) -> Any:
    """Every object where it was: its state is its shape."""
    shapes = payload["states"] or payload["shapes"]
    return {"shapes": shapes, "states": shapes}


def _reid(_: Function, payload: Payload) -> Any:
    """Boxes match in the order in which they come."""
    rows, columns = len(payload["boxes0"]), len(payload["boxes1"])
    return [row if row < columns else -1 for row in range(rows)]


_ANSWERS = {"detector": _detector, "interactor": _interactor, "tracker": _tracker, "reid": _reid}

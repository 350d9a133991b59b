"""Plausible, deterministic answers with no model and no account, to try a CVAT with."""

import base64
import io
from typing import Any

import orjson
from PIL import Image

from . import masks
from .backend import Call, Spent
from .contract import Payload
from .errors import GatewayError


class Echo:
    """The backend of `python -m gateway --backend echo`."""

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def ready(self) -> bool:
        return True

    async def invoke(self, call: Call, spent: Spent) -> bytes:
        spent.attempts = 1
        try:
            return orjson.dumps(_ANSWERS[call.function.kind](call, orjson.loads(call.body)))
        except (TypeError, ValueError, LookupError):
            raise GatewayError("request", "The request's fields are not in CVAT's form") from None


def _detector(call: Call, payload: Payload) -> Any:
    """A rectangle in the middle of the image for the first label; a smaller one for each of two more."""
    try:
        width, height = Image.open(io.BytesIO(base64.b64decode(payload["image"]))).size
    except (OSError, ValueError):
        raise GatewayError("request", "The image cannot be decoded") from None
    return [
        {
            "label": label,
            "type": "rectangle",
            "points": [width * edge, height * edge, width * (1 - edge), height * (1 - edge)],
            "confidence": "0.90",
        }
        for label, edge in zip(call.function.labels, (0.25, 0.3, 0.35), strict=False)
    ]


def _interactor(_: Call, payload: Payload) -> Any:
    """The box that was drawn; without one, a diamond around the first point."""
    box = payload.get("obj_bbox")
    if box:
        (x0, y0), (x1, y1) = box
        points = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
    else:
        x, y = (payload["pos_points"] or [[50, 50]])[0]
        points = [[x, y - 20], [x + 20, y], [x, y + 20], [x - 20, y]]
    return {"points": points} | masks.filled(points)


def _tracker(_: Call, payload: Payload) -> Any:
    """Every object where it was: the state is its shape."""
    states = payload["states"] or payload["shapes"]
    return {"shapes": states, "states": states}


def _reid(_: Call, payload: Payload) -> Any:
    """Boxes match in the order in which they come."""
    known = len(payload["boxes1"])
    return [index if index < known else -1 for index in range(len(payload["boxes0"]))]


_ANSWERS = {"detector": _detector, "interactor": _interactor, "tracker": _tracker, "reid": _reid}

"""Plausible, deterministic answers with no model and no account, to try a CVAT with."""

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import web
from PIL import Image

from .errors import GatewayError
from .registry import Function
from .telemetry import Trace


class Echo:
    """The backend of `python -m gateway --backend echo`; it has the methods of SageMaker."""

    async def running(self, _: web.Application) -> AsyncIterator[None]:
        yield

    async def ready(self) -> bool:
        return True

    async def invoke(self, function: Function, body: bytes, deadline: float, trace: Trace) -> bytes:
        trace.attempts = 1
        try:
            return orjson.dumps(answer(function, orjson.loads(body)))
        except (TypeError, ValueError, LookupError, OSError):
            raise GatewayError("request", "The request's fields are not in CVAT's form") from None


def answer(function: Function, payload: dict[str, Any]) -> Any:
    """Objects stay where they were (their state is their shape); boxes match in the order in which they come."""
    if function.kind == "detector":
        return _boxes(function, *Image.open(io.BytesIO(base64.b64decode(payload["image"]))).size)
    if function.kind == "interactor":
        return _outline(payload["pos_points"], payload.get("obj_bbox"))
    if function.kind == "tracker":
        shapes = payload["states"] or payload["shapes"]
        return {"shapes": shapes, "states": shapes}
    columns = len(payload["boxes1"])
    return [row if row < columns else -1 for row in range(len(payload["boxes0"]))]


def _boxes(function: Function, width: int, height: int) -> list[dict[str, Any]]:
    """A rectangle in the middle of the image for each of the function's first three labels."""
    labels = orjson.loads(function.item["metadata"]["annotations"].get("spec", "[]"))
    boxes = [[width * side, height * side, width - width * side, height - height * side] for side in (0.25, 0.3, 0.35)]
    common = {"type": "rectangle", "confidence": "0.9"}
    return [common | {"label": label["name"], "points": box} for label, box in zip(labels, boxes, strict=False)]


def _outline(points: list[list[float]], box: Any) -> dict[str, Any]:
    """The box that was drawn, or one around the first point; its mask is left to the gateway to draw."""
    x, y = (points or [[0, 0]])[0]
    (x0, y0), (x1, y1) = box or [[max(0, x - 20), max(0, y - 20)], [x + 20, y + 20]]
    return {"points": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}

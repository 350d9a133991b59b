"""A backend with plausible, deterministic answers: no model, no account, to try a CVAT with."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from cvat_images import decode_base64, open_image

from gateway.contract import MALFORMED_REQUEST, Call, Payload
from gateway.errors import reported_as
from gateway.memory import Share
from gateway.registry import Function
from gateway.telemetry import Trace


class Echo:
    """Answers at once, by the request alone."""

    @asynccontextmanager
    async def running(self, _ends: Callable[[], float]) -> AsyncIterator[None]:
        yield

    async def problem(self) -> str | None:
        return None

    async def note(self, _function: str) -> str:
        return ""

    async def invoke(
        self, function: Function, call: Call, _deadline: float, _share: Share, trace: Trace, *, patient: bool
    ) -> bytes:
        del patient  # nothing is ever asleep
        trace.attempts = 1
        with reported_as("request", MALFORMED_REQUEST):
            return orjson.dumps(echoed(function, orjson.loads(call.body)))


def echoed(function: Function, payload: Payload) -> Any:
    """A box of a detector's first label; objects stay where they were; boxes match in their order."""
    if function.kind == "detector":
        width, height = open_image(decode_base64(payload["image"])).size
        item = {
            "type": "rectangle",
            "confidence": "0.9",
            "points": [width / 4, height / 4, width * 0.75, height * 0.75],
        }
        return [item | {"label": label["name"]} for label in function.labels[:1]]
    if function.kind == "interactor":  # the box that was drawn, or one around the first point
        x, y = (payload["pos_points"] or [[0, 0]])[0]
        (x0, y0), (x1, y1) = payload.get("obj_bbox") or [[max(0, x - 20), max(0, y - 20)], [x + 20, y + 20]]
        return {"points": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]}
    if function.kind == "tracker":
        shapes = payload["states"] or payload["shapes"]
        return {"shapes": shapes, "states": shapes}
    return [row if row < len(payload["boxes1"]) else -1 for row in range(len(payload["boxes0"]))]

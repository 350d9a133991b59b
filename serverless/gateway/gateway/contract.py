"""CVAT's requests and answers in all their versions, and the one form that model containers speak.

The containers' form is that of the newest CVAT (v2.14). Who already speaks it is passed through byte by byte.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import GatewayError, refuse_unless
from .registry import Kind

Payload = dict[str, Any]
Version = tuple[int, ...]

FIRST = (1, 5)
OBJECT_INTERACTORS = (2, 3)  # answers {"points", "mask"}; before, the bare list of points
BOUNDED_MASKS = (2, 4, 4)  # `mask` may be the crop that `bounds` names, and `points` are optional
DETECTOR_TYPES: dict[str, Version] = {"tag": (2, 0), "ellipse": (2, 0), "mask": (2, 3), "skeleton": (2, 9)}
"""First version that takes each type of item; an older one fails the user's whole job on it."""

FIELDS: dict[Kind, dict[str, type]] = {
    "detector": {"image": str},
    "interactor": {"image": str, "pos_points": list, "neg_points": list},
    "reid": {"image0": str, "image1": str, "boxes0": list, "boxes1": list},
    "tracker": {"image": str, "shapes": list, "states": list},
}


@dataclass
class Call:
    """A request as it travels, and what must be known of it to give a fitting answer."""

    kind: Kind
    version: Version
    body: bytes
    lengths: list[int]
    """Of the request's lists: boxes of the two frames (reid), shapes and states (tracker)."""
    singular: bool
    """A tracker's request of one `shape` and one `state` (before v1.7)."""
    scale: float | None = None
    """Of the image that was re-encoded; None: it travels as it came."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the image that CVAT sent, where that must be known."""

    @property
    def whole_masks(self) -> bool:
        """An interactor's mask must have the image's size."""
        return self.kind == "interactor" and OBJECT_INTERACTORS <= self.version < BOUNDED_MASKS


def version_of(headers: Mapping[str, str], configured: Version | None) -> Version:
    """CVAT's version: told since v2.4, else as configured, else the oldest that the headers allow."""
    if told := re.match(r"CVAT/(\d+)\.(\d+)(?:\.(\d+))?", headers.get("User-Agent", "")):
        return tuple(int(part) for part in told.groups() if part)
    return configured or ((2, 2) if "X-Nuclio-Invoke-Via" in headers else FIRST)


def read_request(kind: Kind, body: bytes, version: Version) -> tuple[Call, Payload]:
    """Check a request and bring it into the containers' form; its bytes stay untouched if they have it."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise GatewayError("request", "The request is not JSON") from None
    if not isinstance(payload, dict):
        raise GatewayError("request", "The request is not a JSON object")
    if singular := kind == "tracker" and "shapes" not in payload and "shape" in payload:
        shape, state = payload.pop("shape"), payload.pop("state", None)
        payload |= {"shapes": [shape], "states": [] if state is None else [state]}
        body = dumps(payload)
    for field, form in FIELDS[kind].items():
        if not isinstance(payload.get(field), form):
            fault = "has the wrong type" if field in payload else "is missing"
            raise GatewayError("request", f"Mandatory argument '{field}' of this {kind} {fault}")
    lengths = [len(payload[field]) for field, form in FIELDS[kind].items() if form is list]
    return Call(kind, version, body, lengths, singular), payload


def dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise GatewayError("request", "The request or its answer is nested too deeply") from None


def read_answer(call: Call, raw: bytes) -> Any:
    """A container's answer, checked for what CVAT would fail on without a word of why."""
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        refuse_unless(False, "it is not JSON")
    {"detector": _detector, "interactor": _interactor, "tracker": _tracker, "reid": _reid}[call.kind](call, answer)
    return answer


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) in (int, float) for number in value)


def _detector(_: Call, answer: Any) -> None:
    is_list = isinstance(answer, list) and all(isinstance(item, dict) for item in answer)
    refuse_unless(is_list, "a detector answers a list of objects")
    for item in answer:
        named = isinstance(item.get("label"), str) and isinstance(item.get("type"), str)
        refuse_unless(named, "each item has a 'label' and a 'type'")
        needed = {"tag": "", "mask": "mask", "skeleton": "elements"}.get(item["type"], "points")
        good = not needed or _numbers(item.get(needed)) or (needed == "elements" and item.get(needed))
        refuse_unless(good, f"an item of type {item['type']} has '{needed}'")


def _interactor(call: Call, answer: Any) -> None:
    known = isinstance(answer, dict) and answer.keys() & {"points", "mask", "blob"}
    refuse_unless(known, "an interactor answers an object with 'points' and 'mask'")
    readable = call.version >= BOUNDED_MASKS or "points" in answer
    refuse_unless(readable, "it has no 'points', which this version of CVAT needs")
    refuse_unless(all(_numbers(point) for point in answer.get("points", [])), "'points' is a list of [x, y]")
    refuse_unless(all(isinstance(row, list) for row in answer.get("mask", [])), "'mask' is a list of rows")


def _tracker(call: Call, answer: Any) -> None:
    shapes = answer.get("shapes") if isinstance(answer, dict) else None
    refuse_unless(isinstance(shapes, list), "a tracker answers an object with 'shapes' and 'states'")
    complete = len(shapes) == len(answer.get("states") or []) == call.lengths[0]
    refuse_unless(complete, f"a shape and a state are answered for each of {call.lengths[0]} shapes")
    refuse_unless(all(_numbers(shape) for shape in shapes), "each shape is a list of numbers")


def _reid(call: Call, answer: Any) -> None:
    rows, columns = call.lengths
    complete = isinstance(answer, list) and len(answer) == rows
    refuse_unless(complete, f"a reid answers a list of {rows} indices, one for each box")
    inside = all(type(index) is int and -1 <= index < columns for index in answer)
    refuse_unless(inside, f"each index is -1 or below {columns}")


def to_caller(call: Call, answer: Any) -> Any:
    """The answer as the calling CVAT takes it; the same object if nothing has to change."""
    if call.singular:
        return {"shape": answer["shapes"][0], "state": answer["states"][0]}
    if call.kind == "interactor" and call.version < OBJECT_INTERACTORS:
        return answer["points"]
    if call.kind == "detector":
        items = [older for item in answer if (older := _older(call, item))]
        return answer if items == answer else items
    return answer


def _older(call: Call, item: Payload) -> Payload | None:
    """An item for a CVAT that does not know its type: a mask's polygon or box; nothing of the others."""
    if call.version >= DETECTOR_TYPES.get(item["type"], FIRST):
        return item
    if item["type"] != "mask":
        return None
    box = {"points": item["mask"][-4:], "type": "rectangle"}
    plain = {key: value for key, value in item.items() if key != "mask"}
    return plain | ({"type": "polygon"} if item.get("points") else box)

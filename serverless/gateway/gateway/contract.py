"""CVAT's requests and answers in all their versions, and the one form that model containers speak.

The containers' form is that of the newest CVAT (v2.14). Who already speaks it is passed through byte by byte.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import GatewayError, refuse
from .registry import Kind

Payload = dict[str, Any]
Version = tuple[int, ...]

FIRST = (1, 5)
OBJECT_INTERACTORS = (2, 3)  # answers {"points", "mask"}; before, the bare list of points
DETECTOR_TYPES: dict[str, Version] = {"tag": (2, 0), "ellipse": (2, 0), "mask": (2, 3), "skeleton": (2, 9)}
"""First version that takes each type of item; an older one fails the user's whole job on it."""

FIELDS: dict[Kind, dict[str, type]] = {
    "detector": {"image": str},
    "interactor": {"image": str, "pos_points": list, "neg_points": list},
    "reid": {"image0": str, "image1": str, "boxes0": list, "boxes1": list},
    "tracker": {"image": str, "shapes": list, "states": list},
}


@dataclass(frozen=True)
class Caller:
    """Who calls, and what must be known of the request to give a fitting answer."""

    version: Version
    kind: Kind
    singular: bool = False
    """A tracker's request of one `shape` and one `state` (before v1.7)."""
    sizes: Sequence[int] = ()
    """Lengths of the request's lists: boxes of the two frames (reid), shapes and states (tracker)."""


def version_of(headers: Mapping[str, str], configured: Version | None) -> Version:
    """CVAT's version: told since v2.4, else as configured, else the oldest that the headers allow."""
    if told := re.match(r"CVAT/(\d+)\.(\d+)(?:\.(\d+))?", headers.get("User-Agent", "")):
        return tuple(int(part) for part in told.groups() if part)
    return configured or ((2, 2) if "X-Nuclio-Invoke-Via" in headers else FIRST)


def read_request(kind: Kind, body: bytes, version: Version) -> tuple[Caller, Payload, bytes]:
    """Check a request and bring it into the containers' form; its bytes stay untouched if they have it."""
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise GatewayError("request", "The request is not JSON") from None
    if not isinstance(payload, dict):
        raise GatewayError("request", "The request is not a JSON object")
    singular = kind == "tracker" and "shapes" not in payload and "shape" in payload
    if singular:
        shape, state = payload.pop("shape"), payload.pop("state", None)
        payload |= {"shapes": [shape], "states": [] if state is None else [state]}
        body = dumps(payload)
    for field, form in FIELDS[kind].items():
        if not isinstance(payload.get(field), form):
            fault = "has the wrong type" if field in payload else "is missing"
            raise GatewayError("request", f"Mandatory argument '{field}' of this {kind} {fault}")
    sizes = [len(payload[field]) for field, form in FIELDS[kind].items() if form is list]
    return Caller(version, kind, singular, sizes), payload, body


def dumps(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise GatewayError("request", "The request or its answer is nested too deeply") from None


def read_answer(caller: Caller, raw: bytes) -> Any:
    """A container's answer, checked for what CVAT would fail on without a word of why."""
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        refuse("it is not JSON")
    _CHECKS[caller.kind](caller, answer)
    return answer


def _detector(_: Caller, answer: Any) -> None:
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        refuse("a detector answers a list of objects")
    for item in answer:
        if not isinstance(item.get("label"), str) or not isinstance(item.get("type"), str):
            refuse("each item has a 'label' and a 'type'")
        needed = {"tag": "", "mask": "mask", "skeleton": "elements"}.get(item["type"], "points")
        if needed and not (_numbers(item.get(needed)) or (needed == "elements" and item.get(needed))):
            refuse(f"an item of type {item['type']} has '{needed}'")


def _interactor(caller: Caller, answer: Any) -> None:
    if not isinstance(answer, dict) or not answer.keys() & {"points", "mask", "blob"}:
        refuse("an interactor answers an object with 'points' and 'mask'")
    if caller.version < OBJECT_INTERACTORS and "points" not in answer:
        refuse("it has no 'points', all that this version of CVAT reads")
    if not all(_numbers(point) for point in answer.get("points", [])):
        refuse("'points' is a list of [x, y]")
    if not all(isinstance(row, list) for row in answer.get("mask", [])):
        refuse("'mask' is a list of rows")


def _tracker(caller: Caller, answer: Any) -> None:
    if not isinstance(answer, dict) or not isinstance(shapes := answer.get("shapes"), list):
        refuse("a tracker answers an object with 'shapes' and 'states'")
    if not len(shapes) == len(answer.get("states") or []) == caller.sizes[0]:
        refuse(f"a shape and a state are answered for each of {caller.sizes[0]} shapes")
    if not all(_numbers(shape) for shape in shapes):
        refuse("each shape is a list of numbers")


def _reid(caller: Caller, answer: Any) -> None:
    rows, columns = caller.sizes
    if not isinstance(answer, list) or len(answer) != rows:
        refuse(f"a reid answers a list of {rows} indices, one for each box")
    if not all(type(index) is int and -1 <= index < columns for index in answer):
        refuse(f"each index is -1 or below {columns}")


_CHECKS = {"detector": _detector, "interactor": _interactor, "tracker": _tracker, "reid": _reid}


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) in (int, float) for number in value)


def to_caller(caller: Caller, answer: Any) -> Any:
    """The answer as the calling CVAT takes it; the same object if nothing has to change."""
    if caller.singular:
        return {"shape": answer["shapes"][0], "state": answer["states"][0]}
    if caller.kind == "interactor" and caller.version < OBJECT_INTERACTORS:
        return answer["points"]
    if caller.kind == "detector":
        items = [older for item in answer if (older := _older(caller, item))]
        return answer if items == answer else items
    return answer


def _older(caller: Caller, item: Payload) -> Payload | None:
    """An item for a CVAT that does not know its type: a mask's polygon or box; nothing of the others."""
    if caller.version >= DETECTOR_TYPES.get(item["type"], FIRST):
        return item
    if item["type"] != "mask":
        return None
    box = {"points": item["mask"][-4:], "type": "rectangle"}
    plain = {key: value for key, value in item.items() if key != "mask"}
    return plain | ({"type": "polygon"} if item.get("points") else box)

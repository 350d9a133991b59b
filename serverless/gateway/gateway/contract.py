"""CVAT's requests and answers in all versions; who speaks the containers' form (that of v2.14) is passed through."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from .errors import GatewayError, blamed
from .settings import Kind

Payload = dict[str, Any]
Version = tuple[int, ...]
NOT_CVATS = "The request's fields are not in CVAT's form"
FIRST = (1, 5)
OBJECT_INTERACTORS = (2, 3)  # answers {"points", "mask"}; before, the bare list of points
BOUNDED_MASKS = (2, 4, 4)  # `mask` may be the crop that `bounds` names, and `points` are optional
# The first version that takes each type of item; an older one fails the user's whole job on it.
DETECTOR_TYPES: dict[str, Version] = {"tag": (2, 0), "ellipse": (2, 0), "mask": (2, 3), "skeleton": (2, 9)}
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
    images: list[str]  # names of the request's images
    lengths: list[int]  # of the request's lists: boxes of the two frames (reid), shapes and states (tracker)
    singular: bool  # a tracker's request of one `shape` and one `state` (before v1.7)
    whole_masks: bool  # an interactor's mask must have the image's size
    scale: float | None = None  # of the image that was re-encoded; None: it travels as it came
    size: tuple[int, int] = (0, 0)  # width and height of the image that CVAT sent, where that must be known


def version_of(headers: Mapping[str, str], configured: Version | None) -> Version:
    """CVAT's version: told since v2.4, else as configured, else the oldest that the headers allow."""
    if told := re.match(r"CVAT/(\d+)\.(\d+)(?:\.(\d+))?", headers.get("User-Agent", "")):
        return tuple(int(part) for part in told.groups() if part)
    return configured or ((2, 2) if "X-Nuclio-Invoke-Via" in headers else FIRST)


@blamed("request", NOT_CVATS)
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
        body = orjson.dumps(payload)
    for field, form in FIELDS[kind].items():
        if not isinstance(payload.get(field), form):
            fault = "has the wrong type" if field in payload else "is missing"
            raise GatewayError("request", f"Mandatory argument '{field}' of this {kind} {fault}")
    images, lists = ([field for field, form in FIELDS[kind].items() if form is wanted] for wanted in (str, list))
    lengths, whole_masks = [len(payload[field]) for field in lists], OBJECT_INTERACTORS <= version < BOUNDED_MASKS
    return Call(kind, version, body, images, lengths, singular, kind == "interactor" and whole_masks), payload


def read_answer(call: Call, raw: bytes) -> Any:
    """A container's answer; raises ValueError for what CVAT would fail on without a word of why."""
    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ValueError("it is not JSON") from None
    for kind, fault, holds in RULES:
        if kind == call.kind and not holds(call, answer):
            raise ValueError(fault)
    return answer


def _list(value: Any, *types: type) -> bool:
    """Whether `value` is a list of nothing but `types` (to which a bool is no int)."""
    return isinstance(value, list) and all(type(part) in types for part in value)


def _complete(item: Payload) -> bool:
    """Whether a detector's item has what items of its type need."""
    needed = {"tag": "label", "mask": "mask", "skeleton": "elements"}.get(item["type"], "points")
    return bool(item[needed]) and (needed in {"label", "elements"} or _list(item[needed], int, float))


RULES: list[tuple[Kind, str, Callable[[Call, Any], bool]]] = [
    ("detector", "it is no list of objects", lambda _, a: _list(a, dict)),
    ("detector", "no 'label' or 'type'", lambda _, a: all(type(i["label"]) is type(i["type"]) is str for i in a)),
    ("detector", "no 'points', 'mask' or 'elements' as its 'type' has them", lambda _, a: all(map(_complete, a))),
    ("interactor", "no 'points' and no 'mask'", lambda _, a: not {"points", "mask", "blob"}.isdisjoint(a.keys())),
    ("interactor", "no 'points', which this CVAT needs", lambda c, a: c.version >= BOUNDED_MASKS or "points" in a),
    ("interactor", "'points' are no [x, y]", lambda _, a: all(_list(at, int, float) for at in a.get("points", []))),
    ("interactor", "'mask' is no list of rows", lambda _, a: _list(a.get("mask", []), list)),
    ("tracker", "a state is missing", lambda c, a: len(a["shapes"]) == len(a["states"]) == c.lengths[0]),
    ("tracker", "a shape is no list of numbers", lambda _, a: all(_list(shape, int, float) for shape in a["shapes"])),
    ("reid", "not an index for each box", lambda c, a: _list(a, int) and len(a) == c.lengths[0]),
    ("reid", "an index of no box", lambda c, a: all(-1 <= index < c.lengths[1] for index in a)),
]
"""What is wrong with an answer unless it holds, in order; one that cannot be asked (a KeyError) is malformed, too."""


def older(call: Call, item: Payload) -> Payload | None:
    """A detector's item for a CVAT that does not know its type: a mask's polygon or box; nothing of the others."""
    if call.version >= DETECTOR_TYPES.get(item["type"], FIRST):
        return item
    if item["type"] != "mask":
        return None
    plain = {key: value for key, value in item.items() if key != "mask"}
    return plain | ({"type": "polygon"} if item.get("points") else {"type": "rectangle", "points": item["mask"][-4:]})

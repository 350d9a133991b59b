"""CVAT's requests in all versions. What has the containers' form already (that of v2.14 on) is sent on as it came."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import GatewayError, reported_as
from gateway.registry import FunctionKind

Payload = dict[str, Any]
Version = tuple[int, ...]

MALFORMED_REQUEST = "The request's fields are not in CVAT's form"
FIRST = (1, 5)
"""The oldest version that is served."""
OBJECT_INTERACTORS = (2, 3)
"""Answers {"points", "mask"}; before, the bare list of points."""
BOUNDED_MASKS = (2, 4, 4)
"""An interactor's `mask` may be the crop that `bounds` names, and `points` are optional."""

IMAGES: dict[FunctionKind, tuple[str, ...]] = {
    "detector": ("image",),
    "interactor": ("image",),
    "reid": ("image0", "image1"),
    "tracker": ("image",),
}
LISTS: dict[FunctionKind, tuple[str, ...]] = {
    "detector": (),
    "interactor": ("pos_points", "neg_points"),
    "reid": ("boxes0", "boxes1"),
    "tracker": ("shapes", "states"),
}
IMAGE_HEAD = 16 * 1024
"""Characters of base64, a multiple of 4, which are looked at where the image's size is not in the first of them."""
_IMAGE_KEY = re.compile(rb'"image[01]?"\s*:\s*"')


@dataclass
class Call:
    """A request as it is sent on, and what must be known of it to give a fitting answer."""

    kind: FunctionKind
    version: Version
    body: bytes
    fields: Payload
    """The request's fields, their images cut to IMAGE_HEAD characters."""
    singular: bool = False
    """A tracker's request of one `shape` and one `state` (before v1.7)."""
    scale: float | None = None
    """Of the images, if they were re-encoded. None: they are sent as they came."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the image that CVAT sent, where that must be known."""

    @property
    def whole_masks(self) -> bool:
        """Whether an interactor's mask must have the image's size."""
        return self.kind == "interactor" and OBJECT_INTERACTORS <= self.version < BOUNDED_MASKS


def version_of(headers: Mapping[str, str], configured: Version | None) -> Version:
    """CVAT's version: named in the User-Agent since v2.4; else as configured; else the oldest that fits the headers."""
    if named := re.match(r"CVAT/(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?", headers.get("User-Agent", "")):
        return tuple(int(part) for part in named.groups() if part)
    return configured or ((2, 2) if "X-Nuclio-Invoke-Via" in headers else FIRST)


@reported_as("request", MALFORMED_REQUEST)
def read_request(kind: FunctionKind, body: bytes, version: Version) -> Call:
    """Checks a request and brings it into the containers' form; its bytes stay untouched if they have it."""
    fields = _parsed(cut_images(body))
    singular = kind == "tracker" and "shapes" not in fields and "shape" in fields
    if singular:
        payload = _plural(_parsed(body))
        body, fields = orjson.dumps(payload), _plural(fields)
    for name in IMAGES[kind] + LISTS[kind]:
        if not isinstance(fields.get(name), str if name in IMAGES[kind] else list):
            fault = "has the wrong type" if name in fields else "is missing"
            raise GatewayError("request", f"Mandatory argument '{name}' of this {kind} {fault}")
    return Call(kind, version, body, fields, singular)


def cut_images(body: bytes) -> bytes:
    """The body with the text of its images cut to their first IMAGE_HEAD characters.

    Parsing what is left costs a twentieth. A string without a backslash ends at the next quotation mark, so that what
    is left is JSON if the body is, with the same structure. Whether the text is base64 is for the container to check.
    """
    pieces, start = [], 0
    while key := _IMAGE_KEY.search(body, start):
        first, last = key.end(), body.find(b'"', key.end())
        if last < 0:
            break
        is_long = last - first > IMAGE_HEAD and body.find(b"\\", first, last) < 0
        pieces.append(body[start : first + IMAGE_HEAD if is_long else last])
        start = last
    pieces.append(body[start:])
    return b"".join(pieces)


def _parsed(body: bytes) -> Payload:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise GatewayError("request", "The request is not JSON") from None
    if not isinstance(payload, dict):
        raise GatewayError("request", "The request is not a JSON object")
    return payload


def _plural(payload: Payload) -> Payload:
    """A tracker's request before v1.7 in the form since."""
    others = {name: value for name, value in payload.items() if name not in ("shape", "state")}
    state = payload.get("state")
    return others | {"shapes": [payload["shape"]], "states": [] if state is None else [state]}

"""The benchmark's requests: those of CVAT, with images of its usual sizes, and hostile ones."""

import base64
import io
import json
import random
from functools import cache
from typing import Any, NamedTuple

from PIL import Image

HD = (1920, 1080)
INTERACTOR_BYTES = 390_000
"""Of the JPEG, which is 520 KB of base64."""
BOXES = 10
CVAT = "CVAT/2.14.4 python-requests/2.32.2"


class Workload(NamedTuple):
    """One kind of request, sent by so many callers at a time."""

    name: str
    function: str
    body: bytes
    callers: int


def workloads() -> list[Workload]:
    detector = {"image": photo(HD), "threshold": 0.5}
    boxes = [
        {"type": "rectangle", "label_id": 1, "points": [40.0 + 180 * place, 300, 190, 700]} for place in range(BOXES)
    ]
    reid = {"image0": photo(HD), "image1": photo(HD), "boxes0": boxes, "boxes1": boxes, "max_distance": 50}
    return [
        Workload("interactor, 520 KB", "interactor", encoded(interactor()), 32),
        Workload("detector, 1080p", "detector", encoded(detector), 8),
        Workload("reid, 1080p, 10 x 10", "reid", encoded(reid), 8),
    ]


def interactor() -> dict[str, Any]:
    return {
        "image": noise(INTERACTOR_BYTES),
        "pos_points": [[60, 40]],
        "neg_points": [],
        "obj_bbox": [[20, 10], [90, 80]],
    }


def encoded(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload).encode()


@cache
def noise(size: int) -> str:
    """Base64 of a JPEG of this many bytes: noise, at the quality that comes nearest, and a tail of zeros."""
    side = round((size * 0.8) ** 0.5)
    picture, best = Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3)), b""  # noqa: S311
    for quality in range(30, 96, 5):
        picture.save(out := io.BytesIO(), "JPEG", quality=quality)
        if out.tell() > size:
            break
        best = out.getvalue()
    return base64.b64encode(best.ljust(size, b"\0")).decode()


@cache
def photo(size: tuple[int, int]) -> str:
    """Base64 of a JPEG that is as heavy as a photo of this size: coarse noise, smoothed."""
    small = (size[0] // 8, size[1] // 8)
    coarse = Image.frombytes("RGB", small, random.Random(2).randbytes(small[0] * small[1] * 3))  # noqa: S311
    coarse.resize(size, Image.Resampling.BICUBIC).save(out := io.BytesIO(), "JPEG", quality=85)
    return base64.b64encode(out.getvalue()).decode()


@cache
def png(mode: str, size: tuple[int, int]) -> str:
    """Base64 of a PNG of one colour, not compressed much."""
    Image.new(mode, size).save(out := io.BytesIO(), "PNG", compress_level=1)
    return base64.b64encode(out.getvalue()).decode()


def mixed(chance: random.Random) -> tuple[str, bytes, dict[str, str]]:
    """Function, body and headers of a request as CVAT sends it: of any kind, seldom one that must be re-encoded."""
    kind = chance.choices(["interactor", "detector", "reid", "tracker", "large"], [4, 4, 2, 4, 0.05])[0]
    payload: dict[str, Any] = {"image": noise(chance.choice([30_000, 120_000, INTERACTOR_BYTES]))}
    if kind == "large":
        payload["image"] = png("RGBA", (6500, 6500))  # more than 40 megapixels
    if kind == "interactor":
        payload |= {"pos_points": [[60, 40]], "neg_points": [], "obj_bbox": None}
    if kind == "tracker":
        payload |= {"shapes": [[1, 2, 3, 4]], "states": [{"n": 1}]}
    if kind == "reid":
        payload = {
            "image0": payload["image"],
            "image1": payload["image"],
            "boxes0": [{}] * BOXES,
            "boxes1": [{}] * BOXES,
        }
    function = "detector" if kind == "large" else kind
    return function, encoded(payload), {"User-Agent": chance.choice([CVAT, "python-requests/2.24.0"])}


def hostile(chance: random.Random) -> tuple[str, bytes, dict[str, str]]:
    """Function, body and headers of a request that must be refused, at little cost."""
    requests: list[tuple[bytes, dict[str, str]]] = [
        (b"[" * 100_000, {}),
        (b"{" * 100_000, {}),
        (b'{"image": "' + b"A" * 400_000, {}),
        (b'"image": "' * 20_000, {}),
        (chance.randbytes(50_000), {}),
        (b"{}", {"X-Nuclio-Invoke-Timeout": "1" * 38 + "x"}),
        (b"{}", {"User-Agent": "CVAT/" + "2" * 5000 + ".1"}),
        (b"{}", {"Content-Encoding": "gzip"}),
        (
            encoded({"image": base64.b64encode(chance.randbytes(40_000)).decode(), "states": [[[[]]]], "shapes": [5]}),
            {},
        ),
        (encoded({"image": noise(30_000)})[:-20_000], {}),
        (encoded({"image": png("1", (30_000, 30_000)), "pos_points": [], "neg_points": []}), {}),
        (encoded({"image": "%" * 30_000, "pos_points": [], "neg_points": []}), {}),
    ]
    body, headers = chance.choice(requests)
    return "interactor", body, headers

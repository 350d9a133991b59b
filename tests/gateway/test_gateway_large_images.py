"""Requests that SageMaker would not take: re-encoded, scaled, and the answer's coordinates scaled back."""

import base64
import io
import itertools
import json
import random
import struct
import zlib
from typing import Any

import pytest
from gateway_bench.stub import Stub
from PIL import Image

from tests.support.gateway.cvat_clients import FIRST, V214, box, encoded

LIMIT = 60_000  # bytes, so that small images are too large
SIZE = (640, 480)
OBJECT = (200, 120, 360, 240)  # a white rectangle on noise


def noisy(form: str = "PNG", mode: str = "RGB") -> bytes:
    """An image that JPEG at full size cannot bring below the limit."""
    noise = random.Random(7).randbytes(SIZE[0] * SIZE[1] * 3)  # noqa: S311 - the same in every run
    image = Image.frombytes("RGB", SIZE, noise)
    image.paste((255, 255, 255), OBJECT)
    out = io.BytesIO()
    image.convert(mode).save(out, form)
    return out.getvalue()


def flat() -> bytes:
    """A PNG above the limit that is a small JPEG."""
    image = Image.linear_gradient("L").resize((800, 600)).convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=0)
    return out.getvalue()


def seen(stub: Stub) -> tuple[dict[str, Any], Image.Image, float]:
    """The last request as the container got it: payload, image, scale."""
    payload = json.loads(stub.received[-1].body)
    image = Image.open(io.BytesIO(base64.b64decode(payload.get("image") or payload["image0"])))
    assert image.format == "JPEG"
    assert len(stub.received[-1].body) <= LIMIT
    return payload, image, image.width / SIZE[0]


def find(image: Image.Image) -> list[int]:
    """The white rectangle in an image, as a model would find it: [left, top, right, bottom]."""
    box_of_square = image.convert("L").reduce(4).point(lambda value: 255 if value > 215 else 0).getbbox()
    assert box_of_square
    return [value * 4 for value in box_of_square]


@pytest.fixture
def small(start: Any) -> str:
    address: str = start(MAX_PAYLOAD_BYTES=str(LIMIT))
    return address


def test_a_png_frame_becomes_a_jpeg_of_the_same_size(small: str, stub: Stub) -> None:
    FIRST.invoke(small, "detector", {"image": encoded(flat()), "threshold": 0.3})
    payload = json.loads(stub.received[-1].body)
    image = Image.open(io.BytesIO(base64.b64decode(payload["image"])))
    assert (image.format, image.size, payload["threshold"]) == ("JPEG", (800, 600), 0.3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK"])
def test_every_mode_of_image_is_taken(small: str, stub: Stub, mode: str) -> None:
    FIRST.invoke(small, "detector", {"image": encoded(noisy("TIFF" if mode == "CMYK" else "PNG", mode))})
    assert seen(stub)[1].mode == "RGB"


def test_a_detectors_boxes_masks_and_skeletons_are_those_of_the_original_image(small: str, stub: Stub) -> None:
    def detect(body: bytes) -> bytes:
        image = Image.open(io.BytesIO(base64.b64decode(json.loads(body)["image"])))
        left, top, right, bottom = find(image)
        mask = [1] * ((right - left) * (bottom - top)) + [left, top, right - 1, bottom - 1]
        items = [
            {"label": "car", "type": "rectangle", "points": [left, top, right, bottom]},
            {"label": "car", "type": "mask", "mask": mask},
            {"label": "car", "type": "skeleton", "elements": [{"label": "a", "type": "points", "points": [left, top]}]},
        ]
        return json.dumps(items).encode()

    stub.answers["detector"] = detect
    rectangle, mask, skeleton = V214.invoke(small, "detector", {"image": encoded(noisy())})
    _, image, scale = seen(stub)
    assert scale < 0.9 and abs(image.height / image.width - 0.75) < 0.01, "scaled, with its proportions kept"
    tolerance = 8 / scale  # the stub's model looks at every fourth pixel
    assert rectangle["points"] == pytest.approx(OBJECT, abs=tolerance)
    left, top, right, bottom = mask["mask"][-4:]
    assert [left, top, right + 1, bottom + 1] == pytest.approx(OBJECT, abs=tolerance)
    assert len(mask["mask"]) - 4 == (right - left + 1) * (bottom - top + 1), "the mask fills its box"
    assert set(mask["mask"][:-4]) == {1}
    assert skeleton["elements"][0]["points"] == pytest.approx(OBJECT[:2], abs=tolerance)


@pytest.mark.parametrize("bounds", [True, False])
def test_an_interactors_points_go_down_and_its_mask_comes_up(small: str, stub: Stub, bounds: bool) -> None:
    def segment(body: bytes) -> bytes:
        payload = json.loads(body)
        width, height = Image.open(io.BytesIO(base64.b64decode(payload["image"]))).size
        (x0, y0), (x1, y1) = ([round(value) for value in corner] for corner in payload["obj_bbox"])
        answer: dict[str, Any] = {"points": [[x0, y0], [x1, y0], [x1, y1]]}
        if bounds:
            answer |= {"mask": [[1] * (x1 - x0)] * (y1 - y0), "bounds": [x0, y0, x1 - 1, y1 - 1]}
        else:
            answer["mask"] = [[int(x0 <= x < x1 and y0 <= y < y1) for x in range(width)] for y in range(height)]
        return json.dumps(answer).encode()

    stub.answers["interactor"] = segment
    x0, y0, x1, y1 = OBJECT
    payload = {
        "image": encoded(noisy()),
        "pos_points": [[280, 180]],
        "neg_points": [],
        "obj_bbox": [[x0, y0], [x1, y1]],
    }
    answer = V214.invoke(small, "interactor", payload)
    sent, _, scale = seen(stub)
    assert sent["pos_points"][0] == pytest.approx([280 * scale, 180 * scale], abs=1)
    assert [*itertools.chain(*answer["points"])] == pytest.approx([x0, y0, x1, y0, x1, y1], abs=2 / scale)
    if bounds:
        assert answer["bounds"] == pytest.approx([x0, y0, x1, y1], abs=2 / scale)
        assert len(answer["mask"][0]) == answer["bounds"][2] - answer["bounds"][0] + 1
    else:
        assert (len(answer["mask"][0]), len(answer["mask"])) == SIZE, "a mask without bounds is the whole frame's"
        assert sum(map(sum, answer["mask"])) == pytest.approx((x1 - x0) * (y1 - y0), rel=0.05)


@pytest.mark.parametrize("client", [FIRST, V214])
def test_a_tracker_keeps_the_scale_of_its_state(small: str, stub: Stub, client: Any) -> None:
    def track(body: bytes) -> bytes:
        payload = json.loads(body)
        shape = payload["states"][0]["at"] if payload["states"] else payload["shapes"][0]
        moved = [value + 1 for value in shape]  # one pixel of the image that the model sees
        return json.dumps({"shapes": [moved], "states": [{"at": moved}]}).encode()

    stub.answers["tracker"] = track
    shape, state = client.tracked(client.invoke(small, "tracker", client.tracker(noisy(), list(OBJECT), None)))
    _, _, scale = seen(stub)
    assert shape == pytest.approx([value + 1 / scale for value in OBJECT], abs=0.05)
    shape, state = client.tracked(client.invoke(small, "tracker", client.tracker(noisy("JPEG"), shape, state)))
    assert seen(stub)[2] == scale
    assert json.loads(stub.received[-1].body)["states"][0].keys() == {"at"}, "the model gets its own state"
    assert shape == pytest.approx([value + 2 / scale for value in OBJECT], abs=0.05)
    tiny = io.BytesIO()
    Image.new("RGB", SIZE).save(tiny, "JPEG")  # would fit as it is
    shape, _ = client.tracked(client.invoke(small, "tracker", client.tracker(tiny.getvalue(), shape, state)))
    assert seen(stub)[2] == scale, "frames after the first are scaled alike, even if they fit"
    assert shape == pytest.approx([value + 3 / scale for value in OBJECT], abs=0.05)


def test_reid_scales_both_frames_alike_with_boxes_and_distance(small: str, stub: Stub) -> None:
    stub.answers["reid"] = b"[0]"
    payload = FIRST.reid((noisy(), flat_frame()), ([box(1, 10, 20, 30, 40)], [box(2, 12, 22, 32, 42)]))
    assert FIRST.invoke(small, "reid", payload) == [0]
    sent, _, scale = seen(stub)
    second = Image.open(io.BytesIO(base64.b64decode(sent["image1"])))
    assert second.width / SIZE[0] == scale, "distances between the frames keep their meaning"
    assert sent["boxes0"][0]["points"] == pytest.approx([10 * scale, 20 * scale, 30 * scale, 40 * scale], rel=0.02)
    assert sent["boxes1"][0]["label_id"] == 1
    assert sent["max_distance"] == pytest.approx(50 * scale, rel=0.02)


def flat_frame() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", SIZE, (9, 9, 9)).save(out, "PNG")
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG header that promises more pixels than there is memory for."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    parts = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (chunk, data, b"IEND")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + b"\0" * LIMIT


@pytest.mark.parametrize(
    ("image", "status", "reason"),
    [
        (b"\0" * LIMIT, 400, "not decodable"),
        (bomb(9000, 9000), 413, "more than 64 megapixels"),
        (bomb(60000, 60000), 413, "more than 64 megapixels"),
    ],
)
def test_an_image_that_cannot_be_made_to_fit_is_reported(small: str, image: bytes, status: int, reason: str) -> None:
    response = FIRST.post(small, "detector", {"image": encoded(image)})
    assert response.status_code == status
    assert response.reason.startswith("Image ") and reason in response.reason, response.reason


def test_what_is_not_the_image_may_be_too_large_as_well(small: str) -> None:
    payload = {"image": encoded(noisy()), "shapes": [[1, 2]], "states": ["x" * LIMIT]}
    response = V214.post(small, "tracker", payload)
    assert (response.status_code, response.reason) == (413, f"Image too large: it cannot be made to fit {LIMIT} bytes")


def test_exif_data_stay_so_that_a_container_turns_the_image_as_the_browser_does(small: str, stub: Stub) -> None:
    image, exif = Image.open(io.BytesIO(noisy())), Image.Exif()
    exif[0x0112] = 6  # orientation: turn right
    out = io.BytesIO()
    image.save(out, "JPEG", quality=100, exif=exif)
    FIRST.invoke(small, "detector", {"image": encoded(out.getvalue())})
    assert seen(stub)[1].getexif()[0x0112] == 6

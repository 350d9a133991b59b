"""What is wrong is refused with a 4xx and a reason, and the process lives on."""

import base64
import gzip
import http.client
import io
import itertools
import re
import socket
import struct
import time
import zlib
from contextlib import closing
from typing import Any

import numpy as np
import orjson
import pytest
from models.examples import encode, example_body
from models.images import decode_image
from PIL import Image

from tests.support.image_files import FORMS, RED, SIZE, image_file
from tests.support.models.model_process import ModelProcess

GOOD = encode(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))
JPEG = encode(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8), "JPEG")


def cut(text: str, share: float) -> str:
    data = base64.b64decode(text)
    return base64.b64encode(data[: int(len(data) * share)]).decode()


def png(width: int, height: int, rows: int = 0) -> str:
    """A PNG that claims a size; its compressed rows of zeros are tiny."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = zlib.compress(bytes((width + 1) * rows))
    image = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")
    return base64.b64encode(image).decode()


def tiff_of_no_height() -> str:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "TIFF")
    return base64.b64encode(
        buffer.getvalue().replace(struct.pack("<HHII", 257, 4, 1, 8), struct.pack("<HHII", 257, 4, 1, 0))
    ).decode()


IMAGES = {
    "not base64": ("%%%", "image: not base64"),
    "not an image": (base64.b64encode(b"hello, this is text").decode(), "no image of a known format"),
    "nothing": ("", "no image of a known format"),
    "half a header": (cut(GOOD, 0.001), "cannot be decoded|no image of a known format"),
    "zero width": (png(0, 10), "image"),
    "zero size TIFF": (tiff_of_no_height(), "image"),
    "50 megapixels": (png(10_000, 5_000, rows=5_000), "50 megapixels; at most 40"),
    "claims 10^18 pixels": (png(10**9, 10**9), "image"),
    "a number": (5, "image: .*not 5"),
    "null": (None, "image"),
    "a list": ([1, 2], "image"),
}


@pytest.mark.parametrize("case", IMAGES)
def test_an_image_that_cannot_be_used_is_refused_with_the_reason(torchvision: ModelProcess, case: str) -> None:
    image, reason = IMAGES[case]
    message = torchvision.refusal({"image": image})
    assert re.search(reason, message), message
    assert len(message) < 400, "an image must not come back in the reason"


def test_a_bomb_is_refused_before_it_is_decoded(torchvision: ModelProcess) -> None:
    answer = torchvision.send(orjson.dumps({"image": IMAGES["50 megapixels"][0]}))
    assert answer.status == 413


@pytest.mark.parametrize("image", [cut(JPEG, 0.5), cut(GOOD, 0.5)], ids=["JPEG", "PNG"])
def test_an_image_whose_end_is_missing_is_taken_as_cvat_shows_it(torchvision: ModelProcess, image: str) -> None:
    assert torchvision.call({"image": image}), "objects are found in what is there"


@pytest.mark.parametrize("form", FORMS)
def test_every_format_of_cvats_tasks_is_taken(form: str) -> None:
    """As the gateway takes them: both have the same decoder."""
    pixels = decode_image(base64.b64encode(image_file(form)).decode())
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    assert pixels[20, 30].tolist() == pytest.approx(RED, abs=12)


@pytest.mark.parametrize("field", ["image", "threshold"])
def test_a_value_that_is_nested_a_thousand_times_is_refused_as_any_other(torchvision: ModelProcess, field: str) -> None:
    nested = b"[" * 1020 + b"]" * 1020
    assert field in torchvision.refusal(b'{"image": "", "%s": %s}' % (field.encode(), nested))


def test_a_long_value_is_quoted_in_short(torchvision: ModelProcess) -> None:
    assert len(torchvision.refusal({"image": [[1] * 1000] * 1000})) < 400


def test_a_compressed_body_is_refused_unread(torchvision: ModelProcess) -> None:
    bomb = gzip.compress(bytes(64 * 2**20))
    with closing(http.client.HTTPConnection("127.0.0.1", torchvision.port, timeout=10)) as connection:
        connection.request("POST", "/invocations", bomb, {"Content-Encoding": "gzip"})
        response = connection.getresponse()
        assert response.status == 415
        assert "Content-Encoding is 'gzip'" in orjson.loads(response.read())["error"]


def test_a_caller_that_goes_away_is_no_error_of_the_container(torchvision: ModelProcess) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", torchvision.port)) as connection:
            connection.sendall(head)
            time.sleep(0.05)
    assert torchvision.call(example_body("detector"))
    assert "Traceback" not in torchvision.logged()


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"image": NaN}', b"[" * 5000])
def test_a_body_that_is_no_json_object_is_refused(torchvision: ModelProcess, raw: bytes) -> None:
    assert "body" in torchvision.refusal(raw)


@pytest.mark.parametrize(
    ("server", "kind", "change", "field"),
    [
        ("torchvision", "detector", {"image": ...}, "image: Field required"),
        ("torchvision", "detector", {"threshold": 2}, "threshold"),
        ("torchvision", "detector", {"threshold": "high"}, "threshold: .*not 'high'"),
        ("reid", "reid", {"image1": ...}, "image1"),
        ("reid", "reid", {"image1": "AAAA"}, "image1"),
        ("reid", "reid", {"boxes0": {"points": []}}, "boxes0"),
        ("reid", "reid", {"boxes0": [{"label_id": 1}]}, r"boxes0\.0\.points"),
        ("reid", "reid", {"boxes0": [{"label_id": 1, "points": [1, 2, 3]}]}, r"boxes0\.0\.points"),
        ("reid", "reid", {"boxes0": [{"label_id": 1, "points": [1, 2, 3, 4, 5]}]}, r"boxes0\.0\.points"),
        ("reid", "reid", {"boxes0": [{"label_id": "x", "points": [1, 2, 3, 4]}]}, r"boxes0\.0\.label_id"),
        ("reid", "reid", {"max_distance": -1}, "max_distance"),
        ("iog", "interactor", {"pos_points": [[1]]}, r"pos_points\.0"),
        ("iog", "interactor", {"pos_points": [["a", "b"]]}, r"pos_points\.0\.0"),
        ("iog", "interactor", {"pos_points": 3}, "pos_points"),
        ("iog", "interactor", {"neg_points": [[1, 2]] * 501}, "neg_points"),
        ("iog", "interactor", {"obj_bbox": [[1, 2]]}, "obj_bbox"),
        ("siammask", "tracker", {"shapes": "x"}, "shapes"),
        ("siammask", "tracker", {"states": ["x"]}, r"states\.0"),
    ],
)
def test_a_wrong_field_is_named(
    servers: dict[str, ModelProcess], server: str, kind: str, change: dict[str, Any], field: str
) -> None:
    body = {key: value for key, value in {**example_body(kind), **change}.items() if value is not ...}
    message = servers[server].refusal(body)
    assert re.search(field, message), message


def test_a_body_beyond_32_mib_is_refused(torchvision: ModelProcess) -> None:
    answer = torchvision.send(b'{"image": "' + b"A" * (33 * 2**20) + b'"}')
    assert answer.status == 413
    assert "32 MiB" in answer.body["error"]


def test_the_process_survives_a_thousand_bad_calls_and_still_works(torchvision: ModelProcess) -> None:
    bodies = [orjson.dumps({"image": image}) for image, _ in IMAGES.values()]
    bodies += [b"", b"{", b"[]", b"\xff", b"{}"]
    statuses = {torchvision.send(raw).status for raw in itertools.islice(itertools.cycle(bodies), 1000)}
    assert statuses <= {400, 413}
    assert torchvision.call(example_body("detector"))[0]["label"] == "person"
    assert torchvision.process.poll() is None

"""What CVAT shows, a function can be called on: also where the image has to be re-encoded."""

import base64
import io
import json
import zlib
from typing import Any

import cvat_images
import pytest
from gateway_bench.stub import Stub
from PIL import Image, PngImagePlugin

from tests.support.gateway.cvat_clients import V214, encoded
from tests.support.image_files import FORMS, RED, SIZE, image_file


@pytest.fixture
def reencoding(start: Any) -> str:
    """A gateway that sends nothing as it came."""
    address: str = start(MAX_PAYLOAD_BYTES="4000")
    return address


def sent(gateway: str, stub: Stub, image: bytes, client: Any = V214) -> Image.Image:
    """The image that the container gets; padded, so that it does not fit as it came."""
    payload = client.detector(image) | {"padding": ""}
    room = 4001 - len(json.dumps(payload))
    image = image + b"\0" * max(0, room)
    client.invoke(gateway, "detector", client.detector(image))
    frame = Image.open(io.BytesIO(base64.b64decode(json.loads(stub.received[-1].body)["image"])))
    assert frame.format == "JPEG", "it was re-encoded"
    return frame


@pytest.mark.parametrize("form", FORMS)
def test_every_format_of_cvats_tasks_can_be_re_encoded(reencoding: str, stub: Stub, form: str) -> None:
    frame = sent(reencoding, stub, image_file(form))
    assert frame.size == SIZE
    assert frame.getpixel((30, 20)) == pytest.approx(RED, abs=12)


def test_sixteen_bit_grey_keeps_its_shades(reencoding: str, stub: Stub) -> None:
    out = io.BytesIO()
    Image.frombytes(
        "I;16", (256, 64), b"".join(value.to_bytes(2, "little") for value in range(0, 65536, 256)) * 64
    ).save(out, "PNG")
    frame = sent(reencoding, stub, out.getvalue()).convert("L")
    assert [frame.getpixel((x, 30)) for x in (16, 128, 240)] == pytest.approx([16, 128, 240], abs=4), "not white"


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_file_whose_end_is_missing_is_sent(start: Any, stub: Stub, form: str) -> None:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 90).convert("RGB").save(out, form)
    frame = sent(start(MAX_PAYLOAD_BYTES="12000"), stub, out.getvalue()[: out.tell() // 2])
    assert frame.width == frame.height > 100, "what is there and what is not"


def test_a_long_text_chunk_is_skipped(reencoding: str, stub: Stub) -> None:
    out, info = io.BytesIO(), PngImagePlugin.PngInfo()
    info.add_text("comment", "x" * (3 * 1024 * 1024), zip=True)
    Image.new("RGB", SIZE, RED).save(out, "PNG", pnginfo=info)
    assert sent(reencoding, stub, out.getvalue()).size == SIZE


def test_exif_data_of_more_than_a_jpeg_holds_leave_the_orientation(reencoding: str, stub: Stub) -> None:
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x0112], exif[0x010E] = 6, "x" * 100_000
    Image.new("RGB", SIZE, RED).save(out, "PNG", exif=exif)
    assert sent(reencoding, stub, out.getvalue()).getexif() == {0x0112: 6}


def test_an_icon_with_a_huge_image_inside_is_refused(reencoding: str) -> None:
    inner = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(inner, "PNG")
    data = inner.getvalue()
    head = (
        b"\0\0\1\0\1\0"
        + bytes([64, 64, 0, 0, 1, 0, 1, 0])
        + len(data).to_bytes(4, "little")
        + (22).to_bytes(4, "little")
    )
    response = V214.post(reencoding, "detector", V214.detector(head + data))
    assert (response.status_code, response.reason[:16]) == (413, "Image too large:"), response.reason


def test_text_chunks_of_a_gigabyte_are_not_unpacked() -> None:
    chunk = b"zTXta\0\0" + zlib.compress(bytes(32 * 1024 * 1024))
    packed = (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    image = image_file("PNG")
    with pytest.raises(cvat_images.ImageError):
        cvat_images.load(cvat_images.open_image(image[:33] + packed * 100 + b"broken"))


def test_the_head_that_does_not_tell_the_size_is_not_the_last_word(start: Any, stub: Stub) -> None:
    exif, out = Image.Exif(), io.BytesIO()
    exif[0x010E] = "x" * 60_000  # comes before the size
    Image.new("L", (9000, 6000)).save(out, "JPEG", exif=exif)
    V214.invoke(start(), "detector", {"image": encoded(out.getvalue())})
    frame = Image.open(io.BytesIO(base64.b64decode(json.loads(stub.received[-1].body)["image"])))
    assert frame.width * frame.height < 25_000_000, "a container would refuse 54 megapixels"

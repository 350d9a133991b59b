"""Text: lines are found where they are bright, straightened, read, and come back as polygons with what they say.

The detector's map is the image's brightness; the recognizer reads an A in each bright run of columns and a B in each
half-bright one.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from models.errors import ModelError
from models.examples import encode
from models.handlers.text import CHARACTERS
from models.runtime import RUNTIMES
from models.samples import network
from models.service import Service

from tests.support.models.service import ask, document, served

LABELS = [
    {"id": 1, "name": "text", "attributes": [{"name": "text", "input_type": "text", "values": [""]}]},
]


def detector() -> onnx.ModelProto:
    body = """
        mean = ReduceMean <axes = [1], keepdims = 1> (x)
        next = Add(mean, one)
        map = Mul(next, half)
    """
    return network("(float[1, 3, h, w] x) => (float[1, 1, h, w] map)", body, one=1.0, half=0.5)


def recognizer(classes: int = 4) -> onnx.ModelProto:
    """Columns of 8 pixels: nothing, A, B, space."""
    more = ", rest" * (classes - 3)
    body = f"""
        strip = MaxPool <kernel_shape = [48, 8], strides = [48, 8]> (x)
        rows = ReduceMean <axes = [1], keepdims = 0> (strip)
        columns = Transpose <perm = [0, 2, 1]> (rows)
        bright = Greater(columns, high)
        lit = Greater(columns, low)
        a = Cast <to: int = 1> (bright)
        some = Cast <to: int = 1> (lit)
        b = Sub(some, a)
        none = Sub(one, some)
        rest = Mul(none, nothing)
        y = Concat <axis = 2> (none, a, b{more})
    """
    signature = f"(float[1, 3, 48, w] x) => (float[1, t, {classes}] y)"
    return network(signature, body, high=0.5, low=0.0, one=1.0, nothing=0.0)


def made(folder: Path, runtime: str | None = None, **options: Any) -> Service:
    folder.mkdir(exist_ok=True)
    (folder / CHARACTERS).write_text("A\nB\n")
    networks = {"detector": detector(), "recognizer": recognizer()}
    content = document("detector", "text-reader", {"least_side": 64, **options}, LABELS)
    return served(folder, networks, content, runtime)


@pytest.fixture(params=RUNTIMES)
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    return made(tmp_path, request.param)


def page() -> np.typing.NDArray[np.uint8]:
    """320 x 192 with two lines: bright from 40, 32 to 199, 63; bright, then half-bright from 40, 112 to 199, 143."""
    pixels = np.zeros((192, 320, 3), np.uint8)
    pixels[32:64, 40:200] = 255
    pixels[112:144, 40:120] = 255
    pixels[112:144, 120:200] = 150
    return pixels


def texts(items: Any) -> list[str]:
    return [attribute["value"] for item in items for attribute in item["attributes"]]


def test_lines_come_back_from_top_to_bottom_with_what_they_say(reader: Service) -> None:
    items = ask(reader, image=encode(page()))
    assert texts(items) == ["A", "AB"], "what repeats is one letter, as in connectionist temporal classification"
    assert {(item["label"], item["type"], len(item["points"])) for item in items} == {("text", "polygon", 8)}
    corners = np.array(items[0]["points"]).reshape(4, 2)
    # The map is the core of a line, which is widened by 1.6 times area by circumference: 1.6 * 160 * 32 / 384 = 21.
    assert corners[0] == pytest.approx([40 - 21, 32 - 21], abs=4)
    assert corners[2] == pytest.approx([200 + 21, 64 + 21], abs=4)
    assert items[0]["confidence"] == 1


def test_a_tilted_line_is_straightened_and_a_tall_one_is_turned(reader: Service) -> None:
    line = np.zeros((192, 320, 3), np.uint8)
    line[84:108, 90:230] = 255
    tilted = cv2.warpAffine(line, cv2.getRotationMatrix2D((160, 96), 12, 1), (320, 192))
    (item,) = ask(reader, image=encode(np.asarray(tilted, np.uint8)))
    assert texts([item]) == ["A"]
    top_left, top_right = np.array(item["points"]).reshape(4, 2)[:2]
    assert np.degrees(np.arctan2(*(top_right - top_left)[::-1])) == pytest.approx(-12, abs=2)
    tall = np.zeros((320, 192, 3), np.uint8)
    tall[100:260, 80:112] = 255
    assert texts(ask(reader, image=encode(tall))) == ["A"]


def test_images_are_enlarged_to_what_the_detector_needs_and_no_more(tmp_path: Path) -> None:
    small = cv2.resize(page(), (80, 48), interpolation=cv2.INTER_AREA)
    service = made(tmp_path, least_side=192)
    first = np.array(ask(service, image=encode(np.asarray(small, np.uint8)))[0]["points"]).reshape(4, 2)
    assert first.min(axis=0) == pytest.approx([(40 - 21) / 4, (32 - 21) / 4], abs=2), "in pixels of the small image"


def test_what_is_unsure_is_left_out(reader: Service) -> None:
    dim = page() // 4
    assert ask(reader, image=encode(dim)) == [], "below the threshold of the map"
    assert ask(reader, image=encode(np.zeros((64, 64, 3), np.uint8))) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"label": "word"}, r"sagemaker\.options\.label is 'word'; metadata\.annotations\.spec has text"),
        ({"lines": 3}, r"sagemaker\.options\.lines"),
    ],
)
def test_options_that_do_not_fit_are_named(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        made(tmp_path, **change)


def test_characters_must_be_there_and_as_many_as_the_recognizer_tells_apart(tmp_path: Path) -> None:
    networks = {"detector": detector(), "recognizer": recognizer()}
    content = document("detector", "text-reader", {}, LABELS)
    with pytest.raises(ModelError, match=r"the archive has no characters\.txt"):
        served(tmp_path, networks, content)
    (tmp_path / CHARACTERS).write_text("A\nB\nC\n")
    with pytest.raises(ModelError, match=r"tells 4 classes apart; characters\.txt has 3 characters"):
        served(tmp_path, networks, content)

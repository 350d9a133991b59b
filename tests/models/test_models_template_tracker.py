"""The template tracker: a moving square is followed, what is remembered is small, and what is forged is refused.

The network scores a cell by how much of it has the colour of the template's middle.
"""

import base64
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import orjson
import pytest
from models.errors import RequestError
from models.examples import encode
from models.handlers.template_tracker import _window
from models.runtime import RUNTIMES
from models.samples import network, save
from models.service import Service
from PIL import Image

from tests.support.models.service import ask, document, served

SHAPE = [100.0, 80.0, 140.0, 120.0]


def colour_tracker(**constants: Any) -> onnx.ModelProto:
    body = """
        middle = Slice(template, begin, end, axes)
        colour = ReduceMean <axes = [2, 3], keepdims = 1> (middle)
        difference = Sub(search, colour)
        distances = Abs(difference)
        distance = ReduceMax <axes = [1], keepdims = 1> (distances)
        likeness = Sub(one, distance)
        match = Relu(likeness)
        output1 = AveragePool <kernel_shape = [64, 64], strides = [16, 16], pads = [24, 24, 24, 24]> (match)
        nothing = Mul(output1, zero)
        pair = Concat <axis = 1> (nothing, nothing)
        output2 = Add(pair, size)
        output3 = Add(pair, half)
    """
    signature = """(float[1, 3, 128, 128] template, float[1, 3, 256, 256] search) =>
        (float[1, 1, 16, 16] output1, float[1, 2, 16, 16] output2, float[1, 2, 16, 16] output3)"""
    values = {"begin": [56, 56], "end": [72, 72], "axes": [2, 3], "one": 1.0, "zero": 0.0, "size": 0.25, "half": 0.5}
    return network(signature, body, **values | constants)


@pytest.fixture(params=RUNTIMES)
def tracker(request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    return served(tmp_path, {"model": colour_tracker()}, document("tracker", "template-tracker", {}), request.param)


def frame(x: float, y: float) -> str:
    """640 x 480, grey, with a red square of 40 pixels."""
    pixels = np.full((480, 640, 3), 90, np.uint8)
    pixels[round(y) : round(y) + 40, round(x) : round(x) + 40] = (220, 30, 30)
    return encode(pixels)


def test_a_moving_square_is_followed_for_a_hundred_frames(tracker: Service) -> None:
    answer = ask(tracker, image=frame(100, 80), shapes=[SHAPE], states=[])
    assert answer["shapes"] == [SHAPE], "the first answer is the shape as it came"
    for number in range(1, 101):
        x, y = 100 + 4 * number, 80 + 60 * np.sin(number / 12) + 2 * number
        answer = ask(tracker, image=frame(x, y), shapes=[None], states=answer["states"])
        (box,) = answer["shapes"]
        assert box is not None, f"lost in frame {number}"
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        assert middle == pytest.approx((x + 20, y + 20), abs=10), f"frame {number}: a cell is ten pixels"
        assert len(orjson.dumps(answer["states"][0])) < 32_000


def test_the_state_stays_small_whatever_the_target_looks_like(tracker: Service) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3)).astype(np.uint8)
    answer = ask(tracker, image=encode(noise), shapes=[[10, 10, 74, 74]], states=[])
    assert len(orjson.dumps(answer["states"][0])) < 32_000


def test_a_target_that_is_gone_is_null_and_is_found_where_it_was_last(tracker: Service) -> None:
    first = ask(tracker, image=frame(100, 80), shapes=[SHAPE], states=[])
    gone = ask(tracker, image=encode(np.full((480, 640, 3), 90, np.uint8)), shapes=[None], states=first["states"])
    assert gone["shapes"] == [None]
    again = ask(tracker, image=frame(104, 82), shapes=[None], states=gone["states"])
    assert again["shapes"][0] is not None


def test_many_targets_typed_shapes_and_the_singular_of_old_cvats(tracker: Service) -> None:
    typed = [{"type": "rectangle", "points": SHAPE}, {"type": "polygon", "points": [*SHAPE, 100, 120]}]
    answer = ask(tracker, image=frame(100, 80), shapes=typed, states=[])
    answer = ask(tracker, image=frame(102, 80), shapes=[None, None], states=answer["states"])
    assert [shape["type"] for shape in answer["shapes"]] == ["rectangle", "polygon"]
    assert [len(shape["points"]) for shape in answer["shapes"]] == [4, 8]
    single = ask(tracker, image=frame(100, 80), shape=SHAPE, state=None)
    assert single["shape"] == SHAPE
    assert len(ask(tracker, image=frame(102, 80), shape=None, state=single["state"])["shape"]) == 4


def jpeg(width: int, height: int) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "JPEG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"template": "?"}, "not base64"),
        ({"template": base64.b64encode(b"\xff\xd8\xff\xc0nonsense").decode()}, "no JPEG of 128 x 128"),
        ({"template": jpeg(64, 128)}, "no JPEG of 128 x 128"),
        ({"template": jpeg(6000, 6000)[:29_000]}, "no JPEG of 128 x 128"),
        ({"template": "A" * 40_000}, "template: String should have at most 30000"),
        ({"position": [1e9, 0]}, "states.0.position.0"),
        ({"position": [0]}, "states.0.position"),
        ({"size": [0, 5]}, "states.0.size.0"),
        ({"size": None}, "states.0.size"),
        ({"type": "mask"}, "states.0.type"),
    ],
)
def test_a_forged_state_is_refused_as_the_callers_mistake(tracker: Service, change: Any, reason: str) -> None:
    state = ask(tracker, image=frame(100, 80), shapes=[SHAPE], states=[])["states"][0]
    with pytest.raises(RequestError, match=reason) as refused:
        ask(tracker, image=frame(100, 80), shapes=[None], states=[state | change])
    assert refused.value.status == 400


def test_extreme_states_within_bounds_end_in_an_answer(tracker: Service) -> None:
    state = ask(tracker, image=frame(100, 80), shapes=[SHAPE], states=[])["states"][0]
    for change in ({"size": [1e-9, 1e-9]}, {"size": [1e5, 1e5]}, {"position": [-1e5, 1e5]}):
        answer = ask(tracker, image=frame(100, 80), shapes=[None], states=[state | change])
        assert len(answer["shapes"]) == 1


def test_without_a_shape_or_a_state_there_is_nothing_to_follow(tracker: Service) -> None:
    for shapes, reason in (([None], "a shape of at least two points"), ([[5, 5, 5, 9]], "no area inside")):
        with pytest.raises(RequestError, match=reason):
            ask(tracker, image=frame(100, 80), shapes=shapes, states=[])


def pixels(image: str) -> Any:
    """Of a request's image, as OpenCV reads it."""
    return cv2.imdecode(np.frombuffer(base64.b64decode(image), np.uint8), cv2.IMREAD_COLOR)


def test_scores_are_weighted_as_opencvs_own_tracker_weighs_them(tmp_path: Path) -> None:
    """cv2.TrackerVit runs the same network: the square moves by half a cell, so that no two cells tie."""
    (path,) = save({"model": colour_tracker()}, tmp_path)
    parameters = cv2.TrackerVit_Params()  # type: ignore[attr-defined]
    parameters.net = str(path)
    original = cv2.TrackerVit.create(parameters)
    original.init(pixels(frame(100, 80)), (100, 80, 40, 40))
    folder = tmp_path / "served"
    service = served(folder, {"model": colour_tracker()}, document("tracker", "template-tracker", {}))
    answer = ask(service, image=frame(100, 80), shapes=[SHAPE], states=[])
    for step in range(1, 8):
        followed, (left, top, width, height) = original.update(pixels(frame(100 + 5 * step, 80 + 5 * step)))
        answer = ask(service, image=frame(100 + 5 * step, 80 + 5 * step), shapes=[None], states=answer["states"])
        assert followed
        box = answer["shapes"][0]
        assert box == pytest.approx([left, top, left + width, top + height], abs=6), "it rounds to whole pixels"


def test_the_window_is_symmetric_and_prefers_the_middle() -> None:
    window = _window(16)
    assert window == pytest.approx(window.T)
    assert window == pytest.approx(window[::-1])
    assert window[7, 7] > 0.95
    assert window[0, 0] == 0

"""Re-identification through HTTP. The sample's embedding is the mean colour (blue, green, red) of a box."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op
import orjson
import pytest
from models.archive import pack
from models.examples import encode
from models.function import FILE_NAME
from models.service import load_service

from tests.support.models.intermediate import save
from tests.support.models.model_process import FUNCTIONS, REID, ModelProcess

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
Colour = tuple[int, int, int]


def frame(*patches: tuple[int, int, Colour]) -> str:
    """A black image of 300 x 200 with squares of 20 pixels at these left, top, in these colours."""
    pixels = np.zeros((200, 300, 3), np.uint8)
    for left, top, colour in patches:
        pixels[top : top + 20, left : left + 20] = colour
    return encode(pixels)


def box(left: float, top: float, label: int = 1) -> dict[str, Any]:
    return {
        "type": "rectangle",
        "label_id": label,
        "points": [left, top, left + 20, top + 20],
        "id": 5,
        "frame": 0,
    }


def body(first: list[tuple[int, int, Colour]], second: list[tuple[int, int, Colour]], **extra: float) -> dict[str, Any]:
    return {
        "image0": frame(*first),
        "image1": frame(*second),
        "boxes0": [box(left, top) for left, top, _ in first],
        "boxes1": [box(left, top) for left, top, _ in second],
        **extra,
    }


def test_boxes_are_matched_by_colour_whatever_their_order(reid: ModelProcess) -> None:
    first = [(10, 10, RED), (40, 10, GREEN), (70, 10, BLUE)]
    second = [(75, 15, BLUE), (15, 15, RED), (45, 15, GREEN)]
    assert reid.call(body(first, second, max_distance=100)) == [1, 2, 0]


def test_more_rows_than_columns_and_more_columns_than_rows(reid: ModelProcess) -> None:
    three, single = [(10, 10, RED), (40, 10, GREEN), (70, 10, BLUE)], [(42, 12, GREEN)]
    assert reid.call(body(three, single)) == [-1, 0, -1]
    assert reid.call(body(single, three)) == [1]


def test_no_boxes_on_one_side_or_on_both(reid: ModelProcess) -> None:
    some = [(10, 10, RED), (40, 10, GREEN)]
    assert reid.call(body(some, [])) == [-1, -1]
    assert reid.call(body([], some)) == []
    assert reid.call(body([], [])) == []


def test_different_labels_never_match(reid: ModelProcess) -> None:
    request = body([(10, 10, RED)], [(10, 10, RED)])
    assert reid.call(request) == [0]
    request["boxes1"][0]["label_id"] = 2
    assert reid.call(request) == [-1]


def test_centres_may_be_as_far_apart_as_max_distance_and_no_farther(reid: ModelProcess) -> None:
    # 30 right and 40 down: exactly 50 pixels
    assert reid.call(body([(10, 10, RED)], [(40, 50, RED)])) == [0], "50 where the request names none"
    assert reid.call(body([(10, 10, RED)], [(41, 50, RED)])) == [-1]
    assert reid.call(body([(10, 10, RED)], [(41, 50, RED)], max_distance=51)) == [0]


def test_the_cosine_distance_decides_against_the_threshold(reid: ModelProcess) -> None:
    # Red (0, 0, 1) and yellow (0, 1, 1): 1 - 1/sqrt(2) = 0.293
    request = body([(10, 10, RED)], [(10, 10, YELLOW)])
    assert reid.call(request | {"threshold": 0.30}) == [0]
    assert reid.call(request | {"threshold": 0.29}) == [-1]
    assert reid.call(request) == [0], "0.5 where the request names none"


def test_the_assignment_is_the_best_of_all_not_the_first_come(reid: ModelProcess) -> None:
    # Yellow is nearest to yellow, but red has nothing else: 0 + 1 (green-red) is worse than 0.293 + 0.293.
    request = body([(10, 10, YELLOW), (12, 10, RED)], [(10, 40, YELLOW), (10, 70, GREEN)], max_distance=200)
    request["boxes0"] = [box(10, 10), box(200, 10)]
    request["image0"] = frame((10, 10, YELLOW), (200, 10, RED))
    assert reid.call(request | {"max_distance": 300, "threshold": 0.6}) == [1, 0]


def test_boxes_beyond_the_image_or_without_area_are_survived(reid: ModelProcess) -> None:
    request = body([(10, 10, RED)], [(10, 10, RED)])
    request["boxes0"] = [
        {"label_id": 1, "points": [-50, -50, -10, -10]},
        {"label_id": 1, "points": [12, 12, 12, 12]},
    ]
    assert reid.call(request | {"max_distance": 1000}) == [-1, 0], "a point inside the red square is red"


def test_ten_by_ten_boxes_are_one_call_of_the_network(
    unpacked: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = load_service(unpacked[REID], threads=1)
    network = service.handler.network  # type: ignore[attr-defined]
    calls: list[tuple[int, ...]] = []

    def counted(feeds: dict[str, Any]) -> Any:
        calls.append(feeds["image"].shape)
        return network(feeds)

    monkeypatch.setattr(service.handler, "network", counted)
    places = [(10 + 25 * index, 10, RED) for index in range(10)]
    service.answer(orjson.dumps(body(places, places, max_distance=1000)))
    assert calls == [(20, 256, 128, 3)], "each box once, all in one batch"
    calls.clear()
    crowd = body(places, places, max_distance=1000) | {"boxes0": [box(10, 10)] * 40}
    matched = orjson.loads(service.answer(orjson.dumps(crowd)))
    assert [shape[0] for shape in calls] == [32, 18], "a crowd comes in batches"
    assert sorted(index for index in matched if index >= 0) == list(range(10))


def test_a_network_fixed_to_one_image_a_call_serves_one_by_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image = op.parameter([1, 3, 8, 8], np.float32, name="data")
    mean = op.reduce_mean(image, op.constant(np.array([2, 3])))
    model = ov.Model([op.result(op.reshape(mean, op.constant(np.array([1, 3])), False))], [image], "fixed")
    model.inputs[0].get_tensor().set_names({"data"})
    model.outputs[0].get_tensor().set_names({"reid_embedding"})
    weights = tmp_path / "weights"
    weights.mkdir()
    files = save({"model": model}, weights)
    (weights / FILE_NAME).write_bytes((FUNCTIONS / f"{REID}.yaml").read_bytes())
    with caplog.at_level(logging.WARNING):
        service = load_service(weights, threads=1)
    assert "one by one" in caplog.text
    request = body([(10, 10, RED), (40, 10, GREEN)], [(42, 12, GREEN)])
    assert orjson.loads(service.answer(orjson.dumps(request))) == [-1, 0]
    assert pack(FUNCTIONS, REID, files, tmp_path).answer == [0]

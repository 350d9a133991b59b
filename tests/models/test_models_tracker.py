"""SiamMask through HTTP, and its arithmetic by hand. The sample follows the colour of its target."""

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from models import siamese
from models.examples import encode
from models.siamese import Hyperparameters

from tests.support.models.model_process import SIAMMASK, ModelProcess, running

HYPER = Hyperparameters()
GREY, ORANGE, TEAL = (60, 60, 60), (240, 120, 20), (20, 160, 160)
Colour = tuple[int, int, int]


def frame(*targets: tuple[int, int, int, int, Colour], size: tuple[int, int] = (640, 480)) -> str:
    """Grey with rectangles: left, top, right, bottom (inclusive), colour."""
    pixels = np.full((size[1], size[0], 3), GREY, np.uint8)
    for left, top, right, bottom, colour in targets:
        pixels[top : bottom + 1, left : right + 1] = colour
    return encode(pixels)


def extent(shape: list[float]) -> list[float]:
    """What CVAT's UI takes of a tracker's answer: the smallest and largest x and y."""
    return [min(shape[::2]), min(shape[1::2]), max(shape[::2]), max(shape[1::2])]


def test_a_target_is_followed_over_ten_frames_with_nothing_kept_but_the_state(siammask: ModelProcess) -> None:
    left, top = 200, 150
    shape = [left, top, left + 63, top + 63]
    answer = siammask.call({"image": frame((left, top, left + 63, top + 63, ORANGE)), "shapes": [shape], "states": []})
    assert answer["shapes"] == [shape], "the first call gives the shape back"
    for step in range(1, 11):
        left, top = 200 + 12 * step, 150 - 7 * step
        image = frame((left, top, left + 63, top + 63, ORANGE))
        # The state goes through a browser: text in, text out.
        states = orjson.loads(orjson.dumps(answer["states"]))
        answer = siammask.call({"image": image, "shapes": answer["shapes"], "states": states})
        (box,) = answer["shapes"]
        assert len(box) == 8, "a rotated rectangle"
        assert extent(box) == pytest.approx([left, top, left + 63, top + 63], abs=4), f"frame {step}"
    assert len(orjson.dumps(answer["states"])) < 1000, "a state of the sample is small"


def test_two_targets_of_one_request_are_distinguished(siammask: ModelProcess) -> None:
    image = frame((100, 100, 163, 163, ORANGE), (400, 300, 463, 363, TEAL))
    shapes = [[100, 100, 163, 163], [400, 300, 463, 363]]
    answer = siammask.call({"image": image, "shapes": shapes, "states": []})
    moved = frame((110, 100, 173, 163, ORANGE), (400, 290, 463, 353, TEAL))
    answer = siammask.call({"image": moved, "shapes": answer["shapes"], "states": answer["states"]})
    assert extent(answer["shapes"][0]) == pytest.approx([110, 100, 173, 163], abs=4)
    assert extent(answer["shapes"][1]) == pytest.approx([400, 290, 463, 353], abs=4)


def test_the_singular_form_of_old_cvat_is_answered_in_the_singular(siammask: ModelProcess) -> None:
    first = siammask.call({"image": frame((100, 100, 163, 163, ORANGE)), "shape": [100, 100, 163, 163], "state": None})
    assert set(first) == {"shape", "state"}
    moved = frame((108, 100, 171, 163, ORANGE))
    second = siammask.call({"image": moved, "shape": None, "state": first["state"]})
    assert extent(second["shape"]) == pytest.approx([108, 100, 171, 163], abs=4)


@pytest.mark.parametrize(("kind", "numbers"), [("rectangle", 4), ("polygon", 8)])
def test_shapes_with_a_type_are_answered_with_it(siammask: ModelProcess, kind: str, numbers: int) -> None:
    shape = {"type": kind, "points": [100, 100, 163, 100, 163, 163, 100, 163] if numbers == 8 else [100, 100, 163, 163]}
    first = siammask.call({"image": frame((100, 100, 163, 163, ORANGE)), "shapes": [shape], "states": []})
    assert first["shapes"] == [shape]
    moved = {"image": frame((108, 100, 171, 163, ORANGE)), "shapes": [None], "states": first["states"]}
    (followed,) = siammask.call(moved)["shapes"]
    assert (followed["type"], len(followed["points"])) == (kind, numbers)
    assert extent(followed["points"]) == pytest.approx([108, 100, 171, 163], abs=4)


def test_a_new_target_may_join_those_that_are_followed(siammask: ModelProcess) -> None:
    image = frame((100, 100, 163, 163, ORANGE), (400, 300, 463, 363, TEAL))
    state = siammask.call({"image": image, "shapes": [[100, 100, 163, 163]], "states": []})["states"][0]
    answer = siammask.call({"image": image, "shapes": [[100, 100, 163, 163], [400, 300, 463, 363]], "states": [state]})
    assert extent(answer["shapes"][0]) == pytest.approx([100, 100, 163, 163], abs=4)
    assert answer["shapes"][1] == [400, 300, 463, 363]


def test_a_target_that_is_gone_is_answered_with_its_last_box(siammask: ModelProcess) -> None:
    answer = siammask.call(
        {"image": frame((100, 100, 163, 163, ORANGE)), "shapes": [[100, 100, 163, 163]], "states": []}
    )
    answer = siammask.call({"image": frame(), "shapes": answer["shapes"], "states": answer["states"]})
    assert extent(answer["shapes"][0]) == pytest.approx([100, 100, 163, 163], abs=6)


def test_a_target_as_large_as_a_large_image_costs_no_more_than_its_crop(siammask: ModelProcess) -> None:
    size = (4000, 3000)
    image = frame((10, 10, 3990, 2990, ORANGE), size=size)
    answer = siammask.call({"image": image, "shapes": [[10, 10, 3990, 2990]], "states": []})
    answer = siammask.call({"image": image, "shapes": answer["shapes"], "states": answer["states"]})
    assert extent(answer["shapes"][0]) == pytest.approx([10, 10, 3990, 2990], abs=200), "one cell is 47 pixels here"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"template": "AAAA"}, "template has 3 bytes"),
        ({"template": "not base64!"}, "not base64"),
        ({"template": base64.b64encode(np.full(3, np.nan, "<f2").tobytes()).decode()}, "not finite"),
        ({"position": [1, "x"]}, r"position\.1"),
        ({"position": [1e9, 0]}, r"position\.0"),
        ({"size": [0, 10]}, r"size\.0"),
        ({"size": None}, "size"),
    ],
)
def test_a_state_that_was_tampered_with_is_refused(siammask: ModelProcess, change: dict[str, Any], reason: str) -> None:
    image = frame((100, 100, 163, 163, ORANGE))
    answer = siammask.call({"image": image, "shapes": [[100, 100, 163, 163]], "states": []})
    message = siammask.refusal({"image": image, "shapes": [], "states": [{**answer["states"][0], **change}]})
    assert re.search(reason, message), message


def test_a_shape_without_area_or_outside_of_the_image_is_refused(siammask: ModelProcess) -> None:
    for shape in ([10, 10, 10, 50], [700, 10, 800, 50], [-50, -50, -10, -10]):
        assert "no area inside" in siammask.refusal({"image": frame(), "shapes": [shape], "states": []})
    for wrong in ([1, 2], [1, 2, 3, 4, 5], None):
        assert "two points" in siammask.refusal({"image": frame(), "shapes": [wrong], "states": []})


def test_two_networks_of_one_part_or_none_are_refused(unpacked: dict[str, Path], tmp_path: Path) -> None:
    for name in ("function.yaml", "template.onnx", "search.onnx"):
        (tmp_path / name).write_bytes((unpacked[SIAMMASK] / name).read_bytes())
    with pytest.raises(AssertionError, match=r"refine\.xml"), running(tmp_path):
        pass
    (tmp_path / "search.xml").touch()
    with pytest.raises(AssertionError, match=r"search\.onnx and search\.xml: leave one"), running(tmp_path):
        pass


def test_anchors_are_those_of_siammask() -> None:
    anchors = siamese.anchors(HYPER)
    assert anchors.shape == (5 * 25 * 25, 4)
    # Ratio 0.33: width int(sqrt(64 / 0.33)) = 13, height int(13 * 0.33) = 4, times scale 8.
    assert anchors[0].tolist() == [-96, -96, 104, 32], "first cell, 12 cells of 8 pixels from the middle"
    assert anchors[1].tolist() == [-88, -96, 104, 32], "row by row"
    middle = 2 * 625 + 12 * 25 + 12
    assert anchors[middle].tolist() == [0, 0, 64, 64], "ratio 1 in the middle"
    assert anchors[-1].tolist() == [96, 96, 32, 96], "ratio 3: width int(sqrt(64 / 3)) = 4, height 12"


def test_the_search_window_is_twice_the_template_window() -> None:
    position, size = np.array([100.0, 80.0]), np.array([40.0, 20.0])
    template = siamese.template_window(position, size, HYPER)
    assert template.side == round(np.sqrt((40 + 30) * (20 + 30))), "half of width and height is added around"
    search = siamese.search_window(position, size, HYPER)
    assert search.side == pytest.approx(np.sqrt(70 * 50) * 255 / 127)


def test_a_window_at_scale_one_is_the_image_itself_and_average_beyond() -> None:
    pixels = np.arange(100 * 120 * 3, dtype=np.uint32).reshape(100, 120, 3).astype(np.uint8)
    window = siamese.Window(np.array([60.0, 50.0]), 21.0, 1.0)
    assert (siamese.cut(pixels, window, 21, np.zeros(3)) == pixels[39:60, 49:70]).all(), "60 - (21 + 1) / 2 = 49"
    corner = siamese.cut(pixels, siamese.Window(np.array([0.0, 0.0]), 21.0, 1.0), 21, np.array([7.9, 8, 9]))
    assert (corner[:11] == (7, 8, 9)).all(), "above the image: the average, cut to whole numbers as in the original"
    assert (corner[11:, 11:] == pixels[:10, :10]).all()


def scores(anchor: int, row: int, column: int, logit: float) -> tuple[Any, Any]:
    score = np.zeros((1, 10, 25, 25), np.float32)
    score[0, :5] = 50  # background everywhere
    score[0, anchor, row, column], score[0, 5 + anchor, row, column] = 0, logit
    return score, np.zeros((1, 20, 25, 25), np.float32)


def test_the_best_candidate_moves_and_grows_the_target_by_its_score() -> None:
    size = np.array([63.5, 63.5])  # scale 1: 127 / (2 * 63.5)
    window = siamese.search_window(np.array([300.0, 200.0]), size, HYPER)
    assert window.scale == 1
    score, delta = scores(2, row=14, column=9, logit=0)
    delta[0, 2, 14, 9], delta[0, 10 + 2, 14, 9] = 0.25, np.log(2)  # x by a quarter of 64, width doubled
    candidate = siamese.Chooser(HYPER).choose(score, delta, window, size)
    assert (candidate.row, candidate.column) == (14, 9)
    assert candidate.score == pytest.approx(0.5)
    assert candidate.position == pytest.approx([300 + (9 - 12) * 8 + 16, 200 + (14 - 12) * 8])
    # Width 128, height 64: both paddings are 96: unlike in size by sqrt(224 * 160) / 127, in shape by 2.
    penalty = np.exp(-(np.sqrt(224 * 160) / 127 * 2 - 1) * 0.04)
    rate = penalty * 0.5 * 1.0
    assert candidate.size == pytest.approx([63.5 * (1 - rate) + 128 * rate, 63.5 * (1 - rate) + 64 * rate])


def test_of_equal_scores_the_one_nearer_to_the_middle_wins() -> None:
    size = np.array([63.5, 63.5])
    window = siamese.search_window(np.array([0.0, 0.0]), size, HYPER)
    score, delta = scores(2, row=12, column=2, logit=4)
    near, _ = scores(2, row=12, column=10, logit=4)
    merged = np.where(near != near[0, 0, 0, 0], near, score)
    merged[0, 2, 12, 10], merged[0, 7, 12, 10] = 0, 4
    candidate = siamese.Chooser(HYPER).choose(merged, delta, window, size)
    assert candidate.column == 10, "the cosine window prefers small steps"


def test_a_mask_becomes_the_rotated_box_around_it_at_its_place() -> None:
    size = np.array([63.5, 63.5])
    window = siamese.search_window(np.array([300.0, 200.0]), size, HYPER)
    candidate = siamese.Candidate(np.array([300.0, 200.0]), size, 1.0, 12, 12)
    logits = np.full((127, 127), -20.0)
    logits[40:81, 30:101] = 20
    box = siamese.rotated_box(logits.reshape(1, -1), candidate, window, HYPER, (100_000, 100_000))
    assert box is not None
    # The window starts at 300 - 127.5, the mask 8 cells of 8 pixels (half of base_size) into it.
    left, top = 300 - 127.5 + 8 * 8, 200 - 127.5 + 8 * 8
    assert box.min(axis=0) == pytest.approx([left + 30, top + 40], abs=1)
    assert box.max(axis=0) == pytest.approx([left + 100, top + 80], abs=1)


def test_a_mask_of_a_hundred_pixels_or_less_is_no_box() -> None:
    size = np.array([63.5, 63.5])
    window = siamese.search_window(np.array([300.0, 200.0]), size, HYPER)
    candidate = siamese.Candidate(np.array([300.0, 200.0]), size, 1.0, 12, 12)
    logits = np.full((127, 127), -20.0)
    assert siamese.rotated_box(logits, candidate, window, HYPER, (640, 480)) is None
    logits[40:50, 40:50] = 20
    assert siamese.rotated_box(logits, candidate, window, HYPER, (640, 480)) is None
    assert siamese.rotated_box(logits, candidate, window, HYPER, (10, 10)) is None, "beyond the image"

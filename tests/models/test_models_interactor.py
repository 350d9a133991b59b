"""Click-based segmentation through HTTP. The sample's mask is what is red, less what is clicked away."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op
import pytest
import yaml
from models.archive import pack
from models.examples import encode
from models.handlers.segmentation import Guidance, draw_clicks
from models.masks import MAX_MASK_CELLS

from tests.support.models.intermediate import save
from tests.support.models.model_process import ModelProcess, running, unpack

WIDTH, HEIGHT = 400, 300


def scene(*rectangles: tuple[int, int, int, int], size: tuple[int, int] = (WIDTH, HEIGHT)) -> str:
    """Black with red rectangles: left, top, right, bottom, inclusive."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for left, top, right, bottom in rectangles:
        pixels[top : bottom + 1, left : right + 1, 0] = 255
    return encode(pixels)


def request(image: str, **changes: Any) -> dict[str, Any]:
    return {
        "image": image,
        "pos_points": [[150, 120]],
        "neg_points": [],
        "obj_bbox": [[100, 80], [200, 160]],
        **changes,
    }


def assert_rectangle(answer: dict[str, Any], expected: tuple[int, int, int, int], tolerance: float = 1) -> None:
    points = np.array(answer["points"])
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    assert (left, top, right, bottom) == pytest.approx(expected, abs=tolerance), "the outline's extent"
    assert answer["bounds"] == pytest.approx(expected, abs=tolerance), "the mask's extent"


def test_a_rectangle_becomes_four_corners_in_image_coordinates(iog: ModelProcess) -> None:
    answer = iog.call(request(scene((100, 80, 199, 159))))
    assert len(answer["points"]) == 4, f"collinear points are left out: {answer['points']}"
    assert_rectangle(answer, (100, 80, 199, 159))


def test_the_mask_is_the_bounds_alone_in_rows_of_zeros_and_ones(iog: ModelProcess) -> None:
    answer = iog.call(request(scene((110, 90, 150, 120), (151, 121, 190, 150))))
    left, top, right, bottom = answer["bounds"]
    mask = np.array(answer["mask"])
    assert mask.shape == (bottom - top + 1, right - left + 1), "CVAT takes width and height from the bounds"
    assert set(np.unique(mask)) == {0, 1}
    assert mask[:28, :38].all(), "upper left quarter"
    assert mask[-28:, -36:].all(), "lower right quarter"
    assert not mask[:28, -36:].any(), "upper right quarter"


def test_of_several_parts_the_outline_is_the_largest(iog: ModelProcess) -> None:
    answer = iog.call(request(scene((100, 80, 110, 90), (120, 100, 200, 160))))
    assert np.array(answer["points"]).min(axis=0).tolist() == pytest.approx([120, 100], abs=1)
    assert answer["bounds"] == pytest.approx([100, 80, 200, 160], abs=1), "the mask has both"


def test_what_lies_outside_of_box_and_padding_is_not_seen(iog: ModelProcess) -> None:
    answer = iog.call(request(scene((0, 0, WIDTH - 1, HEIGHT - 1))))
    assert_rectangle(answer, (70, 50, 230, 190), tolerance=0)


def test_a_box_at_the_edge_is_padded_within_the_image(iog: ModelProcess) -> None:
    everything = scene((0, 0, WIDTH - 1, HEIGHT - 1))
    assert_rectangle(iog.call(request(everything, obj_bbox=[[10, 5], [390, 290]])), (0, 0, 399, 299), tolerance=0)
    swapped = iog.call(request(everything, obj_bbox=[[200, 160], [100, 80]]))
    assert_rectangle(swapped, (70, 50, 230, 190), tolerance=0)


def test_an_outside_click_takes_its_spot_away(iog: ModelProcess) -> None:
    image = scene((70, 50, 230, 190))
    whole = np.array(iog.call(request(image))["mask"])
    # A click at the crop's middle: 161 x 141 pixels are shown as 512 x 512, the spot is 10 wide there.
    hole = np.array(iog.call(request(image, neg_points=[[150, 120]]))["mask"])
    assert whole.all()
    assert not hole[70, 80], "the clicked pixel"
    rows, columns = np.nonzero(hole == 0)
    assert abs(rows - 70).max() <= 4
    assert abs(columns - 80).max() <= 4


def test_scores_at_the_threshold_do_not_count(iog: ModelProcess) -> None:
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[80:160, 100:200, 0] = 153  # score 0.6
    assert iog.call(request(encode(pixels)))["points"] == [], "0.8 where the request names none"
    assert iog.call(request(encode(pixels), threshold=0.59))["points"] != []
    full = scene((100, 80, 199, 159))  # score 1, to the bit
    assert iog.call(request(full, threshold=1))["points"] == []
    assert iog.call(request(full, threshold=0.999))["points"] != []


def test_nothing_found_is_an_empty_outline_that_cvat_can_show(iog: ModelProcess) -> None:
    assert iog.call(request(scene())) == {"points": [], "mask": [[0]], "bounds": [0, 0, 0, 0]}


def test_without_a_box_two_outside_clicks_are_its_corners(iog: ModelProcess) -> None:
    everything = scene((0, 0, WIDTH - 1, HEIGHT - 1))
    answer = iog.call(request(everything, obj_bbox=None, neg_points=[[100, 80], [200, 160]]))
    assert_rectangle(answer, (70, 50, 230, 190), tolerance=0)
    assert "obj_bbox is missing" in iog.refusal(request(everything, obj_bbox=None))


def test_an_object_too_large_for_an_answer_of_six_megabytes_comes_as_its_outline(iog: ModelProcess) -> None:
    size = (2000, 1001)
    assert size[0] * size[1] > MAX_MASK_CELLS
    answer = iog.call(request(scene((0, 0, 1999, 1000), size=size), obj_bbox=[[0, 0], [1999, 1000]]))
    assert "mask" not in answer
    assert_rectangle(answer, (0, 0, 1999, 1000), tolerance=0)


def test_a_click_network_of_another_make_needs_only_a_registry_file(tmp_path: Path) -> None:
    """Whole image, clicks as disks in their own input, channels last; the mask is where they are positive."""
    image = op.parameter([1, 60, 80, 3], np.float32, name="picture")
    clicks = op.parameter([1, 60, 80, 1], np.float32, name="clicks")
    zero = op.reduce_mean(image, op.constant(np.array([0, 1, 2, 3]))) * op.constant(np.float32(0))
    model = ov.Model([op.result(op.squeeze(clicks + zero, op.constant(np.array([3]))))], [image, clicks], "other")
    for port, name in zip([*model.inputs, *model.outputs], ["picture", "clicks", "logits"], strict=True):
        port.get_tensor().set_names({name})
    weights = tmp_path / "weights"
    weights.mkdir()
    options = {
        "input": {"name": "picture", "layout": "NHWC", "divide": [255]},
        "guidance": {"name": "clicks", "channels": ["positive"], "spot": "disk", "diameter": 20, "peak": 1},
        "crop": None,
    }
    document = {
        "metadata": {"name": "other", "annotations": {"type": "interactor"}},
        "sagemaker": {"handler": "click-segmentation", "options": options},
    }
    (tmp_path / "other.yaml").write_text(yaml.safe_dump(document))
    pack(tmp_path, "other", save({"model": model}, weights), tmp_path)
    with running(unpack(tmp_path / "other.tar.gz", tmp_path / "unpacked")) as server:
        # 160 x 120 pixels are shown as 80 x 60: a disk of 20 is 40 wide in the image.
        answer = server.call({"image": scene(size=(160, 120)), "pos_points": [[80, 60]], "neg_points": [[1, 1]]})
    assert answer["bounds"] == pytest.approx([60, 40, 100, 80], abs=2)


def test_clicks_are_gaussians_of_the_declared_width_stretched_to_the_peak() -> None:
    guidance = Guidance(diameter=10, peak=255)
    channels = draw_clicks([np.array([[20, 10]]), np.array([]).reshape(0, 2)], (64, 32), guidance)
    assert channels.shape == (32, 64, 2)
    assert channels[10, 20, 0] == pytest.approx(255)
    assert channels[10, 25, 0] == pytest.approx(127.5, abs=0.1), "half the height at half the width"
    assert channels[15, 20, 0] == pytest.approx(127.5, abs=0.1)
    assert not channels[:, :, 1].any(), "no outside click, no spot"
    assert not draw_clicks([np.zeros((0, 2))] * 2, (64, 32), guidance).any(), "no click at all: nothing to stretch"

"""Every form of output by a registry file alone, in both runtimes: networks whose outputs are constants."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from models.errors import ModelError
from models.examples import encode
from models.output_forms import Grid, Queries, Rows, read_grid, read_queries, read_rows, without_duplicates
from models.runtime import RUNTIMES
from models.samples import network
from models.service import Service

from tests.support.models.service import ask, document, served

SIZE = 64
LABELS = [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}, {"id": 7, "name": "cow"}]
POINTS = [{"name": "nose", "type": "points"}, {"name": "tail", "type": "points"}]
SKELETONS = [{"id": 0, "name": "cat", "type": "skeleton", "svg": "<line/>", "sublabels": POINTS}]


def constant(**outputs: Any) -> onnx.ModelProto:
    """1 x 3 x 64 x 64 -> these values, whatever the image is."""
    arrays = {name: np.asarray(value, np.float32) for name, value in outputs.items()}
    shapes = ", ".join(f"float[{','.join(map(str, array.shape))}] {name}" for name, array in arrays.items())
    body = "mean = ReduceMean <keepdims = 0> (image) \n none = Mul(mean, nothing) \n"
    body += "".join(f"{name} = Add(constant_{name}, none) \n" for name in arrays)
    constants = {f"constant_{name}": array for name, array in arrays.items()}
    signature = f"(float[1, 3, {SIZE}, {SIZE}] image) => ({shapes})"
    return network(signature, body, nothing=0.0, **constants)


@pytest.fixture(params=RUNTIMES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A service of a constant network."""

    def made(handler: str, options: dict[str, Any], spec: Any = LABELS, /, **outputs: Any) -> Service:
        content = document("detector", handler, {"input": {}, **options}, spec)
        return served(tmp_path, {"model": constant(**outputs)}, content, request.param)

    return made


def black(width: int, height: int) -> str:
    return encode(np.zeros((height, width, 3), np.uint8))


def logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


def scores(*rows: dict[int, float], classes: int = 8) -> Any:
    """Logits of queries: by class, the score that they become."""
    table = np.full((1, len(rows), classes), -20.0)
    for query, row in enumerate(rows):
        for index, score in row.items():
            table[0, query, index] = logit(score)
    return table


def test_queries_are_boxes_by_centre_and_size_in_fractions_with_a_logit_for_each_class(make: Any) -> None:
    boxes = [[[0.5, 0.5, 0.5, 0.25], [0.25, 0.25, 0.2, 0.2], [0.9, 0.9, 0.4, 0.4]]]
    service = make("detr-detector", {}, logits=scores({0: 0.9, 1: 0.6}, {7: 0.8}, {3: 0.99}), pred_boxes=boxes)
    items = ask(service, image=black(200, 100))
    assert [(item["label"], item["confidence"]) for item in items] == [("cat", 0.9), ("cow", 0.8), ("dog", 0.6)]
    assert items[0]["points"] == [50, 37.5, 150, 62.5]
    assert items[2]["points"] == items[0]["points"], "a query counts for each of its classes"
    assert "points" in items[1], "class 3 has no label and is left out"
    assert len(ask(service, image=black(200, 100), threshold=0.85)) == 1


def test_softmax_keeps_the_last_class_for_nothing_and_the_best_class_of_each_query(make: Any) -> None:
    logits = np.zeros((1, 2, 3))
    logits[0, 0] = [3, 1, 0]
    logits[0, 1] = [0, 0, 9]
    options = {"output": {"activation": "softmax"}, "threshold": 0.1}
    service = make("detr-detector", options, logits=logits, pred_boxes=[[[0.5, 0.5, 1, 1]] * 2])
    (item,) = ask(service, image=black(64, 64))
    assert item["label"] == "cat"
    assert item["confidence"] == pytest.approx(np.exp(3) / (np.exp(3) + np.exp(1) + 1), abs=1e-4)


def test_queries_with_masks_become_masks_with_the_polygon_for_older_cvats(make: Any) -> None:
    masks = np.full((1, 1, 16, 16), -5.0)
    masks[0, 0, 4:12, 2:14] = 5
    options = {"output": {"masks": "masks"}}
    outputs = {"logits": scores({1: 0.9}), "pred_boxes": [[[0.5, 0.5, 0.8, 0.6]]], "masks": masks}
    (item,) = ask(make("detr-detector", options, **outputs), image=black(160, 80))
    assert item["type"] == "mask"
    *cells, left, top, right, bottom = item["mask"]
    assert [left, top, right, bottom] == pytest.approx([20, 20, 139, 59], abs=1)
    assert len(cells) == (right - left + 1) * (bottom - top + 1)
    assert np.mean(cells) > 0.98
    outline = np.array(item["points"]).reshape(-1, 2)
    assert outline.min(axis=0).tolist() == pytest.approx([left, top], abs=1)
    assert outline.max(axis=0).tolist() == pytest.approx([right, bottom], abs=1)


def test_masks_may_be_asked_for_as_polygons_or_rectangles(make: Any) -> None:
    masks = np.full((1, 1, 16, 16), 5.0)
    outputs = {"logits": scores({1: 0.9}), "pred_boxes": [[[0.5, 0.5, 0.5, 0.5]]], "masks": masks}
    for shape in ("polygon", "rectangle"):
        options = {"output": {"masks": "masks"}, "shape": shape}
        (item,) = ask(make("detr-detector", options, **outputs), image=black(64, 64))
        assert item["type"] == shape
        assert "mask" not in item


def grid(*rows: Any, width: int) -> Any:
    """1 x numbers x 40 candidates, as YOLOv8 has them; what is not given is nothing."""
    table = np.zeros((40, width))
    table[: len(rows)] = rows
    return table.T[np.newaxis]


def test_a_grid_is_decoded_without_duplicates_and_through_the_letterbox(make: Any) -> None:
    boxes = [[32, 32, 20, 10], [33, 32, 20, 10], [33, 32, 20, 10], [10, 32, 6, 6]]
    classes = [[0.9, 0, 0], [0.8, 0, 0], [0, 0.7, 0], [0.6, 0, 0]]
    values = grid(*(box + score for box, score in zip(boxes, classes, strict=True)), width=7)
    options = {"input": {"fit": "letterbox"}, "output": {"classes": 3}}
    service = make("yolo-detector", options, output0=values)
    items = ask(service, image=black(128, 64))
    # 128 x 64 is shown at half its size, 16 pixels from the top.
    assert [item["points"] for item in items] == [[44, 22, 84, 42], [46, 22, 86, 42], [14, 26, 26, 38]]
    assert [item["label"] for item in items] == ["cat", "dog", "cat"], "the second cat overlaps the first, a dog may"


def test_a_grid_may_be_transposed_and_have_objectness_logits_and_cells(make: Any) -> None:
    """YOLOX: 8 x 8 cells of 8 pixels and 4 x 4 of 16; the cell in row 2, column 3 has a box of 16 x 8 pixels."""
    values = np.full((1, 80, 8), -20.0)
    values[0, 2 * 8 + 3] = [0.5, 0.25, np.log(2), 0, logit(0.9), logit(0.8), -20, -20]
    values[0, 64 + 4 + 1] = [0, 0, 0, 0, logit(0.9), -20, logit(0.9), -20]
    output = {"classes": 3, "objectness": True, "activation": "sigmoid", "strides": [8, 16]}
    items = ask(make("yolo-detector", {"output": output}, output0=values), image=black(64, 64))
    assert [item["points"] for item in items] == [[8, 8, 24, 24], [20, 14, 36, 22]]
    assert [item["confidence"] for item in items] == pytest.approx([0.81, 0.72], abs=1e-4)


def test_a_grid_with_prototypes_has_masks(make: Any) -> None:
    prototypes = np.full((1, 2, 16, 16), -1.0)
    prototypes[0, 0, :, :8] = 1
    values = grid([32, 32, 32, 32, 0.9, 5, 0], width=7)
    options = {"output": {"values": "output0", "classes": 1, "coefficients": 2, "masks": "protos"}}
    (item,) = ask(make("yolo-detector", options, output0=values, protos=prototypes), image=black(64, 64))
    assert item["type"] == "mask"
    assert item["mask"][-4:] == pytest.approx([16, 16, 31, 47], abs=1), "left of the middle, and inside of the box"


def test_a_grid_with_keypoints_has_skeletons_or_points(make: Any) -> None:
    values = grid([32, 32, 32, 32, 0.9, 20, 24, 0.8, 40, 44, 0.1], width=11)
    options = {"output": {"classes": 1, "keypoints": 2}}
    (item,) = ask(make("yolo-detector", options, SKELETONS, output0=values), image=black(128, 128))
    assert item["type"] == "skeleton"
    assert [part["label"] for part in item["elements"]] == ["nose", "tail"]
    assert [part["points"] for part in item["elements"]] == [[40, 48], [80, 88]]
    assert [part["outside"] for part in item["elements"]] == [0, 1], "what is unsure is outside"
    (item,) = ask(make("yolo-detector", options, LABELS, output0=values), image=black(128, 128))
    assert (item["type"], item["points"]) == ("points", [40, 48]), "a label without sublabels: what is seen, as points"


def test_rows_end_to_end_need_no_suppression(make: Any) -> None:
    """YOLOv10: x1, y1, x2, y2, score, class."""
    rows = np.zeros((1, 12, 6))
    rows[0, 0] = [10, 10, 20, 20, 0.9, 1]
    rows[0, 1] = [10, 10, 21, 20, 0.8, 1]
    rows[0, 2] = [np.nan, 0, 5, 5, 0.9, 0]
    items = ask(make("row-detector", {}, output0=rows), image=black(64, 64))
    assert [(item["label"], item["points"]) for item in items] == [("dog", [10, 10, 20, 20]), ("dog", [10, 10, 21, 20])]


def test_rows_of_other_columns_units_and_labels_apart(make: Any) -> None:
    """OpenVINO's DetectionOutput, and MMDeploy's dets and labels."""
    detection_output = np.zeros((1, 1, 12, 7))
    detection_output[0, 0, 0] = [0, 1, 0.9, 0.25, 0.5, 0.75, 1]
    output = {"columns": ["-", "label", "score", "x1", "y1", "x2", "y2"], "box_units": "fractions", "first_id": 0}
    (item,) = ask(make("row-detector", {"output": output}, boxes=detection_output), image=black(100, 50))
    assert (item["label"], item["points"]) == ("dog", [25, 25, 75, 50])
    dets = np.zeros((1, 12, 5))
    dets[0, 3] = [0, 0, 32, 32, 0.9]
    labels = np.full((1, 12), 6)
    output = {"columns": ["x1", "y1", "x2", "y2", "score"], "values": "dets", "labels": "labels", "first_id": 1}
    (item,) = ask(make("row-detector", {"output": output}, dets=dets, labels=labels), image=black(64, 64))
    assert (item["label"], item["points"]) == ("cow", [0, 0, 32, 32]), "the network's class 6 is the spec's 7"


def test_rows_with_keypoints_by_y_x_and_score(make: Any) -> None:
    """MoveNet: keypoints, then the box as y x y x, all in fractions."""
    rows = np.zeros((1, 12, 11))
    rows[0, 0] = [0.25, 0.5, 0.9, 0.75, 0.5, 0.8, 0.2, 0.4, 0.8, 0.6, 0.7]
    output = {
        "columns": ["keypoints", "y1", "x1", "y2", "x2", "score"],
        "keypoints": 2,
        "keypoint_columns": ["y", "x", "score"],
        "box_units": "fractions",
    }
    (item,) = ask(make("row-detector", {"output": output}, SKELETONS, output0=rows), image=black(64, 64))
    assert [part["points"] for part in item["elements"]] == [[32, 16], [32, 48]]
    assert item["confidence"] == 0.7


def test_a_map_of_classes_becomes_a_mask_for_each_connected_part(make: Any) -> None:
    classes = np.full((1, 1, 16, 16), 3)
    classes[0, 0, 2:6, 2:6] = 1
    classes[0, 0, 10:14, 2:6] = 1
    classes[0, 0, 0, 15] = 7
    service = make("semantic-segmentation", {"least_area": 20}, classes=classes)
    items = ask(service, image=black(64, 64))
    assert [(item["label"], item["type"]) for item in items] == [("dog", "mask")] * 2, "3 is background, 7 too small"
    assert [item["mask"][-4:] for item in items] == [[8, 8, 23, 23], [8, 40, 23, 55]]
    whole = make("semantic-segmentation", {"parts": False, "least_area": 20}, classes=classes)
    (item,) = ask(whole, image=black(64, 64))
    assert item["mask"][-4:] == [8, 8, 23, 55]


def test_scores_of_classes_for_each_pixel_are_a_map_too(make: Any) -> None:
    values = np.zeros((1, 8, 16, 16))
    values[0, 3] = 1
    values[0, 0, :, 8:] = 2
    options = {"values": "scores", "input": {"fit": "letterbox"}}
    (item,) = ask(make("semantic-segmentation", options, scores=values), image=black(128, 64))
    assert (item["label"], item["mask"][-4:]) == ("cat", [64, 0, 127, 63]), "what the letterbox filled is cut off"


def test_a_classifier_gives_tags(make: Any) -> None:
    values = np.array([[2.0, 1.0, 0, 0, 0, 0, 0, -3]])
    (item,) = ask(make("classifier", {"threshold": 0.3}, scores=values), image=black(64, 64))
    assert item == {"label": "cat", "type": "tag", "confidence": pytest.approx(0.4875, abs=0.0001)}
    several = make("classifier", {"activation": "sigmoid"}, scores=values)
    assert [item["label"] for item in ask(several, image=black(64, 64))] == ["cat", "dog"]


def test_a_network_may_have_inputs_that_are_always_the_same(tmp_path: Path) -> None:
    body = """
        size = Cast <to: int = 1> (orig_target_sizes)
        twice = Concat <axis = 1> (size, size)
        whole = Mul(twice, half)
        boxes = Unsqueeze(whole, first)
        mean = ReduceMean <keepdims = 0> (image)
        none = Mul(mean, nothing)
        logits = Add(sure, none)
    """
    signature = f"(float[1, 3, {SIZE}, {SIZE}] image, int64[1, 2] orig_target_sizes)"
    signature += " => (float[1, 1, 4] boxes, float[1, 1, 2] logits)"
    constants = {"half": [[0.25, 0.5, 0.5, 1.0]], "first": [0], "nothing": 0.0, "sure": [[[5.0, -5.0]]]}
    output = {"boxes": "boxes", "box_units": "pixels"}
    more = {"input": {"name": "image"}, "constants": {"orig_target_sizes": [[64, 64]]}, "output": output}
    networks = {"model": network(signature, body, **constants)}
    for runtime in RUNTIMES:
        service = served(tmp_path, networks, document("detector", "detr-detector", more, LABELS), runtime)
        (item,) = ask(service, image=black(128, 128))
        assert item["points"] == [0, 0, 64, 128], "centre 16, 32 and size 32, 64 of 64 pixels"


@pytest.mark.parametrize(
    ("handler", "options", "outputs", "reason"),
    [
        ("detr-detector", {"output": {"activation": "none"}}, {}, "scores go up to 5; .*activation"),
        ("detr-detector", {"output": {"box_format": "xyxy"}}, {}, "boxes end before they begin"),
        ("detr-detector", {"output": {"boxes": "logits"}}, {}, "must be different outputs"),
        ("detr-detector", {}, {"extra": np.zeros((1, 2))}, "an output that its handler does not read: extra"),
        ("yolo-detector", {"output": {"classes": 5, "values": "logits", "ignored": ["pred_boxes"]}}, {}, "each has 9"),
        ("row-detector", {"output": {"values": "logits", "ignored": ["pred_boxes"]}}, {}, "columns names 6"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_packed(
    make: Any, handler: str, options: dict[str, Any], outputs: dict[str, Any], reason: str
) -> None:
    logits = np.full((1, 20, 3), 5.0)
    boxes = np.full((1, 20, 4), 0.5)
    boxes[..., 2:] = 0.1
    with pytest.raises(ModelError, match=reason):
        make(handler, options, logits=logits, pred_boxes=boxes, **outputs)


@pytest.mark.parametrize(
    ("handler", "output", "reason"),
    [
        ("yolo-detector", {}, "classes: Field required"),
        ("yolo-detector", {"classes": 3, "masks": "protos"}, "masks and coefficients come together"),
        ("row-detector", {"columns": ["x1", "y1", "score"]}, "columns must have"),
        ("row-detector", {"columns": ["x1", "y1", "x2", "y2", "score", "keypoints"]}, "keypoints is the number"),
        ("detr-detector", {"form": "boxes"}, "form"),
    ],
)
def test_wrong_options_are_named(make: Any, handler: str, output: dict[str, Any], reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        make(handler, {"output": output}, values=np.zeros((1, 1)))


def test_skeletons_have_as_many_sublabels_as_the_network_has_keypoints(make: Any) -> None:
    with pytest.raises(ModelError, match="label 'cat' has 2 sublabels; the network has 3 keypoints"):
        make("yolo-detector", {"output": {"classes": 1, "keypoints": 3}}, SKELETONS, output0=np.zeros((1, 14, 40)))


def test_suppression_keeps_the_better_of_two_and_knows_classes() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [20, 20, 30, 30]], float)
    assert without_duplicates(boxes, np.zeros(4), 0.5).tolist() == [0, 3]
    assert without_duplicates(boxes, np.array([0, 0, 1, 0]), 0.5).tolist() == [0, 2, 3]
    assert without_duplicates(boxes, np.zeros(4), 0.9).tolist() == [0, 1, 3], "0.82 is not over 0.9; 1.0 is"
    assert without_duplicates(np.zeros((0, 4)), np.zeros(0), 0.5).tolist() == []


def test_nothing_found_is_nothing_in_every_form() -> None:
    size = (64, 64)
    empty = {"scores": np.full((1, 5, 3), -9.0), "boxes": np.zeros((1, 5, 4))}
    assert len(read_queries(Queries(), empty, size, 0.5).boxes) == 0
    assert len(read_grid(Grid(classes=3), {"values": np.zeros((1, 7, 40))}, size, 0.5).boxes) == 0
    assert len(read_rows(Rows(), {"values": np.zeros((1, 0, 6))}, size, 0.5).boxes) == 0

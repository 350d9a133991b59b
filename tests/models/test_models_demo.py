"""The comparison of `make demo-detections` notices what is missing, new or elsewhere."""

from typing import Any

from models_demo.__main__ import compare, golden, overlap
from models_demo.drawing import bounding_box, drawn, skeleton_edges
from PIL import Image

BOX = {"label": "person", "type": "rectangle", "points": [10, 10, 110, 110], "confidence": 0.9}
TEXT = {
    "label": "text",
    "type": "polygon",
    "points": [0, 0, 50, 0, 50, 10, 0, 10],
    "confidence": 0.9,
    "attributes": [{"name": "text", "value": "STOP"}],
}
SKELETON = {
    "label": "person",
    "type": "skeleton",
    "confidence": 0.5,
    "elements": [
        {"label": "nose", "type": "points", "points": [20, 20], "outside": 0},
        {"label": "eye", "type": "points", "points": [40, 30], "outside": 0},
        {"label": "foot", "type": "points", "points": [0, 500], "outside": 1},
    ],
}


def differences(*items: Any) -> list[str]:
    return compare({"a photo": list(items)}, golden({"a photo": [BOX, TEXT]}))


def test_the_same_boxes_are_no_difference_and_a_shift_of_two_percent_is_none() -> None:
    assert differences(BOX, TEXT) == []
    assert differences(BOX | {"points": [12, 12, 112, 112]}, TEXT) == []


def test_a_box_elsewhere_a_missing_one_a_new_one_and_another_text_are_differences() -> None:
    assert len(differences(BOX | {"points": [30, 30, 130, 130]}, TEXT)) == 2, "one is missing and one is new"
    assert len(differences(TEXT)) == 1
    assert len(differences(BOX, BOX, TEXT)) == 1
    assert len(differences(BOX, TEXT | {"attributes": [{"name": "text", "value": "STOPP"}]})) == 2
    assert compare({}, golden({"a photo": [BOX]})) != [], "a photo that was not asked about"


def with_ear(pixels: float, **own: Any) -> dict[str, Any]:
    """The skeleton with a third point, that far from the middle of its box, which stays."""
    ear = {"label": "ear", "type": "points", "points": [30 + pixels, 25], "outside": 0}
    return SKELETON | {"elements": [*SKELETON["elements"], ear | own]}  # type: ignore[misc]


def test_a_point_of_a_skeleton_may_be_five_pixels_away_and_must_be_there() -> None:
    expected = golden({"a photo": [with_ear(0)]})
    assert compare({"a photo": [with_ear(4.9)]}, expected) == []
    assert len(compare({"a photo": [with_ear(5.1)]}, expected)) == 2, "the golden one is missing, another one is there"
    assert compare({"a photo": [with_ear(0, outside=1)]}, expected) != []


def test_overlap_is_intersection_over_union() -> None:
    assert overlap([0, 0, 10, 10], [0, 0, 10, 5]) == 0.5
    assert overlap([0, 0, 10, 10], [20, 20, 30, 30]) == 0


def test_skeletons_are_bounded_by_what_is_seen_of_them() -> None:
    assert bounding_box(SKELETON) == (20, 20, 40, 30)
    assert skeleton_edges("<line data-node-from='1' data-node-to='2'></line>") == [(1, 2)]


def test_what_was_found_is_drawn_where_it_is() -> None:
    picture = drawn(Image.new("RGB", (720, 720)), [BOX, TEXT, SKELETON], [(1, 2), (1, 3)])
    assert picture.getpixel((60, 110)) == (255, 85, 51), "the lower edge of the box"
    assert picture.getpixel((400, 400)) == (0, 0, 0), "nothing was found there"

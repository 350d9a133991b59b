"""Answers that CVAT cannot store, or that would fail its job, are corrected or refused by name."""

import json
from typing import Any

import pytest
from gateway_bench.stub import Stub

from tests.support.gateway.cvat_clients import FIRST, V28, V214, V273, Client
from tests.support.gateway.serving import picture

RECTANGLE = {"label": "car", "type": "rectangle", "points": [1, 2, 3, 4]}
TRIANGLE = [1, 1, 9, 1, 9, 9]
MASK = {"label": "car", "type": "mask", "mask": [1, 0, 1, 1, 5, 6, 6, 7]}
POINT = {"label": "nose", "type": "points", "points": [1, 2]}


def item(kind: str, *points: float, **others: Any) -> dict[str, Any]:
    return {"label": "car", "type": kind, "points": list(points), **others}


def detected(gateway: str, stub: Stub, *items: Any, client: Client = V273) -> Any:
    stub.answers["detector"] = json.dumps(items).encode()
    return client.invoke(gateway, "detector", client.detector(picture()))


def refusal(gateway: str, stub: Stub, function: str, answer: Any, payload: Any, client: Client = V273) -> str:
    stub.answers[function] = json.dumps(answer).encode()
    response = client.post(gateway, function, payload)
    assert response.status_code == 502
    assert response.reason.startswith("The model's answer is malformed: "), response.reason
    return str(response.reason).removeprefix("The model's answer is malformed: ")


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (item("Rectangle", 1, 2, 3, 4), RECTANGLE),
        (item("POLYGON", *TRIANGLE), item("polygon", *TRIANGLE)),
        (RECTANGLE | {"confidence": 93}, RECTANGLE | {"confidence": 1}),
        (RECTANGLE | {"confidence": -0.1}, RECTANGLE | {"confidence": 0}),
        (RECTANGLE | {"confidence": "1.5"}, RECTANGLE | {"confidence": 1}),
        (RECTANGLE | {"confidence": None}, RECTANGLE),
        (RECTANGLE | {"rotation": -90}, RECTANGLE | {"rotation": 270}),
        (RECTANGLE | {"attributes": None}, RECTANGLE),
        (
            RECTANGLE | {"attributes": [{"name": "a", "value": 5}]},
            RECTANGLE | {"attributes": [{"name": "a", "value": "5"}]},
        ),
        (
            RECTANGLE | {"attributes": [{"name": "a", "value": 5.0}]},
            RECTANGLE | {"attributes": [{"name": "a", "value": "5"}]},
        ),
        (
            RECTANGLE | {"attributes": [{"name": "a", "value": 0.5}]},
            RECTANGLE | {"attributes": [{"name": "a", "value": "0.5"}]},
        ),
        (
            RECTANGLE | {"attributes": [{"name": "a", "value": True}]},
            RECTANGLE | {"attributes": [{"name": "a", "value": "true"}]},
        ),
        (RECTANGLE | {"attributes": [{"name": "a", "value": None}, {"name": "b"}]}, RECTANGLE | {"attributes": []}),
        (MASK | {"points": [1, 2, 3, 4]}, MASK),
    ],
)
def test_what_needs_no_guess_is_corrected(gateway: str, stub: Stub, sent: Any, stored: Any) -> None:
    assert detected(gateway, stub, sent, RECTANGLE) == [stored, RECTANGLE]


@pytest.mark.parametrize("flat", [item("polygon", 1, 2, 3, 4), item("polygon", 1, 2), item("polyline", 1, 2)])
def test_a_polygon_of_two_points_is_left_out(gateway: str, stub: Stub, flat: Any) -> None:
    assert detected(gateway, stub, flat, RECTANGLE) == [RECTANGLE], "it shows nothing, and CVAT fails the job on it"


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"type": "rectangle", "points": [1, 2, 3, 4]}, "an item has no 'label' or no 'type'"),
        (item("blob", 1, 2), "type 'blob' is none of rectangle, polygon"),
        (item("rectangle", 1, 2, 3), "the 'points' of type 'rectangle' are 4 numbers, not 3"),
        (item("ellipse", 1, 2, 3, 4, 5, 6), "the 'points' of type 'ellipse' are 4 numbers, not 6"),
        (item("cuboid", 1, 2, 3, 4), "the 'points' of type 'cuboid' are 16 numbers, not 4"),
        (item("polygon", 1, 2, 3, 4, 5, 6, 7), "the 'points' of type 'polygon' are pairs, not 7 numbers"),
        (item("points", 1), "the 'points' of type 'points' are pairs, not 1 numbers"),
        (item("polygon"), "the 'points' of type 'polygon' are no list of numbers"),
        (RECTANGLE | {"points": ["1", 2, 3, 4]}, "the 'points' of type 'rectangle' are no list of numbers"),
        (RECTANGLE | {"points": [True, 2, 3, 4]}, "the 'points' of type 'rectangle' are no list of numbers"),
        (RECTANGLE | {"confidence": "high"}, "confidence 'high' is no number"),
        (RECTANGLE | {"rotation": "90"}, "rotation '90' is no number"),
        (RECTANGLE | {"attributes": [{"value": "x"}]}, "an attribute has no 'name'"),
        (
            RECTANGLE | {"attributes": [{"name": "a", "value": []}]},
            "the value of attribute 'a' is neither text nor number",
        ),
        (RECTANGLE | {"attributes": {"a": 1}}, "the 'attributes' of an item are no list of objects"),
        (MASK | {"mask": [1, 0, 1, 5, 6, 6, 7]}, "a mask of 2 x 2 pixels has 3 values"),
        (MASK | {"mask": [1, 0, 1, 255, 5, 6, 6, 7]}, "a mask has values other than 0 and 1"),
        (MASK | {"mask": [1, 5, 6, 4, 7]}, "a mask of 0 x 2 pixels is empty"),
        (MASK | {"mask": [1, 5.5, 6, 6, 7]}, "the box of a mask is not four whole numbers"),
        (MASK | {"mask": [1]}, "the 'mask' of an item is no list"),
        ({"label": "a", "type": "skeleton", "elements": []}, "the 'elements' of a skeleton are no list of objects"),
        (
            {"label": "a", "type": "skeleton", "elements": [POINT | {"points": [1, 2, 3, 4]}]},
            "an element of a skeleton",
        ),
        ({"label": "a", "type": "skeleton", "elements": [RECTANGLE]}, "an element of a skeleton is not one point"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(gateway: str, stub: Stub, wrong: Any, reason: str) -> None:
    assert refusal(gateway, stub, "detector", [RECTANGLE, wrong], V273.detector(picture())).startswith(reason)


def test_what_is_right_is_sent_as_it_came(gateway: str, stub: Stub) -> None:
    answer = [
        RECTANGLE | {"confidence": "0.93", "rotation": 360, "group_id": 3, "attributes": [{"name": "a", "value": "b"}]},
        item("polygon", *TRIANGLE),
        item("polyline", 1, 2, 3, 4),
        item("points", 1, 2),
        item("cuboid", *range(16)),
        MASK | {"points": TRIANGLE, "confidence": 1},
        {"label": "car", "type": "tag"},
        {"label": "a", "type": "skeleton", "elements": [POINT | {"outside": False}]},
    ]
    raw = json.dumps(answer, indent=1).encode()
    stub.answers["detector"] = raw
    assert V273.post(gateway, "detector", V273.detector(picture())).content == raw


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"points": [[1, 2, 3], [3, 4, 5]]}, "'points' are no [x, y]"),
        ({"points": [], "mask": [[1, 0], [1]]}, "the rows of a mask have different lengths"),
        ({"points": [], "mask": [[1, 2]]}, "a mask has values other than 0 and 1"),
        ({"mask": [[1, 0]], "bounds": [0, 0, 2, 0]}, "a mask of 3 x 1 pixels has 2 values"),
        ({"mask": [[1, 0]], "bounds": [0, 0, 1]}, "the box of a mask is not four whole numbers"),
    ],
)
def test_a_mask_of_an_interactor_fills_its_box(gateway: str, stub: Stub, answer: Any, reason: str) -> None:
    assert refusal(gateway, stub, "interactor", answer, V273.interactor(picture())) == reason


def test_an_outline_of_two_points_is_none(gateway: str, stub: Stub) -> None:
    stub.answers["interactor"] = b'{"points": [[1, 1], [2, 2]], "mask": [[1]], "bounds": [1, 1, 1, 1]}'
    assert V214.invoke(gateway, "interactor", V214.interactor(picture()))["points"] == []
    assert FIRST.invoke(gateway, "interactor", FIRST.interactor(picture())) == []


def test_a_box_that_is_matched_twice_is_matched_once(gateway: str, stub: Stub) -> None:
    stub.answers["reid"] = b"[1, 1, 0, 1]"
    payload = V28.reid((picture(), picture()), ([{}] * 4, [{}] * 2))
    assert V28.invoke(gateway, "reid", payload) == [1, -1, 0, -1], "CVAT's job fails on the second"


def test_shapes_that_are_objects_travel_both_ways(gateway: str, stub: Stub) -> None:
    shape = {"type": "polygon", "points": [1.5, 2, 3, 4, 5, 6]}
    raw = json.dumps({"shapes": [shape, None], "states": [{"a": 1}, None]}, indent=1).encode()
    stub.answers["tracker"] = raw
    payload = {"image": V273.detector(picture())["image"], "shapes": [shape, None], "states": []}
    response = V273.post(gateway, "tracker", payload)
    assert response.content == raw
    assert json.loads(stub.received[-1].body) == payload


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ([1], "a shape is no list of pairs of numbers"),
        ({"type": "rectangle", "points": [1, 2, 3]}, "a shape is no list of pairs of numbers"),
        ({"type": "blob", "points": [1, 2]}, "a shape has type 'blob'"),
        ("x", "a shape is no list of pairs of numbers"),
    ],
)
def test_a_shape_that_cvat_cannot_show_is_refused(gateway: str, stub: Stub, shape: Any, reason: str) -> None:
    payload = V273.tracker(picture(), [1, 2, 3, 4], None)
    assert refusal(gateway, stub, "tracker", {"shapes": [shape], "states": [1]}, payload) == reason


def test_a_lost_object_is_null_for_versions_that_know_it_and_stays_where_it_was_for_others(
    gateway: str, stub: Stub
) -> None:
    stub.answers["tracker"] = b'{"shapes": [null], "states": [1]}'
    assert V273.invoke(gateway, "tracker", V273.tracker(picture(), [1, 2, 3, 4], "s"))["shapes"] == [None]
    assert V214.invoke(gateway, "tracker", V214.tracker(picture(), [1, 2, 3, 4], "s"))["shapes"] == [[1, 2, 3, 4]]
    lost = refusal(
        gateway, stub, "tracker", {"shapes": [None], "states": [1]}, FIRST.tracker(picture(), [1, 2], "s"), FIRST
    )
    assert lost == "an object is lost, which this CVAT cannot show"


def test_text_prompts_and_thresholds_reach_the_container(gateway: str, stub: Stub) -> None:
    stub.answers["interactor"] = b'{"points": []}'
    payload = V273.interactor(picture()) | {"threshold": 0.3}
    V273.invoke(gateway, "interactor", payload)
    assert json.loads(stub.received[-1].body) == payload
    assert payload["text_prompts"] == ["a car"]

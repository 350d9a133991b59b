"""Every request and answer of CVAT at eight versions, over real HTTP."""

import json
from typing import Any

import pytest
from gateway_bench.stub import Stub

from tests.support.gateway.cvat_clients import CLIENTS, FIRST, V17, V20, V22, V25, V28, V214, V273, Client, box, encoded
from tests.support.gateway.serving import LABELS, picture

MASK = [0, 1, 1, 1, 10, 20, 11, 21]  # 2 x 2 pixels and their box
ITEMS = {
    "rectangle": {"label": "car", "type": "rectangle", "points": [1, 2, 30.5, 40], "confidence": "0.93"},
    "polygon": {"label": "car", "type": "polygon", "points": [1, 2, 3, 4, 5, 6], "confidence": "0.9"},
    "tag": {"label": "car", "type": "tag", "attributes": [{"name": "colour", "value": "red"}]},
    "ellipse": {"label": "car", "type": "ellipse", "points": [10, 10, 5, 5], "rotation": 10},
    "mask": {"label": "car", "type": "mask", "mask": MASK, "points": [10, 20, 11, 20, 11, 21]},
    "bare mask": {"label": "person", "type": "mask", "mask": MASK},
    "skeleton": {
        "label": "person",
        "type": "skeleton",
        "elements": [
            {"label": "nose", "type": "points", "points": [1, 2], "outside": False},
            {"label": "tail", "type": "points", "points": [9, 9], "outside": True},
        ],
    },
}
POLYGON = {"label": "car", "type": "polygon", "points": [10, 20, 11, 20, 11, 21]}
BOX = {"label": "person", "type": "rectangle", "points": [10, 20, 11, 21]}
SEEN = {"label": "person", "type": "points", "points": [1, 2]}
TAKEN: dict[Client, list[Any]] = {
    FIRST: [ITEMS["rectangle"], ITEMS["polygon"], POLYGON, BOX, SEEN],
    V20: [ITEMS["rectangle"], ITEMS["polygon"], ITEMS["tag"], ITEMS["ellipse"], POLYGON, BOX, SEEN],
    V17: [ITEMS["rectangle"], ITEMS["polygon"], POLYGON, BOX, SEEN],
    V22: [ITEMS["rectangle"], ITEMS["polygon"], ITEMS["tag"], ITEMS["ellipse"], POLYGON, BOX, SEEN],
    V25: [SEEN if name == "skeleton" else item for name, item in ITEMS.items()],
    V28: [SEEN if name == "skeleton" else item for name, item in ITEMS.items()],
    V214: list(ITEMS.values()),
    V273: list(ITEMS.values()),
}


def answer(stub: Stub, kind: str, value: Any) -> bytes:
    raw = json.dumps(value, indent=1).encode()  # indented, so that a re-encoded answer would show
    stub.answers[kind] = raw
    return raw


@pytest.fixture(params=CLIENTS, ids=lambda client: ".".join(map(str, client.version)))
def client(request: pytest.FixtureRequest) -> Client:
    return request.param  # type: ignore[no-any-return]


def test_every_version_reads_the_list_and_each_function_of_it(client: Client, gateway: str) -> None:
    functions = client.functions(gateway)
    assert {name: item["kind"] for name, item in functions.items()} == {
        kind: kind for kind in ("detector", "interactor", "tracker", "reid")
    }, "names and kinds are the registry's"
    assert functions["detector"]["labels"] == [label["name"] for label in LABELS]
    assert functions["interactor"]["startswith_box"] is True
    assert functions["tracker"]["startswith_box"] is False, "'false' is left out: CVAT would read it as true"
    assert functions["interactor"]["version"] >= 2, "CVAT's UI since v2.3 refuses lower versions"
    for name, item in functions.items():
        single = client.call("get", f"{gateway}/api/functions/{name}")
        assert client.parse(single.json()) == item, "get and list agree"


def test_annotations_are_text_as_nuclio_has_them(gateway: str) -> None:
    for item in FIRST.call("get", f"{gateway}/api/functions").json().values():
        values = item["metadata"]["annotations"].values()
        assert all(isinstance(value, str) for value in values), "Nuclio's type is a map of strings"


def test_an_unknown_function_is_404_and_says_so(client: Client, gateway: str) -> None:
    for response in (
        client.call("get", f"{gateway}/api/functions/nothing"),
        client.post(gateway, "nothing", {"image": ""}),
    ):
        assert response.status_code == 404
        assert response.reason == "Function 'nothing' is not deployed", "CVAT shows the reason phrase only"
        assert response.json() == {"error": response.reason}


def test_a_detectors_request_and_answer_travel_as_they_came(client: Client, gateway: str, stub: Stub) -> None:
    raw = answer(stub, "detector", [ITEMS["rectangle"], ITEMS["polygon"]])
    for payload in (client.detector(picture()), client.detector(picture(), threshold=0.5)):
        response = client.post(gateway, "detector", payload)
        assert response.content == raw, "no re-encoding of what fits"
        assert stub.received[-1].body == response.request.body
    assert len(stub.received) == 2, "one upstream call per request"


@pytest.mark.parametrize("version", TAKEN, ids=lambda client: ".".join(map(str, client.version)))
def test_a_detectors_items_are_those_that_the_version_takes(version: Client, start: Any, stub: Stub) -> None:
    gateway = start(CVAT_VERSION="2.0") if version is V20 else start()
    raw = answer(stub, "detector", list(ITEMS.values()))
    response = version.post(gateway, "detector", version.detector(picture()))
    assert response.json() == TAKEN[version], "an item of an unknown type would fail the user's whole job"
    assert (response.content == raw) is (version in (V214, V273)), "untouched where nothing has to change"


@pytest.mark.parametrize("obj_bbox", [None, [[5, 5], [40, 30]]])
def test_an_interactor_answers_points_to_old_versions_and_an_object_to_new_ones(
    client: Client, gateway: str, stub: Stub, obj_bbox: Any
) -> None:
    points = [[10.5, 10], [20, 10], [20, 20]]
    full = {"points": points, "mask": [[1, 1], [0, 1]], "bounds": [10, 10, 11, 11]}
    raw = answer(stub, "interactor", full)
    payload = client.interactor(picture(), obj_bbox)
    response = client.post(gateway, "interactor", payload)
    assert json.loads(stub.received[-1].body) == payload, "the request has one form in all versions"
    if client.version < (2, 3):
        assert response.json() == points
    else:
        assert response.content == raw


def test_the_setting_tells_v2_3_from_v2_2(start: Any, stub: Stub) -> None:
    silent = Client((2, 3), "python-requests/2.26.0", V25.headers)
    full = {"points": [[1, 1], [2, 1], [2, 2]], "mask": [[1]]}
    answer(stub, "interactor", full)
    payload = silent.interactor(picture())
    assert silent.invoke(start(), "interactor", payload) == full["points"], "v2.2 unless the setting names another"
    assert silent.invoke(start(CVAT_VERSION="2.3"), "interactor", payload) == full


def test_an_embedding_passes_to_the_segment_anything_plugin(gateway: str, stub: Stub) -> None:
    raw = answer(stub, "interactor", {"blob": encoded(b"\0" * 64)})
    assert V214.post(gateway, "interactor", V214.interactor(picture())).content == raw


def test_a_tracker_follows_an_object_over_ten_frames(client: Client, gateway: str, stub: Stub) -> None:
    def track(body: bytes) -> bytes:
        request = json.loads(body)
        state = request["states"][0] if request["states"] else {"at": request["shapes"][0], "n": 0}
        moved = {"at": [value + 1 for value in state["at"]], "n": state["n"] + 1}
        return json.dumps({"shapes": [moved["at"]], "states": [moved]}).encode()

    stub.answers["tracker"] = track
    shape, state = [1, 2, 3, 4], None
    for number in range(1, 11):
        payload = client.tracker(picture(), shape, state)
        shape, state = client.tracked(client.invoke(gateway, "tracker", payload))
        assert shape == [1 + number, 2 + number, 3 + number, 4 + number]
        assert state == {"at": shape, "n": number}, "a state comes back as it went"
        received = json.loads(stub.received[-1].body)
        assert received.keys() == {"image", "shapes", "states"}, "containers see the plural form only"
        if client.version >= (1, 7):
            assert received == payload


def test_several_objects_are_tracked_in_one_call(gateway: str, stub: Stub) -> None:
    raw = answer(stub, "tracker", {"shapes": [[1, 2], [3, 4]], "states": [{}, None]})
    payload = {"image": encoded(picture()), "shapes": [[1, 2], [3, 4]], "states": []}
    assert V214.post(gateway, "tracker", payload).content == raw
    assert len(stub.received) == 1


def test_reid_answers_an_index_for_each_box(client: Client, gateway: str, stub: Stub) -> None:
    raw = answer(stub, "reid", [1, -1, 0])
    boxes = [box(n, 1, 2, 3, 4) for n in range(3)], [box(n, 1, 2, 3, 4) for n in range(2)]
    payload = client.reid((picture(), picture()), boxes)
    response = client.post(gateway, "reid", payload)
    assert response.content == raw
    assert stub.received[-1].body == response.request.body


def test_only_a_mask_is_refused_where_cvat_reads_points_only(gateway: str, stub: Stub) -> None:
    answer(stub, "interactor", {"mask": [[1]]})
    response = FIRST.post(gateway, "interactor", FIRST.interactor(picture()))
    assert (response.status_code, "no 'points'" in response.reason) == (502, True)
    assert V214.invoke(gateway, "interactor", V214.interactor(picture())) == {"mask": [[1]]}


def test_headers_may_have_any_case_and_namespace(gateway: str) -> None:
    headers = {"X-NUCLIO-FUNCTION-NAME": "detector", "x-nuclio-function-namespace": "other"}
    response = FIRST.call("post", f"{gateway}/api/function_invocations", headers=headers, json={"image": ""})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("function", "payload", "reason"),
    [
        ("detector", {}, "Mandatory argument 'image' of this detector is missing"),
        ("detector", {"image": 5}, "Mandatory argument 'image' of this detector has the wrong type"),
        (
            "interactor",
            {"image": "", "pos_points": []},
            "Mandatory argument 'neg_points' of this interactor is missing",
        ),
        ("tracker", {"image": ""}, "Mandatory argument 'shapes' of this tracker is missing"),
        ("reid", {"image0": "", "image1": ""}, "Mandatory argument 'boxes0' of this reid is missing"),
        ("detector", [], "The request is not a JSON object"),
    ],
)
def test_a_missing_argument_is_400_and_named(
    gateway: str, stub: Stub, function: str, payload: Any, reason: str
) -> None:
    response = FIRST.post(gateway, function, payload)
    assert (response.status_code, response.reason) == (400, reason)
    assert not stub.received, "SageMaker is not called for it"


def test_wrong_use_of_http_is_the_right_4xx(gateway: str) -> None:
    url = f"{gateway}/api/function_invocations"
    name = {"x-nuclio-function-name": "detector"}

    def chunks() -> Any:
        yield b"{}"

    for expected, response in {
        (400, "Header X-Nuclio-Function-Name is missing"): FIRST.call("post", url, json={}),
        (400, "The request is not JSON"): FIRST.call("post", url, data=b"{", headers=name),
        (411, "Content-Length is missing"): FIRST.call("post", url, data=chunks(), headers=name),
        (405, "Method Not Allowed"): FIRST.call("delete", url),
        (404, "Not Found"): FIRST.call("get", f"{gateway}/api/projects"),
    }.items():
        assert (response.status_code, response.reason) == expected
        assert response.json() == {"error": response.reason}, "errors are JSON, too"

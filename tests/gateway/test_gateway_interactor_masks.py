"""The masks of interactors, which CVAT takes in a different form in each of three spans of versions.

Before v2.3 there are none. Up to v2.4.3 a mask has the image's size; since v2.4.4 it may be the crop that `bounds`
names. A container answers with the crop, or with no mask at all where the crop is too large an answer.
"""

import base64
import io
import itertools
import json
from typing import Any

import pytest
from gateway_bench.stub import Stub
from PIL import Image

from tests.support.gateway.cvat_clients import BASE, FIRST, V28, V214, VIA, Client, encoded
from tests.support.gateway.serving import picture

WIDTH, HEIGHT = 64, 48  # of picture()
CROP = {"points": [[10, 5], [14, 5], [14, 8], [10, 8]], "mask": [[1] * 5] * 4, "bounds": [10, 5, 14, 8]}
OUTLINE = {key: value for key, value in CROP.items() if key != "mask"}
FRAME = [[int(10 <= x <= 14 and 5 <= y <= 8) for x in range(WIDTH)] for y in range(HEIGHT)]
NOTHING = {"points": [], "mask": [[0]], "bounds": [0, 0, 0, 0]}

V23 = Client((2, 3), "python-requests/2.26.0", BASE | VIA)  # does not send its version: CVAT_VERSION names it
V240 = Client((2, 4, 0), "CVAT/2.4.0 python-requests/2.26.0", BASE | VIA)
V243 = Client((2, 4, 3), "CVAT/2.4.3 python-requests/2.26.0", BASE | VIA)
V244 = Client((2, 4, 4), "CVAT/2.4.4 python-requests/2.26.0", BASE | VIA)
OLD, NEW = [V23, V240, V243], [V244, V28, V214]


def click(client: Client, start: Any, stub: Stub, answer: Any) -> Any:
    """What CVAT gets if the container answers `answer` to a click on a picture()."""
    stub.answers["interactor"] = json.dumps(answer).encode()
    gateway = start(CVAT_VERSION="2.3") if client is V23 else start()
    payload = client.interactor(picture())
    taken = client.invoke(gateway, "interactor", payload)
    assert json.loads(stub.received[-1].body) == payload, "the request has one form in all versions"
    assert len(stub.received) == 1, "one upstream call"
    return taken


@pytest.mark.parametrize("client", NEW, ids=lambda client: client.agent)
def test_a_mask_that_was_left_out_is_drawn_within_its_bounds(client: Client, start: Any, stub: Stub) -> None:
    assert click(client, start, stub, OUTLINE) == CROP, "CVAT reads mask.flat() without asking whether it is there"


@pytest.mark.parametrize("answer", [CROP, OUTLINE], ids=["crop", "left out"])
@pytest.mark.parametrize("client", OLD, ids=lambda client: str(client.version))
def test_versions_without_bounds_get_a_mask_of_the_images_size(
    client: Client, start: Any, stub: Stub, answer: Any
) -> None:
    taken = click(client, start, stub, answer)
    assert taken == {"points": CROP["points"], "mask": FRAME}, "bounds are not known: rows begin at the image's corner"


@pytest.mark.parametrize("client", OLD, ids=lambda client: str(client.version))
def test_nothing_found_is_an_empty_mask_of_the_images_size(client: Client, start: Any, stub: Stub) -> None:
    assert click(client, start, stub, NOTHING) == {"points": [], "mask": [[0] * WIDTH] * HEIGHT}


def test_nothing_found_passes_to_newer_versions(start: Any, stub: Stub) -> None:
    assert click(V214, start, stub, NOTHING) == NOTHING


def test_versions_that_take_points_only_need_no_mask(start: Any, stub: Stub) -> None:
    assert click(FIRST, start, stub, OUTLINE) == CROP["points"]


def test_a_mask_without_bounds_is_the_whole_images_already(start: Any, stub: Stub) -> None:
    whole = {"points": CROP["points"], "mask": FRAME}
    assert click(V243, start, stub, whole) == whole


def test_a_concave_outline_is_filled_where_it_encloses(start: Any, stub: Stub) -> None:
    notched = [[0, 0], [8, 0], [8, 8], [4, 4], [0, 8]]
    mask = click(V214, start, stub, {"points": notched, "bounds": [0, 0, 8, 8]})["mask"]
    assert (mask[2][4], mask[7][4], mask[7][0], mask[7][8]) == (1, 0, 1, 1), "the notch at the bottom stays open"


@pytest.mark.parametrize("client", [V243, V214], ids=lambda client: client.agent)
def test_a_mask_is_drawn_in_pixels_of_the_image_that_cvat_sent(client: Client, start: Any, stub: Stub) -> None:
    def segment(body: bytes) -> bytes:
        corners = json.loads(body)["obj_bbox"]
        (x0, y0), (x1, y1) = ([round(value) for value in corner] for corner in corners)
        outline = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
        return json.dumps({"points": outline, "bounds": [x0, y0, x1, y1]}).encode()

    stub.answers["interactor"] = segment
    noise, out = Image.effect_noise((640, 480), 200), io.BytesIO()
    noise.save(out, "PNG")
    payload = client.interactor(out.getvalue(), [[200, 120], [360, 240]])
    answer = client.invoke(start(MAX_PAYLOAD_BYTES="60000"), "interactor", payload)
    sent = Image.open(io.BytesIO(base64.b64decode(json.loads(stub.received[-1].body)["image"])))
    assert sent.width < 640, "the image was scaled, or this test shows nothing"
    assert sum(itertools.chain(*answer["mask"])) == pytest.approx(161 * 121, rel=0.05)
    if client is V243:
        assert (len(answer["mask"][0]), len(answer["mask"])) == (640, 480)
    else:
        assert answer["bounds"] == pytest.approx([200, 120, 360, 240], abs=3)
        assert len(answer["mask"]) == answer["bounds"][3] - answer["bounds"][1] + 1


def test_the_size_of_an_image_that_cannot_be_read_is_not_guessed(start: Any, stub: Stub) -> None:
    response = V243.post(start(), "interactor", V243.interactor(b"no image"))
    assert response.status_code == 400
    assert response.reason.startswith("Image not decodable: no image of a known format: "), response.reason
    assert not stub.received


def test_a_mask_that_does_not_fill_its_bounds_is_malformed(start: Any, stub: Stub) -> None:
    stub.answers["interactor"] = json.dumps(CROP | {"mask": [[1] * 5] * 3}).encode()
    response = V243.post(start(), "interactor", V243.interactor(picture()))
    assert response.status_code == 502
    assert response.reason == "The model's answer is malformed: a mask of 5 x 4 pixels has 15 values"


def test_a_mask_larger_than_any_image_is_not_drawn(start: Any, stub: Stub) -> None:
    stub.answers["interactor"] = json.dumps({"points": [[0, 0], [1e6, 0], [1e6, 1e6]]}).encode()
    response = V214.post(start(), "interactor", V214.interactor(picture()))
    assert response.status_code == 502
    assert "is too large an answer" in response.reason


def test_an_image_of_more_pixels_than_a_container_takes_is_scaled_even_if_its_bytes_fit(start: Any, stub: Stub) -> None:
    out = io.BytesIO()
    Image.new("L", (8000, 6000)).save(out, "PNG")
    payload = {"image": encoded(out.getvalue())}
    stub.answers["detector"] = b'[{"label": "car", "type": "rectangle", "points": [0, 0, 565.7, 424.3]}]'
    detections = V214.invoke(start(), "detector", payload)
    sent = Image.open(io.BytesIO(base64.b64decode(json.loads(stub.received[-1].body)["image"])))
    assert 23_900_000 < sent.width * sent.height <= 24_100_000, "more would not fit with an ordinary photo"
    assert detections[0]["points"] == pytest.approx([0, 0, 800, 600], rel=0.01)

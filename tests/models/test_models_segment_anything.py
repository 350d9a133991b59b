"""Segment Anything: the image is encoded once, clicks and boxes reach the decoder, masks come back at their pixels.

The encoder keeps the red of every fourth pixel, the decoder says that what is red is the object.
"""

import base64
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from models.errors import ModelError, RequestError
from models.examples import encode
from models.runtime import RUNTIMES
from models.samples import network
from models.service import Service

from tests.support.models.service import Recorder, ask, document, served

RED = 60


def encoder() -> onnx.ModelProto:
    body = """
        shares = Div(image, most)
        red, green, blue = Split <axis = 1> (shares)
        image_embeddings = AveragePool <kernel_shape = [4, 4], strides = [4, 4]> (red)
    """
    return network("(float[1, 3, 256, 256] image) => (float[1, 1, 64, 64] image_embeddings)", body, most=255.0)


def decoder(image_size: bool = True) -> onnx.ModelProto:
    """Two masks: nothing, sure 0.2, and what is red, sure 0.9. All inputs must have been fed."""
    ending = """
        whole = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel"> (coarse, , , full)
        shown = Slice(whole, begin, end, axes)
        numbers = Cast <to: int = 7> (orig_im_size)
        size = Concat <axis = 0> (two_batches, numbers)
        masks = Resize <mode = "linear", coordinate_transformation_mode = "half_pixel"> (shown, , , size)
    """
    body = f"""
        twice = Mul(image_embeddings, two)
        red = Sub(twice, one)
        a = ReduceSum <keepdims = 0> (point_coords)
        b = ReduceSum <keepdims = 0> (point_labels)
        c = ReduceSum <keepdims = 0> (mask_input)
        d = ReduceSum <keepdims = 0> (has_mask_input)
        ab = Add(a, b)
        cd = Add(c, d)
        all = Add(ab, cd)
        none = Mul(all, nothing)
        fed = Add(red, none)
        empty = Sub(none, one)
        hollow = Mul(fed, nothing)
        blank = Add(hollow, empty)
        coarse = Concat <axis = 1> (blank, fed)
        iou_predictions = Identity(sure)
        {ending if image_size else "masks = Identity(coarse)"}
    """
    inputs = """float[1, 1, 64, 64] image_embeddings, float[1, n, 2] point_coords, float[1, n] point_labels,
        float[1, 1, 256, 256] mask_input, float[1] has_mask_input"""
    inputs += ", float[2] orig_im_size" if image_size else ""
    constants: dict[str, Any] = {"two": 2.0, "one": 1.0, "nothing": 0.0, "sure": [[0.2, 0.9]]}
    if image_size:  # the tests' images are twice as wide as high: padded at the bottom
        constants |= {"full": [1, 2, 256, 256], "begin": [0, 0], "end": [128, 256], "axes": [2, 3]}
        constants |= {"two_batches": [1, 2]}
    outputs = "float[1, 2, h, w] masks, float[1, 2] iou_predictions"
    return network(f"({inputs}) => ({outputs})", body, **constants)


def options(**more: Any) -> dict[str, Any]:
    return {"input": {"fit": "pad", "fill": 0}, **more}


@pytest.fixture(params=RUNTIMES)
def sam(request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    networks = {"encoder": encoder(), "decoder": decoder()}
    return served(tmp_path, networks, document("interactor", "segment-anything", options()), request.param)


def photo(shade: int = 0) -> str:
    """512 x 256, with red from 100, 40 to 299, 199."""
    pixels = np.full((256, 512, 3), shade, np.uint8)
    pixels[40:200, 100:300] = (255, 20, 20)
    return encode(pixels)


def click(image: str, **more: Any) -> dict[str, Any]:
    return {"image": image, "pos_points": [[200, 100]], "neg_points": [], "obj_bbox": None, **more}


def test_a_click_gives_mask_and_outline_at_the_images_pixels(sam: Service) -> None:
    answer = ask(sam, **click(photo()))
    assert answer["bounds"] == pytest.approx([100, 40, 299, 199], abs=4), "cells of eight pixels, interpolated"
    left, top, right, bottom = answer["bounds"]
    mask = np.array(answer["mask"])
    assert mask.shape == (bottom - top + 1, right - left + 1)
    assert mask.mean() > 0.98
    assert np.array(answer["points"]).min(axis=0).tolist() == [left, top], "older CVATs get the outline alone"


def test_the_second_click_on_an_image_does_without_the_encoder(sam: Service) -> None:
    handler = sam.handler
    handler.encoder = Recorder(handler.encoder)  # type: ignore[attr-defined]
    calls = handler.encoder.calls  # type: ignore[attr-defined]
    first = ask(sam, **click(photo(1)))
    assert len(calls) == 1
    assert ask(sam, **click(photo(1))) == first, "from the remembered features comes the same mask"
    ask(sam, **click(photo(1), neg_points=[[5, 5]]))
    assert len(calls) == 1, "other clicks, the same image"
    ask(sam, **click(photo(2)))
    assert len(calls) == 2, "another image"
    for shade in range(3, 36):
        ask(sam, **click(photo(shade)))
    ask(sam, **click(photo(1)))
    assert len(calls) == 2 + 33 + 1, "32 images are remembered, the oldest was forgotten"


def test_clicks_and_boxes_reach_the_decoder_in_its_pixels_with_their_labels(sam: Service) -> None:
    handler = sam.handler
    handler.decoder = Recorder(handler.decoder)  # type: ignore[attr-defined]
    ask(sam, **click(photo(), neg_points=[[10, 20]]))
    ask(sam, **click(photo(), pos_points=[], obj_bbox=[[300, 200], [100, 40]]))
    with_points, with_box = handler.decoder.calls  # type: ignore[attr-defined]
    assert with_points["points"].tolist() == [[[100, 50], [5, 10], [0, 0]]], "256 pixels show 512"
    assert with_points["labels"].tolist() == [[1, 0, -1]], "without a box, SAM wants a point that is none"
    assert with_box["points"].tolist() == [[[50, 20], [150, 100]]], "corners in order, whichever way it was drawn"
    assert with_box["labels"].tolist() == [[2, 3]]
    assert with_box["image_size"].tolist() == [256, 512], "height first"
    assert with_box["has_mask"].tolist() == [0]


def test_a_decoder_that_leaves_masks_coarse_is_scaled_here(tmp_path: Path) -> None:
    more = options(decoder={"image_size": None}, padding_point=False)
    networks = {"encoder": encoder(), "decoder": decoder(image_size=False)}
    service = served(tmp_path, networks, document("interactor", "segment-anything", more))
    assert ask(service, **click(photo()))["bounds"] == pytest.approx([100, 40, 299, 199], abs=4)


def test_nothing_to_go_by_and_nothing_found_differ(sam: Service) -> None:
    with pytest.raises(RequestError, match="click on the object, or draw a box"):
        ask(sam, **click(photo(), pos_points=[], neg_points=[[1, 1]]))
    black = encode(np.zeros((256, 512, 3), np.uint8))
    assert ask(sam, **click(black)) == {"points": [], "mask": [[0]], "bounds": [0, 0, 0, 0]}


def test_the_plugin_of_cvats_interface_gets_the_features_byte_for_byte(tmp_path: Path) -> None:
    networks = {"encoder": encoder()}
    service = served(tmp_path, networks, document("interactor", "segment-anything", options(answer="blob")))
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[:, :, 0] = 255
    answer = ask(service, **click(encode(pixels)))
    features = np.frombuffer(base64.b64decode(answer["blob"]), "<f4")
    assert set(answer) == {"blob"}
    assert features.tolist() == [1.0] * 64 * 64, "float32, little endian, no decoder in the archive"


def test_several_at_once_do_not_share_what_they_remember(tmp_path: Path) -> None:
    content = document("interactor", "segment-anything", options())
    networks = {"encoder": encoder(), "decoder": decoder()}
    first, second = (served(tmp_path / name, networks, content) for name in ("first", "second"))
    assert ask(first, **click(photo())) == ask(second, **click(photo()))
    assert first.handler._features is not second.handler._features  # type: ignore[attr-defined]


def test_a_decoder_with_another_output_is_refused(tmp_path: Path) -> None:
    more = options(decoder={"masks": "iou_predictions", "scores": "masks", "ignored": []})
    more["decoder"]["image_size"] = "missing"
    networks = {"encoder": encoder(), "decoder": decoder()}
    with pytest.raises(ModelError, match="no input or output 'missing'"):
        served(tmp_path, networks, document("interactor", "segment-anything", more))


def test_the_blob_of_the_real_size_passes_sagemaker() -> None:
    """Float32 of 1 x 256 x 64 x 64: 4 MiB, as text and with the JSON around it below SageMaker's 6,291,456 bytes."""
    blob = base64.b64encode(np.zeros((1, 256, 64, 64), "<f4").tobytes())
    assert len(b'{"blob":"' + blob + b'"}') < 6_291_456

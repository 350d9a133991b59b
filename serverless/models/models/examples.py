"""A request of each kind, to try an archive or to time a function with."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

BACKGROUND, OBJECT = (40, 40, 40), (230, 30, 30)


def picture(size: tuple[int, int], box: tuple[int, int, int, int], image_format: str = "PNG") -> str:
    """Base64 of a grey image of width x height with a red rectangle: left, top, right, bottom, inclusive."""
    image = Image.new("RGB", size, BACKGROUND)
    ImageDraw.Draw(image).rectangle(box, fill=OBJECT)
    return encode(np.asarray(image), image_format)


def encode(pixels: np.typing.NDArray[np.uint8], image_format: str = "PNG") -> str:
    """Base64 of an image file with these pixels."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, image_format)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def example_body(kind: str, size: tuple[int, int] = (320, 240)) -> dict[str, Any]:
    """A request as CVAT sends it to a function of this kind."""
    width, height = size
    box = (width // 4, height // 4, width // 2, height // 2)
    image = picture(size, box)
    if kind == "reid":
        shape = {"type": "rectangle", "label_id": 1, "points": [float(value) for value in box]}
        return {"image0": image, "image1": image, "boxes0": [shape], "boxes1": [shape]}
    if kind == "interactor":
        middle = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]
        return {"image": image, "pos_points": [middle], "neg_points": [], "obj_bbox": [box[:2], box[2:]]}
    if kind == "tracker":
        return {"image": image, "shapes": [list(box)], "states": []}
    return {"image": image}

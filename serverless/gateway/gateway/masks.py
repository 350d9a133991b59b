"""Masks of answers: drawn where a container left them out, and brought to the image that CVAT sent."""

import math

import orjson
from PIL import Image, ImageDraw

from gateway.answers import MASK_BOX, mask_size
from gateway.contract import Call, Payload

MAX_MASK_PIXELS = 20_000_000
"""Of a mask that is drawn here, as JSON 40 MB."""


def interactor_mask(call: Call, answer: Payload, factor: float) -> Payload:
    """The answer with a mask as this CVAT takes it, drawn if the container left it out as too large an answer."""
    rows, bounds, points = answer.get("mask"), answer.get("bounds"), answer.get("points", [])
    whole = [0, 0, call.size[0] - 1, call.size[1] - 1]
    if rows and factor == 1 and not (bounds and call.whole_masks):
        return answer
    if rows:
        values = [value for row in rows for value in row]
        filled = bounds or [0, 0, len(rows[0]) - 1, len(rows) - 1]
        picture, box = moved_mask(values, filled, factor, [] if bounds and not call.whole_masks else whole)
    else:
        picture, box = _drawn(points, whole if call.whole_masks else [])
    if call.whole_masks:
        return {"points": points, "mask": _rows(picture)}
    return answer | {"mask": _rows(picture), "bounds": box}


def detected_mask(item: Payload, factor: float) -> Payload:
    """A detector's item, its mask enlarged by `factor`."""
    if item["type"] != "mask" or factor == 1:
        return item
    picture, box = moved_mask(item["mask"][:-MASK_BOX], item["mask"][-MASK_BOX:], factor, [])
    return item | {"mask": [*picture.tobytes(), *box]}


def moved_mask(values: list[int], filled: list[int], factor: float, box: list[int]) -> tuple[Image.Image, list[int]]:
    """A mask of 0 and 1, row by row, that filled one box: what of it is in another (none: its own), enlarged."""
    size = mask_size(filled)
    if len(values) != math.prod(size):
        raise ValueError(f"a mask of {size[0]} x {size[1]} pixels has {len(values)} values")
    box = box or [round((edge + last) * factor) - last for edge, last in zip(filled, (0, 0, 1, 1), strict=True)]
    corners = zip((box[0], box[1], box[2] + 1, box[3] + 1), [*filled[:2]] * 2, strict=True)
    extent = [edge / factor - start for edge, start in corners]
    picture = Image.frombytes("L", size, bytes(values))
    return picture.transform(_drawable(box), Image.Transform.EXTENT, extent, Image.Resampling.NEAREST), box


def _drawn(points: list[list[float]], box: list[int]) -> tuple[Image.Image, list[int]]:
    """A polygon, filled, in a box (none: its own)."""
    corners = [(round(x), round(y)) for x, y in points] or [(0, 0)]
    box = box or [edge(axis) for edge in (min, max) for axis in zip(*corners, strict=True)]
    picture = Image.new("L", _drawable(box))
    if points:
        ImageDraw.Draw(picture).polygon([(x - box[0], y - box[1]) for x, y in corners], fill=1, outline=1)
    return picture, box


def _drawable(box: list[int]) -> tuple[int, int]:
    width, height = mask_size(box)
    if width * height > MAX_MASK_PIXELS:
        raise ValueError(f"a mask of {width} x {height} pixels is too large an answer")
    return width, height


def _rows(picture: Image.Image) -> orjson.Fragment:
    """JSON of rows of 0 and 1: as a Python list, a large mask would take eight times its bytes."""
    digits = picture.tobytes().translate(bytes.maketrans(b"\0\1", b"01"))
    text = bytearray(b"," * (2 * len(digits)))
    text[::2] = digits
    length = 2 * picture.width
    rows = (text[start : start + length - 1] for start in range(0, len(text), length))
    return orjson.Fragment(b"[[" + b"],[".join(rows) + b"]]")

"""Masks as CVAT has them: rows of 0 and 1 (interactors), or a flat list that ends with its box (detectors)."""

from typing import Any

from PIL import Image, ImageDraw

from .errors import refuse

# Clockwise neighbours of a pixel, from the west on.
AROUND = ((-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1))
MIN_POINTS = 3
MAX_PARTS = 32  # of a torn mask; the largest wins
MAX_PIXELS = 64_000_000  # of an image or a mask; a decoded image takes 3 bytes a pixel
SHOWN = [0] + [255] * 255
COUNTED = [0] + [1] * 255

Points = list[list[float]]


def from_rows(rows: list[list[int]]) -> Image.Image:
    """A grey picture of the rows, 255 where they are not 0."""
    width = len(rows[0]) if rows else 0
    if any(len(row) != width for row in rows):
        refuse("the rows of a mask are equally long")
    return from_flat([value for row in rows for value in row], width, len(rows))


def from_flat(values: list[int], width: int, height: int) -> Image.Image:
    """A grey picture of `width` x `height` values, 255 where they are not 0."""
    if width < 1 or height < 1 or len(values) != width * height:
        refuse(f"a mask of {width} x {height} pixels has {len(values)} values")
    return Image.frombytes("L", (width, height), bytes(values)).point(SHOWN)


def to_flat(picture: Image.Image) -> list[int]:
    return list(picture.point(COUNTED).tobytes())


def to_rows(picture: Image.Image) -> list[list[int]]:
    flat, width = to_flat(picture), picture.width
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def enlarged(picture: Image.Image, left: int, top: int, factor: float) -> tuple[Image.Image, list[int]]:
    """A mask at `left`, `top` and its inclusive box [left, top, right, bottom], both `factor` times as large."""
    x0, y0 = round(left * factor), round(top * factor)
    x1, y1 = round((left + picture.width) * factor), round((top + picture.height) * factor)
    resized = picture.resize(_checked(x1 - x0, y1 - y0), Image.Resampling.NEAREST)
    return resized, [x0, y0, x0 + resized.width - 1, y0 + resized.height - 1]


def filled(points: Points) -> dict[str, Any]:
    """The mask of a polygon, cropped to it: `mask` (rows) and `bounds` [left, top, right, bottom], inclusive."""
    corners = [(round(x), round(y)) for x, y in points]
    if not corners:
        refuse("an interactor answers 'points' or 'mask'")
    left, top = (min(values) for values in zip(*corners, strict=True))
    right, bottom = (max(values) for values in zip(*corners, strict=True))
    picture = Image.new("L", _checked(right - left + 1, bottom - top + 1))
    ImageDraw.Draw(picture).polygon([(x - left, y - top) for x, y in corners], fill=255, outline=255)
    return {"mask": to_rows(picture), "bounds": [left, top, right, bottom]}


def _checked(width: int, height: int) -> tuple[int, int]:
    if width * height > MAX_PIXELS:
        refuse(f"a mask of {width} x {height} pixels is larger than any image")
    return max(1, width), max(1, height)


def outline(answer: dict[str, Any]) -> Points:
    """The polygon around the largest part of an interactor's mask."""
    picture = from_rows(answer["mask"])
    left, top = answer.get("bounds", (0, 0))[:2]
    best: Points = []
    for _ in range(MAX_PARTS):
        if not (part := _trace(picture)):
            break
        ImageDraw.Draw(picture).polygon([(x, y) for x, y in part], fill=0, outline=0)
        best = max(best, part, key=_area)
    if len(best) < MIN_POINTS:
        refuse("the mask is empty or thinner than a polygon")
    return [[x + left, y + top] for x, y in best]


def _trace(picture: Image.Image) -> Points | None:
    """Corners of the outer border of the topmost part, clockwise (Moore's neighbour tracing); None if all is 0."""
    if (box := picture.getbbox()) is None:
        return None
    start = picture.crop((0, box[1], picture.width, box[1] + 1)).getbbox()
    assert start  # noqa: S101 - the bounding box's first row is not empty
    first = here = (start[0], box[1])
    border: Points = [[*here]]
    direction = first_direction = None
    while True:
        back = 0 if direction is None else (direction + 5) % 8
        step = _next(picture, here, back)
        if step is None or (here == first and direction is not None and step == first_direction):
            return border
        if direction is None:
            first_direction = step
        elif step != direction:
            border.append([*here])
        direction = step
        here = (here[0] + AROUND[step][0], here[1] + AROUND[step][1])


def _next(picture: Image.Image, here: tuple[int, int], back: int) -> int | None:
    """The first neighbour that is set, clockwise from direction `back`."""
    for turn in range(8):
        step = (back + turn) % 8
        x, y = here[0] + AROUND[step][0], here[1] + AROUND[step][1]
        if 0 <= x < picture.width and 0 <= y < picture.height and picture.getpixel((x, y)):
            return step
    return None


def _area(points: Points) -> float:
    """Twice the area of a polygon."""
    following = points[1:] + points[:1]
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in zip(points, following, strict=True)))

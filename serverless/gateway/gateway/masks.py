"""Masks as CVAT has them: rows of 0 and 1 (interactors), or a flat list before its box (detectors)."""

from PIL import Image

from .errors import refuse

MAX_PIXELS = 64_000_000  # of an image or a mask; a decoded image takes 3 bytes a pixel


def picture(values: list[int], width: int, height: int) -> Image.Image:
    """A picture of `width` x `height` values of 0 and 1."""
    if width < 1 or height < 1 or len(values) != width * height:
        refuse(f"a mask of {width} x {height} pixels has {len(values)} values")
    return Image.frombytes("L", (width, height), bytes(values))


def from_rows(rows: list[list[int]]) -> Image.Image:
    return picture([value for row in rows for value in row], len(rows[0]) if rows else 0, len(rows))


def to_rows(image: Image.Image) -> list[list[int]]:
    flat, width = list(image.tobytes()), image.width
    return [flat[start : start + width] for start in range(0, len(flat), width)]


def resized(image: Image.Image, width: int, height: int) -> Image.Image:
    if width * height > MAX_PIXELS:
        refuse(f"a mask of {width} x {height} pixels is larger than any image")
    return image.resize((max(1, width), max(1, height)), Image.Resampling.NEAREST)


def enlarged(image: Image.Image, left: int, top: int, factor: float) -> tuple[Image.Image, list[int]]:
    """A mask at `left`, `top` and its inclusive box [left, top, right, bottom], `factor` times as large."""
    x0, y0 = round(left * factor), round(top * factor)
    x1, y1 = round((left + image.width) * factor), round((top + image.height) * factor)
    larger = resized(image, x1 - x0, y1 - y0)
    return larger, [x0, y0, x0 + larger.width - 1, y0 + larger.height - 1]

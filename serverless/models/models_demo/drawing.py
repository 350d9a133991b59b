"""Draws what detectors answered into the picture that they were asked about."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageColor, ImageDraw, ImageFont

COLOURS = ("#ff5533", "#00c2a8", "#ffc400", "#4f8cff", "#e64fff", "#7bd400")
HEIGHT, LINE = 720, 3
"""Of a drawn picture, and of its lines, in pixels."""
EDGE = re.compile(r"data-node-from='(\d+)' data-node-to='(\d+)'")
"""Of a skeleton's SVG in the registry, as CVAT writes it."""

Item = Mapping[str, Any]


def drawn(picture: Image.Image, items: Sequence[Item], edges: list[tuple[int, int]]) -> Image.Image:
    """A copy of the picture, HEIGHT pixels high, with all items; edges join points of skeletons by their numbers."""
    factor = HEIGHT / picture.height
    canvas = picture.convert("RGB").resize((round(picture.width * factor), HEIGHT))
    draw = ImageDraw.Draw(canvas, "RGBA")
    font = ImageFont.load_default(HEIGHT // 30)
    for number, item in enumerate(_scaled(item, factor) for item in items):
        colour = COLOURS[number % len(COLOURS)]
        if item["type"] == "skeleton":
            _skeleton(draw, item, edges, colour)
        elif item["type"] == "rectangle":
            draw.rectangle(item["points"], outline=colour, width=LINE)
        elif item["type"] in ("polygon", "mask"):
            draw.polygon(item["points"], outline=colour, width=LINE, fill=(*ImageColor.getrgb(colour), 40))
        _caption(draw, item, colour, font)
    return canvas


def _scaled(item: Item, factor: float) -> dict[str, Any]:
    """The item with its points, and those of its elements, in pixels of the larger picture."""
    scaled = dict(item)
    if item.get("points"):
        scaled["points"] = [value * factor for value in item["points"]]
    if item.get("elements"):
        scaled["elements"] = [_scaled(part, factor) for part in item["elements"]]
    return scaled


def skeleton_edges(svg: str) -> list[tuple[int, int]]:
    """The numbers of points, from 1, that a skeleton's SVG joins."""
    return [(int(start), int(end)) for start, end in EDGE.findall(svg)]


def bounding_box(item: Item) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of an item, of a skeleton's visible points."""
    points = item.get("points") or [
        value for part in item["elements"] if not part["outside"] for value in part["points"]
    ]
    return min(points[::2]), min(points[1::2]), max(points[::2]), max(points[1::2])


def _skeleton(draw: ImageDraw.ImageDraw, item: Item, edges: list[tuple[int, int]], colour: str) -> None:
    points = {number: tuple(part["points"]) for number, part in enumerate(item["elements"], 1) if not part["outside"]}
    for start, end in edges:
        if start in points and end in points:
            draw.line([points[start], points[end]], fill=colour, width=LINE)
    for x, y in points.values():
        draw.ellipse((x - 2 * LINE, y - 2 * LINE, x + 2 * LINE, y + 2 * LINE), fill="white", outline=colour)


def _caption(draw: ImageDraw.ImageDraw, item: Item, colour: str, font: Any) -> None:
    left, top, *_ = bounding_box(item)
    text = next((attribute["value"] for attribute in item.get("attributes", ())), item["label"])
    text = f"{text} {item['confidence']:.2f}"
    x0, y0, x1, y1 = draw.textbbox((left, top), text, font=font, anchor="lb")
    shift = max(0, -y0)
    draw.rectangle((x0 - 1, y0 + shift - 1, x1 + 1, y1 + shift + 1), fill=colour)
    draw.text((left, top + shift), text, fill="black", font=font, anchor="lb")

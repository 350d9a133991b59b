"""Draws the demo files: six pictures of a street and a film of it. Public domain, CC0 1.0 (see README.md).

`make demo` runs it. The result is committed, so it is needed only after a change of the drawing.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent / "files"
PHOTO_SIZE, FILM_SIZE = (1280, 720), (640, 360)
"""Width and height in pixels."""
FRAMES, FRAMES_A_SECOND = 60, 12
PHOTOS = 6
COLOURS = ("#c0392b", "#2471a3", "#f4d03f", "#ecf0f1", "#1e8449")
Canvas = ImageDraw.ImageDraw


def street(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Sky, houses, pavement and road. The road is the lower half."""
    width, height = size
    image = Image.new("RGB", size, "#aed6f1")
    draw = ImageDraw.Draw(image)
    left = 0
    while left < width:
        house_width, house_height = rng.randint(width // 12, width // 7), rng.randint(height // 6, height // 3)
        house(draw, (left, height // 2 - house_height, left + house_width, height // 2), rng)
        left += house_width
    draw.rectangle((0, height // 2, width, height), fill="#5d6d7e")
    draw.rectangle((0, height // 2, width, height // 2 + height // 16), fill="#b2babb")
    for x in range(0, width, width // 10):
        draw.rectangle((x, height * 25 // 32, x + width // 20, height * 25 // 32 + height // 80), fill="#f8f9f9")
    return image


def house(draw: Canvas, box: tuple[int, int, int, int], rng: random.Random) -> None:
    """A house with rows of windows, some of them lit. `box`: left, top, right, bottom."""
    left, top, right, bottom = box
    draw.rectangle(box, fill=rng.choice(("#d7ccc8", "#bcaaa4", "#cfd8dc", "#ffe0b2")), outline="#6d4c41")
    step = max((right - left) // 4, 6)
    for x in range(left + step // 2, right - step // 2, step):
        for y in range(top + step // 2, bottom - step // 2, step):
            draw.rectangle((x, y, x + step // 2, y + step // 2), fill=rng.choice(("#37474f", "#fff59d")))


def car(draw: Canvas, x: float, ground: float, length: float, colour: str) -> None:
    """A car. `x`: its left end; `ground`: the lower edge of its wheels."""
    part = length * 0.22
    body, roof = ground - length * 0.08 - part, ground - length * 0.08 - 2 * part
    shape = [(x + length * share, y) for share, y in ((0.18, body), (0.32, roof), (0.7, roof), (0.85, body))]
    draw.polygon(shape, fill="#2c3e50")
    draw.rounded_rectangle(
        (x, body, x + length, ground - length * 0.08), radius=part / 3, fill=colour, outline="#17202a"
    )
    for share in (0.12, 0.68):
        wheel = x + length * share
        draw.ellipse(
            (wheel, ground - length * 0.19, wheel + length * 0.19, ground),
            fill="#17202a",
            outline="#aeb6bf",
            width=2,
        )


def person(draw: Canvas, x: float, ground: float, height: float, colour: str) -> None:
    """A standing person. `x`: the left edge; `ground`: the lower edge of the feet."""
    width = height * 0.22
    draw.ellipse((x, ground - height, x + width, ground - height + width), fill="#f5cba7")
    draw.rounded_rectangle(
        (x - width * 0.2, ground - height + width, x + width * 1.2, ground - height * 0.4), width / 3, fill=colour
    )
    for side in (0.0, 0.6):
        draw.rectangle((x + width * side, ground - height * 0.4, x + width * (side + 0.4), ground), fill="#212f3d")


def photo(number: int) -> Image.Image:
    """A street with people and cars. The same number gives the same picture."""
    rng = random.Random(number)  # noqa: S311  (a drawing, not a secret)
    image = street(PHOTO_SIZE, rng)
    draw = ImageDraw.Draw(image)
    width, height = PHOTO_SIZE
    for _ in range(rng.randint(2, 4)):
        person(draw, rng.uniform(0.05, 0.9) * width, height * 0.56, height * 0.17, rng.choice(COLOURS))
    for lane in (0.72, 0.95):
        for slot in range(rng.randint(1, 3)):
            car(
                draw,
                (slot * 0.33 + rng.uniform(0, 0.08)) * width,
                height * lane,
                width * 0.23,
                rng.choice(COLOURS),
            )
    return image


def film(path: Path) -> None:
    """Two cars that pass each other and a person who walks: objects for a tracker."""
    background = street(FILM_SIZE, random.Random(7))  # noqa: S311  (a drawing, not a secret)
    width, height = FILM_SIZE
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_A_SECOND, options={"crf": "26", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(FRAMES):
            image, progress = background.copy(), number / FRAMES
            draw = ImageDraw.Draw(image)
            person(draw, (0.1 + 0.3 * progress) * width, height * 0.56, height * 0.17, "#8e44ad")
            car(draw, (1.05 - 1.4 * progress) * width, height * 0.72, width * 0.22, COLOURS[1])
            car(draw, (-0.3 + 1.4 * progress) * width, height * 0.95, width * 0.26, COLOURS[0])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(image))))
        container.mux(stream.encode(None))


def main() -> None:
    """Draws all files."""
    for number in range(1, PHOTOS + 1):
        photo(number).save(FOLDER / f"street-{number}.jpg", quality=82, optimize=True)
    film(FOLDER / "street.mp4")
    total = sum(path.stat().st_size for path in FOLDER.glob("street*"))
    sys.stdout.write(f"{total >> 10} KiB in {FOLDER}\n")


if __name__ == "__main__":
    main()

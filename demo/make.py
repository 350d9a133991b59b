"""Draw the demo files: six pictures of a street and a film of it. Ours, and yours: CC0 1.0 (see README.md).

`make demo` runs this; the result is kept in the repository, so only who changes the drawing needs to.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

HERE = Path(__file__).parent / "files"
PHOTO = (1280, 720)  # pixels
FILM = (640, 360)
FRAMES, FPS = 60, 12
CARS = ("#c0392b", "#2471a3", "#f4d03f", "#ecf0f1", "#1e8449")
Canvas = ImageDraw.ImageDraw


def street(size: tuple[int, int], rng: random.Random) -> Image.Image:
    """Sky, houses, pavement and road; the road is the lower half."""
    width, height = size
    image = Image.new("RGB", size, "#aed6f1")
    draw = ImageDraw.Draw(image)
    left = 0
    while left < width:
        wide, high = rng.randint(width // 12, width // 7), rng.randint(height // 6, height // 3)
        house(draw, (left, height // 2 - high, left + wide, height // 2), rng)
        left += wide
    draw.rectangle((0, height // 2, width, height), fill="#5d6d7e")
    draw.rectangle((0, height // 2, width, height // 2 + height // 16), fill="#b2babb")
    for x in range(0, width, width // 10):
        draw.rectangle((x, height * 25 // 32, x + width // 20, height * 25 // 32 + height // 80), fill="#f8f9f9")
    return image


def house(draw: Canvas, box: tuple[int, int, int, int], rng: random.Random) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, fill=rng.choice(("#d7ccc8", "#bcaaa4", "#cfd8dc", "#ffe0b2")), outline="#6d4c41")
    step = max((right - left) // 4, 6)
    for x in range(left + step // 2, right - step // 2, step):
        for y in range(top + step // 2, bottom - step // 2, step):
            draw.rectangle((x, y, x + step // 2, y + step // 2), fill=rng.choice(("#37474f", "#fff59d")))


def car(draw: Canvas, x: float, ground: float, length: float, colour: str) -> None:
    """A car whose wheels stand on `ground`; `x` is its left end."""
    high = length * 0.22
    body, roof = ground - length * 0.08 - high, ground - length * 0.08 - 2 * high
    shape = [(x + length * share, y) for share, y in ((0.18, body), (0.32, roof), (0.7, roof), (0.85, body))]
    draw.polygon(shape, fill="#2c3e50")
    draw.rounded_rectangle(
        (x, body, x + length, ground - length * 0.08), radius=high / 3, fill=colour, outline="#17202a"
    )
    for share in (0.12, 0.68):
        wheel = x + length * share
        draw.ellipse(
            (wheel, ground - length * 0.19, wheel + length * 0.19, ground),
            fill="#17202a",
            outline="#aeb6bf",
            width=2,
        )


def person(draw: Canvas, x: float, ground: float, high: float, colour: str) -> None:
    wide = high * 0.22
    draw.ellipse((x, ground - high, x + wide, ground - high + wide), fill="#f5cba7")
    draw.rounded_rectangle(
        (x - wide * 0.2, ground - high + wide, x + wide * 1.2, ground - high * 0.4), wide / 3, fill=colour
    )
    for side in (0.0, 0.6):
        draw.rectangle((x + wide * side, ground - high * 0.4, x + wide * (side + 0.4), ground), fill="#212f3d")


def photo(number: int) -> Image.Image:
    rng = random.Random(number)  # noqa: S311 - the same pictures each time are wanted
    image = street(PHOTO, rng)
    draw = ImageDraw.Draw(image)
    width, height = PHOTO
    for _ in range(rng.randint(2, 4)):
        person(draw, rng.uniform(0.05, 0.9) * width, height * 0.56, height * 0.17, rng.choice(CARS))
    for lane in (0.72, 0.95):
        for slot in range(rng.randint(1, 3)):
            car(
                draw,
                (slot * 0.33 + rng.uniform(0, 0.08)) * width,
                height * lane,
                width * 0.23,
                rng.choice(CARS),
            )
    return image


def film(path: Path) -> None:
    """Two cars that pass each other and somebody walking: something for a tracker to hold on to."""
    background = street(FILM, random.Random(7))  # noqa: S311
    width, height = FILM
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "26", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for n in range(FRAMES):
            image, part = background.copy(), n / FRAMES
            draw = ImageDraw.Draw(image)
            person(draw, (0.1 + 0.3 * part) * width, height * 0.56, height * 0.17, "#8e44ad")
            car(draw, (1.05 - 1.4 * part) * width, height * 0.72, width * 0.22, CARS[1])
            car(draw, (-0.3 + 1.4 * part) * width, height * 0.95, width * 0.26, CARS[0])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(image))))
        container.mux(stream.encode(None))


def main() -> None:
    for number in range(1, 7):
        photo(number).save(HERE / f"street-{number}.jpg", quality=82, optimize=True)
    film(HERE / "street.mp4")
    total = sum(path.stat().st_size for path in HERE.glob("street*"))
    sys.stdout.write(f"{total >> 10} KiB in {HERE}\n")


if __name__ == "__main__":
    main()

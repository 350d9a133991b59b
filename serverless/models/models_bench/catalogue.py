"""Seconds of one core for an image, for each model of the catalogue: real weights where they are here, else random."""

import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import yaml
from models.adding import Places, add
from models.catalogue import CatalogueModel, read_catalogue
from models.errors import ModelError
from models.examples import example_body
from models.function import FILE_NAME
from models.service import Service, load_service

from models_bench.architectures import BUILDERS, OPTIONS

REPEATS = 5


def measure(cache: Path, photo: str, size: tuple[int, int]) -> Iterator[str]:
    """A line for each model, as soon as it is measured."""
    for model in read_catalogue().values():
        with tempfile.TemporaryDirectory() as text:
            service, weights = _service(model, cache, Path(text))
            if service is None:
                yield f"{model.name:20} {weights}"
                continue
            seconds, again = _seconds(service, photo, size)
            second = f", then {again:.2f} s a click" if model.kind == "interactor" else ""
            yield f"{model.name:20} {seconds:6.2f} s{second} ({weights} weights)"


def _service(model: CatalogueModel, cache: Path, folder: Path) -> tuple[Service | None, str]:
    """The model, loaded for one core, and whether its weights are real; or None and the reason."""
    if all(item.sha256 and (cache / item.sha256).is_file() for item in model.entry.files):
        places = Places(functions=folder / "functions", archives=folder / "archives", cache=cache)
        return _loaded(add(model, places).path, folder / "real"), "real"
    if model.name not in BUILDERS:
        return None, f"not in {cache}, and its architecture is in no package: `models add {model.name}`, then again"
    document = dict(model.document)
    document["sagemaker"] = {**document["sagemaker"]}
    document["sagemaker"]["options"] = OPTIONS.get(model.name, document["sagemaker"].get("options", {}))
    network = folder / "network"
    network.mkdir()
    try:
        BUILDERS[model.name](network)
    except ImportError as error:
        return None, f"no weights in {cache}, and to build it {error.name} is missing"
    (network / FILE_NAME).write_text(yaml.safe_dump(document), encoding="utf-8")
    try:
        return load_service(network, threads=1), "random"
    except ModelError as error:
        return None, str(error)


def _loaded(archive: Path, folder: Path) -> Service:
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return load_service(folder, threads=1)


def _seconds(service: Service, photo: str, size: tuple[int, int]) -> tuple[float, float]:
    """CPU seconds of a request, and of a second one with the same image: medians."""
    first: list[float] = []
    second: list[float] = []
    for number in range(REPEATS):
        body: dict[str, Any] = example_body(service.function.kind, size)
        body["image"] = photo
        vars(service.handler).get("_features", {}).clear()  # Segment Anything encodes an image once
        if service.function.kind == "tracker":
            body["states"] = orjson.loads(service.answer(orjson.dumps(body)))["states"]
        raw = orjson.dumps(body)
        for times in (first, second):
            started = time.process_time()
            service.answer(raw)
            times.append(time.process_time() - started)
        if number and sum(first) > 20:  # noqa: PLR2004  seconds: a heavy network needs no more runs
            break
    return median(first), median(second)

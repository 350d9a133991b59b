"""A function that is made on the spot: its networks and options, loaded as a container loads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
import orjson
import yaml
from models.function import FILE_NAME
from models.samples import save
from models.service import Service, load_service


def document(kind: str, handler: str, options: Mapping[str, Any], labels: Any = ()) -> dict[str, Any]:
    """A registry file's content."""
    annotations = {"type": kind, "name": "made", "spec": orjson.dumps(list(labels)).decode()}
    return {
        "metadata": {"name": "made", "annotations": annotations},
        "sagemaker": {"handler": handler, "options": dict(options)},
    }


def served(
    folder: Path, networks: Mapping[str, onnx.ModelProto], content: Mapping[str, Any], runtime: str | None = None
) -> Service:
    """The function, tried on the example request as at the start of a container."""
    folder.mkdir(parents=True, exist_ok=True)
    save(networks, folder)
    (folder / FILE_NAME).write_text(yaml.safe_dump(dict(content)))
    service = load_service(folder, threads=2, runtime=runtime)
    service.try_example()
    return service


def ask(service: Service, **body: Any) -> Any:
    """The answer to a request."""
    return orjson.loads(service.answer(orjson.dumps(body)))


class Recorder:
    """Stands before a network, and remembers what it was fed."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.calls: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def __call__(self, feeds: Mapping[str, Any]) -> Any:
        """One call of the network."""
        self.calls.append({name: value.copy() for name, value in feeds.items()})
        return self._network(feeds)

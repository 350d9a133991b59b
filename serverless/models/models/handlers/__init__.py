"""Handlers by the name that the registry's sagemaker.handler gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from models.errors import ModelError
from models.function import Function
from models.handlers.declared import declared_detector
from models.handlers.detector import TensorflowOptions, TorchvisionOptions, detector
from models.handlers.reid import EmbeddingReid
from models.handlers.segment_anything import SegmentAnything
from models.handlers.segmentation import ClickSegmentation
from models.handlers.siammask import SiamMaskTracker
from models.handlers.template_tracker import TemplateTracker
from models.handlers.text import TextReader
from models.handlers.whole_image import Classifier, SemanticSegmentation
from models.runtime import Runtime


class Handler(Protocol):
    """Serves one function: CVAT's request in, CVAT's answer out. For one thread at a time."""

    def __call__(self, body: Any) -> Any:
        """The answer, ready for JSON; a RequestError where the request is wrong."""


@runtime_checkable
class ChecksItself(Protocol):
    """A handler that can tell from one image whether the network is what it reads."""

    def check_example(self, body: Any) -> None:
        """Raises ModelError where it is not."""


Factory = Callable[[Function, Path, Runtime], Handler]

HANDLERS: dict[str, tuple[str, Factory]] = {
    "tensorflow-detector": ("detector", detector(TensorflowOptions)),
    "torchvision-detector": ("detector", detector(TorchvisionOptions)),
    "detr-detector": ("detector", declared_detector("queries")),
    "yolo-detector": ("detector", declared_detector("grid")),
    "row-detector": ("detector", declared_detector("rows")),
    "semantic-segmentation": ("detector", SemanticSegmentation),
    "text-reader": ("detector", TextReader),
    "classifier": ("detector", Classifier),
    "embedding-reid": ("reid", EmbeddingReid),
    "click-segmentation": ("interactor", ClickSegmentation),
    "segment-anything": ("interactor", SegmentAnything),
    "template-tracker": ("tracker", TemplateTracker),
    "siammask-tracker": ("tracker", SiamMaskTracker),
}
"""Handler name -> the kind of function that it serves, and what makes it."""


def make_handler(function: Function, folder: Path, runtime: Runtime) -> Handler:
    """Loads the networks of an unpacked archive; a ModelError says what does not fit."""
    if function.handler not in HANDLERS:
        raise ModelError(
            f"function {function.name}: sagemaker.handler is {function.handler!r}; there are {', '.join(HANDLERS)}"
        )
    kind, factory = HANDLERS[function.handler]
    if kind != function.kind:
        raise ModelError(
            f"function {function.name} is a {function.kind}, but {function.handler} serves a {kind}: "
            "change metadata.annotations.type or sagemaker.handler"
        )
    return factory(function, folder, runtime)

"""Networks behind one call, whichever program computes them: OpenVINO on CPUs, ONNX Runtime on CPUs and GPUs."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from models.errors import ModelError
from models.image_input import ImageInput

Array = npt.NDArray[Any]
Names = Mapping[str, str | None]
"""Our name for an input or output -> the network's; None: the one called like ours, or the only one."""
Compute = Callable[[Mapping[int, Array]], Sequence[Array]]
"""Inputs by their index to outputs in their order. The outputs may live in buffers that the next call overwrites."""

SUFFIXES = (".xml", ".onnx", ".pb")
"""OpenVINO IR, ONNX and a frozen TensorFlow graph."""

RUNTIMES = {
    "openvino": ("openvino", "models.runtime_openvino"),
    "onnxruntime": ("onnxruntime", "models.runtime_onnxruntime"),
}
"""Name -> the package that it needs, and our module with make(threads). The first that is installed is the default."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """An input or output of a network."""

    names: frozenset[str]
    shape: tuple[int | None, ...]
    """None where any length is taken; the empty tuple where the number of dimensions is not known."""
    dtype: npt.DTypeLike


class Network:
    """A network whose inputs and outputs carry our names. Not for two threads at once: its buffers are reused."""

    def __init__(
        self,
        compute: Compute,
        ports: tuple[Sequence[Port], Sequence[Port]],
        names: tuple[Names, Names],
        label: str,
        *,
        image: ImageInput | None = None,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        """ports and names are those of the inputs, then of the outputs. label is how errors call the network.

        Raises ModelError where an input is not fed, or two of our outputs are one.
        """
        inputs, outputs = ports
        constants = constants or {}
        self.image = image
        """How its input "image" takes pixels, with the size that the network itself dictates."""
        self._compute = compute
        self._inputs = {ours: find_port(inputs, ours, name, label) for ours, name in names[0].items()}
        fixed = {find_port(inputs, name, name, label): value for name, value in constants.items()}
        self._ports = inputs, outputs
        self._outputs = {ours: find_port(outputs, ours, name, label) for ours, name in names[1].items()}
        fed = {*self._inputs.values(), *fixed}
        left = [port for index, port in enumerate(inputs) if index not in fed]
        if left:
            raise ModelError(f"{label} has an input that its handler does not feed: {_names(left)}")
        if len(set(self._outputs.values())) < len(self._outputs):
            raise ModelError(f"{label}: {', '.join(names[1])} must be different outputs; it has {_names(outputs)}")
        self._constants = {index: np.asarray(value, inputs[index].dtype) for index, value in fixed.items()}
        read = set(self._outputs.values())
        self.unread = [set(port.names) for index, port in enumerate(outputs) if index not in read]
        """The names of each output that is not asked for."""

    def shape(self, name: str) -> tuple[int | None, ...]:
        """Dimensions of an input; None where any length is taken."""
        return self._ports[0][self._inputs[name]].shape

    def output_shape(self, name: str) -> tuple[int | None, ...]:
        """Dimensions of an output; None where they depend on the input, the empty tuple where their number does."""
        return self._ports[1][self._outputs[name]].shape

    def __call__(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """One inference. The answers live in the network's own buffers until the next call."""
        values = dict(self._constants)
        for name, value in feeds.items():
            index = self._inputs[name]
            values[index] = np.asarray(value, self._ports[0][index].dtype)
        results = self._compute(values)
        return {name: results[index] for name, index in self._outputs.items()}


class Runtime(Protocol):
    """What computes networks, held to a number of threads so that containers share an instance."""

    def load(
        self,
        path: Path,
        inputs: Names,
        outputs: Names,
        *,
        image: ImageInput | None = None,
        constants: Mapping[str, Any] | None = None,
        free_batch: bool = False,
    ) -> Network:
        """The network of a file, ready to run; a ModelError says what does not fit.

        With `image`, the input "image" (its name is image.name) takes uint8 pixels, N x H x W x 3 or H x W x 3 for
        layouts without N, red green blue: colour order, scaling and layout are done behind it. Constants are
        fed to the inputs of these names at each call. free_batch: any batch is taken, if the network allows it.
        """


def make_runtime(threads: int, name: str | None = None) -> Runtime:
    """The runtime of that name, or the one that is installed. Raises ModelError."""
    if name is not None and name not in RUNTIMES:
        raise ModelError(f"RUNTIME is {name!r}: it must be {' or '.join(RUNTIMES)}")
    for known, (package, module) in RUNTIMES.items():
        if name not in (None, known):
            continue
        try:
            importlib.import_module(package)
        except ImportError:
            continue
        made: Runtime = importlib.import_module(module).make(threads)
        return made
    missing = name or " nor ".join(RUNTIMES)
    raise ModelError(f"{missing} is not installed: serverless/models/Dockerfile takes it by the build argument RUNTIME")


def sized(image: ImageInput, shape: Sequence[int | None], label: str) -> ImageInput:
    """The image input with the size that the network dictates. Raises ModelError where another one is declared."""
    height, width = shape
    if width is None or height is None:
        return image
    if image.size not in (None, (width, height)):
        raise ModelError(f"{label} takes images of {width}x{height}, but input.size is {image.size}: remove it")
    return image.model_copy(update={"size": (width, height)})


def check_layout(image: ImageInput, shape: Sequence[object], label: str) -> None:
    """Raises ModelError where the network's input has another number of dimensions than the layout."""
    if len(shape) != len(image.layout):
        raise ModelError(
            f"{label}: sagemaker.options.input.layout {image.layout} has {len(image.layout)} dimensions, "
            f"the network's input has {shape}"
        )


def find_model(folder: Path, name: str | None, option: str = "model") -> Path:
    """The network's file in an archive: the named one, or the only one."""
    if name is not None:
        if Path(name).name != name or not (folder / name).exists():
            raise ModelError(
                f"sagemaker.options.{option} is {name!r}, but the archive has no such file; it holds {_listing(folder)}"
            )
        return folder / name
    networks = [
        path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES or (path / "saved_model.pb").exists()
    ]
    if len(networks) != 1:
        raise ModelError(
            f"the archive must hold one network ({', '.join(SUFFIXES)} or a SavedModel folder) or name it "
            f"in sagemaker.options.{option}; it holds {_listing(folder)}"
        )
    return networks[0]


def find_part(folder: Path, stem: str) -> Path:
    """The network with this stem in an archive of several."""
    files = [path.name for path in sorted(folder.glob(f"{stem}.*")) if path.suffix in SUFFIXES]
    if len(files) > 1:
        raise ModelError(f"the archive holds {' and '.join(files)}: leave one")
    return find_model(folder, files[0] if files else f"{stem}.xml", f"{stem} network")


def find_port(ports: Sequence[Port], ours: str, name: str | None, label: str) -> int:
    """The index of the input or output of that name among a network's ports."""
    known_as = ours if name is None else name
    matches = [index for index, port in enumerate(ports) if known_as in port.names]
    if name is None and not matches and len(ports) == 1:
        matches = [0]
    if len(matches) != 1:
        raise ModelError(
            f"{label} has no input or output {known_as!r}; it has {_names(ports)}. "
            f"Name the right one for {ours!r} in sagemaker.options"
        )
    return matches[0]


def port_names(names: set[str]) -> frozenset[str]:
    """All names of a port. TensorFlow's `name:0` is also found as `name`."""
    return frozenset(names | {name.removesuffix(":0") for name in names})


def _names(ports: Sequence[Port]) -> str:
    return ", ".join("/".join(sorted(port.names)) for port in ports)


def _listing(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"


def last_line(error: Exception) -> str:
    """The runtimes' messages end in the reason, after lines of source positions."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else repr(error)

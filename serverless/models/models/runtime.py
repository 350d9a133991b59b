"""OpenVINO behind two calls: read a file, run a network whose inputs and outputs carry our names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import openvino as ov

from models.errors import ModelError

Array = npt.NDArray[Any]
Names = Mapping[str, str | None]
"""Our name for an input or output -> the network's; None: the one called like ours, or the only one."""

SUFFIXES = (".xml", ".onnx", ".pb")
"""OpenVINO IR, ONNX and a frozen TensorFlow graph."""


class Network:
    """A compiled network. Not for two threads at once: its buffers are reused from call to call."""

    def __init__(self, compiled: ov.CompiledModel, inputs: Names, outputs: Names, label: str) -> None:
        self._request = compiled.create_infer_request()
        self._inputs = {ours: find_port(compiled.inputs, ours, name, label) for ours, name in inputs.items()}
        self._outputs = {ours: find_port(compiled.outputs, ours, name, label) for ours, name in outputs.items()}
        fed = [compiled.inputs.index(port) for port in self._inputs.values()]
        left = [port for index, port in enumerate(compiled.inputs) if index not in fed]
        if left:
            raise ModelError(f"{label} has an input that its handler does not feed: {_names(left)}")
        read = [compiled.outputs.index(port) for port in self._outputs.values()]
        if len(set(read)) < len(read):
            raise ModelError(
                f"{label}: {', '.join(outputs)} must be different outputs; it has {_names(compiled.outputs)}"
            )
        self.unread = [port_names(port) for index, port in enumerate(compiled.outputs) if index not in read]
        """The names of each output that is not asked for."""

    def shape(self, name: str) -> tuple[int | None, ...]:
        """Dimensions of an input; None where any length is taken."""
        return _dimensions(self._inputs[name])

    def output_shape(self, name: str) -> tuple[int | None, ...]:
        """Dimensions of an output; None where they depend on the input, the empty tuple where their number does."""
        return _dimensions(self._outputs[name])

    def __call__(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """One inference. The answers live in the network's own buffers until the next call."""
        values = {self._inputs[name]: value for name, value in feeds.items()}
        results = self._request.infer(values, share_inputs=True, share_outputs=True)
        return {name: results[port] for name, port in self._outputs.items()}


class Runtime:
    """OpenVINO on the CPU, held to a number of threads so that containers share an instance."""

    def __init__(self, threads: int) -> None:
        self._core = ov.Core()
        self._config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": str(threads),
            "NUM_STREAMS": "1",
            # Newer CPUs would round to bfloat16 on their own: one archive would answer differently on each.
            "INFERENCE_PRECISION_HINT": "f32",
        }

    def read(self, path: Path) -> ov.Model:
        """A network's file (IR, ONNX, TensorFlow graph, SavedModel folder), or a ModelError."""
        try:
            return self._core.read_model(path)
        except RuntimeError as error:
            raise ModelError(f"{path.name} cannot be read as a network: {_last_line(error)}") from None

    def compile(self, model: ov.Model, inputs: Names, outputs: Names, label: str) -> Network:
        """The network ready to run; label is how errors call it."""
        try:
            return Network(self._core.compile_model(model, "CPU", self._config), inputs, outputs, label)
        except RuntimeError as error:
            raise ModelError(f"{label} cannot be prepared for the CPU: {_last_line(error)}") from None


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


def find_port(ports: list[Any], ours: str, name: str | None, label: str) -> Any:
    """The input or output of that name among a network's ports."""
    known_as = ours if name is None else name
    matches = [port for port in ports if known_as in port_names(port)]
    if name is None and not matches and len(ports) == 1:
        matches = ports
    if len(matches) != 1:
        raise ModelError(
            f"{label} has no input or output {known_as!r}; it has {_names(ports)}. "
            f"Name the right one for {ours!r} in sagemaker.options"
        )
    return matches[0]


def port_names(port: Any) -> set[str]:
    """All names of a port. TensorFlow's `name:0` is also found as `name`."""
    names = set(port.get_names()) or {port.get_node().get_friendly_name()}
    return names | {name.removesuffix(":0") for name in names}


def _names(ports: list[Any]) -> str:
    return ", ".join("/".join(sorted(port_names(port))) for port in ports)


def _dimensions(port: Any) -> tuple[int | None, ...]:
    partial = port.get_partial_shape()
    if partial.rank.is_dynamic:
        return ()
    return tuple(None if item.is_dynamic else item.get_length() for item in partial)


def _listing(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"


def _last_line(error: Exception) -> str:
    """OpenVINO's messages end in the reason, after lines of source positions."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else repr(error)

"""OpenVINO on the CPU: reads IR, ONNX, frozen TensorFlow graphs and SavedModel folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino.preprocess import PrePostProcessor

from models.errors import ModelError
from models.image_input import ImageInput
from models.runtime import Array, Names, Network, Port, check_layout, find_port, last_line, port_names, sized


def make(threads: int) -> "OpenVinoRuntime":
    """The runtime."""
    return OpenVinoRuntime(threads)


class OpenVinoRuntime:
    """See models.runtime.Runtime."""

    def __init__(self, threads: int) -> None:
        self._core = ov.Core()
        self._config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": str(threads),
            "NUM_STREAMS": "1",
            # Newer CPUs would round to bfloat16 on their own: one archive would answer differently on each.
            "INFERENCE_PRECISION_HINT": "f32",
        }

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
        """See models.runtime.Runtime.load. Colour order, scaling and layout are compiled into the network."""
        try:
            model = self._core.read_model(path)
        except RuntimeError as error:
            raise ModelError(f"{path.name} cannot be read as a network: {last_line(error)}") from None
        if free_batch:
            _free_the_batch(model, path)
        if image:
            try:
                model = _preprocess(model, image, path)
            except RuntimeError as error:
                raise ModelError(f"{path.name} does not fit sagemaker.options.input: {error}") from None
            inputs = {"image": image.name, **inputs}
        try:
            compiled = self._core.compile_model(model, "CPU", self._config)
        except RuntimeError as error:
            raise ModelError(f"{path.name} cannot be prepared for the CPU: {last_line(error)}") from None
        request = compiled.create_infer_request()

        def compute(feeds: Mapping[int, Array]) -> list[Array]:
            results = request.infer(dict(feeds), share_inputs=True, share_outputs=True)
            return [results[index] for index in range(len(compiled.outputs))]

        ports = [_port(port) for port in compiled.inputs], [_port(port) for port in compiled.outputs]
        if image:
            shape = ports[0][find_port(ports[0], "image", image.name, path.name)].shape
            image = sized(image, shape[-3:-1], path.name)
        return Network(compute, ports, (inputs, outputs), path.name, image=image, constants=constants)


def _preprocess(model: ov.Model, image: ImageInput, path: Path) -> ov.Model:
    index = find_port([_port(port) for port in model.inputs], "image", image.name, path.name)
    check_layout(image, model.inputs[index].get_partial_shape(), path.name)
    builder = PrePostProcessor(model)
    entry = builder.input(index)
    entry.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC" if "N" in image.layout else "HWC"))
    entry.model().set_layout(ov.Layout(image.layout))
    steps = entry.preprocess()
    if image.colors == "BGR":
        steps.reverse_channels()
    if image.mean or image.divide:
        steps.convert_element_type(ov.Type.f32)
    if image.mean:
        steps.mean(list(image.mean) if len(image.mean) > 1 else image.mean[0])
    if image.divide:
        steps.scale(list(image.divide) if len(image.divide) > 1 else image.divide[0])
    return builder.build()


def _free_the_batch(model: ov.Model, path: Path) -> None:
    """Makes the batch of any length, unless the network's inside is fixed to one image."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(f"{path.name}: an embedding network has one input and one output")
    shape, before = model.input().get_partial_shape(), model.input().get_partial_shape()
    shape[0] = -1
    try:
        model.reshape(shape)
        if model.output().get_partial_shape()[0].is_dynamic:
            return
    except RuntimeError:
        pass
    model.reshape(before)


def _port(port: Any) -> Port:
    partial = port.get_partial_shape()
    lengths = () if partial.rank.is_dynamic else tuple(partial)
    shape = tuple(None if length.is_dynamic else length.get_length() for length in lengths)
    names = set(port.get_names()) or {port.get_node().get_friendly_name()}
    kind = port.get_element_type()
    dtype = np.float32 if kind.is_dynamic() else kind.to_dtype()
    return Port(names=port_names(names), shape=shape, dtype=dtype)

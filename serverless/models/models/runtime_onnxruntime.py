"""ONNX Runtime on CPUs, and on a GPU where its CUDA build finds one: reads ONNX alone."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from models.errors import ModelError
from models.image_input import ImageInput
from models.runtime import Array, Names, Network, Port, check_layout, find_port, last_line, port_names, sized

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
GPU = Path("/dev/nvidiactl")
"""There where a host has an NVIDIA GPU, and the container may use it."""
QUIET = 3
"""Errors alone: the log says once and for each network what was optimised."""

DTYPES = {"float": "float32", "double": "float64"}
"""ONNX Runtime's names of types that numpy calls otherwise."""


def make(threads: int) -> "OnnxRuntime":
    """The runtime."""
    return OnnxRuntime(threads)


class OnnxRuntime:
    """See models.runtime.Runtime."""

    def __init__(self, threads: int) -> None:
        self._options = onnxruntime.SessionOptions()
        self._options.intra_op_num_threads, self._options.inter_op_num_threads = threads, 1
        self._options.log_severity_level = QUIET
        self._providers = _providers()

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
        """See models.runtime.Runtime.load. A batch that was fixed at export stays fixed."""
        if path.suffix != ".onnx":
            raise ModelError(f"{path.name}: RUNTIME onnxruntime reads .onnx alone; OpenVINO reads the other formats")
        try:
            session = onnxruntime.InferenceSession(path, self._options, providers=self._providers)
        except Exception as error:  # the library's exceptions have no common base
            raise ModelError(f"{path.name} cannot be read as a network: {last_line(error)}") from None
        if len(self._providers) > 1 and CUDA not in session.get_providers():
            raise ModelError(
                "this instance has a GPU, but ONNX Runtime cannot use it: the driver is older than CUDA 12 asks for "
                "(525), or a library of CUDA does not load; the lines above say which. An image built with "
                "RUNTIME=onnxruntime computes on the CPU"
            )
        ports = [_port(port) for port in session.get_inputs()], [_port(port) for port in session.get_outputs()]
        if free_batch and (len(ports[0]) != 1 or len(ports[1]) != 1):
            raise ModelError(f"{path.name}: an embedding network has one input and one output")
        names = [port.name for port in session.get_inputs()]
        if not image:

            def compute(feeds: Mapping[int, Array]) -> list[Array]:
                return _run(session, {names[index]: value for index, value in feeds.items()})

            return Network(compute, ports, (inputs, outputs), path.name, constants=constants)

        index = find_port(ports[0], "image", image.name, path.name)
        check_layout(image, ports[0][index].shape, path.name)
        image, dtype = sized(image, _height_and_width(image, ports[0][index].shape), path.name), ports[0][index].dtype
        declared = image

        def compute_image(feeds: Mapping[int, Array]) -> list[Array]:
            values = {names[at]: value for at, value in feeds.items()}
            values[names[index]] = tensor(feeds[index], declared, dtype)
            return _run(session, values)

        ports[0][index] = _pixels(ports[0][index], image)
        named = ({"image": image.name, **inputs}, outputs)
        return Network(compute_image, ports, named, path.name, image=image, constants=constants)


def _providers() -> list[Any]:
    """What computes, the first choice first: the GPU, where both the image and the host have what it takes."""
    if CUDA not in onnxruntime.get_available_providers():
        return [CPU]
    if not GPU.exists():
        logging.warning(
            "no GPU is found (%s): networks are computed on the CPU, many times slower. Choose an instance type with "
            "a GPU, such as ml.g4dn.xlarge, or build the image with RUNTIME=onnxruntime",
            GPU,
        )
        return [CPU]
    onnxruntime.preload_dlls()  # CUDA and cuDNN come as Python packages
    # TF32 keeps 10 bits of each number: an archive would answer otherwise than on a CPU.
    return [(CUDA, {"use_tf32": "0"}), CPU]


def tensor(pixels: Array, image: ImageInput, dtype: Any) -> Array:
    """N x H x W x 3 or H x W x 3 of uint8, red green blue, as the network takes them."""
    value = pixels[..., ::-1] if image.colors == "BGR" else pixels
    if image.mean or image.divide:
        value = value.astype(np.float32)
    if image.mean:
        value -= np.array(image.mean, np.float32)
    if image.divide:
        value /= np.array(image.divide, np.float32)
    return np.ascontiguousarray(np.moveaxis(value, -1, -3) if image.layout.endswith("CHW") else value, dtype)


def _run(session: onnxruntime.InferenceSession, feeds: dict[str, Array]) -> list[Array]:
    try:
        return list(session.run(None, feeds))
    except Exception as error:  # the library's exceptions have no common base
        raise RuntimeError(last_line(error)) from error


def _height_and_width(image: ImageInput, shape: tuple[int | None, ...]) -> tuple[int | None, int | None]:
    return shape[image.layout.index("H")], shape[image.layout.index("W")]


def _pixels(port: Port, image: ImageInput) -> Port:
    """The input as callers feed it: channels last, uint8."""
    lengths = dict(zip(image.layout, port.shape, strict=True))
    order = "NHWC" if "N" in image.layout else "HWC"
    return Port(names=port.names, shape=tuple(lengths[letter] for letter in order), dtype=np.uint8)


def _port(port: Any) -> Port:
    kind = port.type.removeprefix("tensor(").removesuffix(")")
    shape = tuple(length if isinstance(length, int) and length > 0 else None for length in port.shape)
    dtype = np.dtype(DTYPES.get(kind, kind if kind != "string" else "object"))
    return Port(names=port_names({port.name}), shape=shape, dtype=dtype)

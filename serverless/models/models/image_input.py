"""How a network wants its image: declared in the registry, built into the network itself."""

from pathlib import Path
from typing import Annotated, Literal

import cv2
import numpy as np
import openvino as ov
from openvino.preprocess import PrePostProcessor
from pydantic import Field

from models.errors import ModelError
from models.images import Pixels
from models.runtime import Names, Network, Runtime, find_port
from models.validation import Options

Size = tuple[Annotated[int, Field(ge=1, le=8192)], Annotated[int, Field(ge=1, le=8192)]]
"""Width and height in pixels."""


class ImageInput(Options):
    """Declares one image input of a network."""

    name: str | None = None
    """The network's name for it; not needed where it has only one."""
    layout: Literal["NCHW", "NHWC", "CHW", "HWC"] = "NCHW"
    """Order of the dimensions: batch N, channels C, height H, width W."""
    colors: Literal["RGB", "BGR"] = "RGB"
    mean: tuple[float, ...] = ()
    """Subtracted from pixel values 0 to 255, one for all channels or one each, in the order of `colors`."""
    divide: tuple[Annotated[float, Field(gt=0)], ...] = ()
    """Divides what is left, likewise: 255 for networks that take 0 to 1."""
    size: Size | None = None
    """Width and height that images are stretched to; default: the network's own where it has a fixed one."""
    max_size: Size | None = None
    """Images larger than this are scaled down into it, keeping their proportions, and boxes scaled back."""

    def tensor_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height at which an image of this size is shown to the network."""
        if self.size:
            return self.size
        if not self.max_size:
            return width, height
        factor = min(1.0, self.max_size[0] / width, self.max_size[1] / height)
        return max(1, round(width * factor)), max(1, round(height * factor))


def compile_with_image(
    runtime: Runtime, model: ov.Model, path: Path, image: ImageInput, inputs: Names, outputs: Names
) -> tuple[Network, ImageInput]:
    """Builds colour order, scaling and layout into the network, which then takes plain pixels.

    Its input "image" is then uint8, N x H x W x 3 (H x W x 3 for layouts without N), red green blue. The
    returned ImageInput has the size that the network itself dictates.
    """
    try:
        processed = _preprocess(model, image, path)
    except RuntimeError as error:
        raise ModelError(f"{path.name} does not fit sagemaker.options.input: {error}") from None
    network = runtime.compile(processed, {"image": image.name, **inputs}, outputs, path.name)
    height, width = network.shape("image")[-3:-1]
    if width is None or height is None:
        return network, image
    if image.size not in (None, (width, height)):
        raise ModelError(f"{path.name} takes images of {width}x{height}, but input.size is {image.size}: remove it")
    return network, image.model_copy(update={"size": (width, height)})


def _preprocess(model: ov.Model, image: ImageInput, path: Path) -> ov.Model:
    port = find_port(model.inputs, "image", image.name, path.name)
    if len(port.get_partial_shape()) != len(image.layout):
        raise ModelError(
            f"{path.name}: sagemaker.options.input.layout {image.layout} has {len(image.layout)} dimensions, "
            f"the network's input has {port.get_partial_shape()}"
        )
    builder = PrePostProcessor(model)
    entry = builder.input(model.inputs.index(port))
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


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pixels stretched to width x height; averaged where they shrink to half or less, so that thin things survive.

    Above half, each pixel counts in linear interpolation, too, which takes a fifth of the time.
    """
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return np.ascontiguousarray(pixels)
    halved = size[0] <= width and size[1] <= height and (2 * size[0] <= width or 2 * size[1] <= height)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if halved else cv2.INTER_LINEAR), np.uint8)

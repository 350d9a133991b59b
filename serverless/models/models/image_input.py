"""How a network wants its image: declared in the registry, and where each pixel of the image then lies."""

from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.images import Pixels
from models.validation import Options

Size = tuple[Annotated[int, Field(ge=1, le=8192)], Annotated[int, Field(ge=1, le=8192)]]
"""Width and height in pixels."""
Shade = Annotated[int, Field(ge=0, le=255)]


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
    """Width and height that images are brought to; default: the network's own where it has a fixed one."""
    max_size: Size | None = None
    """Images larger than this are scaled down into it, keeping their proportions, and boxes scaled back."""
    fit: Literal["stretch", "letterbox", "pad"] = "stretch"
    """How an image of other proportions is brought to `size`: letterbox and pad keep them, and fill what is left on
    both sides or at the right and below."""
    fill: Shade | tuple[Shade, Shade, Shade] = 114
    """Value of what letterbox and pad fill, one for all channels or red, green and blue."""

    def tensor_size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height at which an image of this size is shown to the network."""
        if self.size:
            return self.size
        if not self.max_size:
            return width, height
        factor = min(1.0, self.max_size[0] / width, self.max_size[1] / height)
        return max(1, round(width * factor)), max(1, round(height * factor))


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where an image lies in what the network was shown."""

    image: tuple[int, int]
    """Width and height of the image, in its own pixels."""
    shown: tuple[int, int]
    """Width and height of what the network was shown."""
    content: tuple[int, int]
    """Width and height of the image in it; less than `shown` where something was filled."""
    scale: tuple[float, float]
    """Shown pixels for a pixel of the image, horizontally and vertically."""
    offset: tuple[int, int]
    """Left and top of the image in what is shown."""

    def to_image(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points (any number of x y pairs in the last dimension) in shown pixels become pixels of the image."""
        repeats = points.shape[-1] // 2
        return np.asarray((points - np.tile(self.offset, repeats)) / np.tile(self.scale, repeats))


def show(pixels: Pixels, image: ImageInput) -> tuple[Pixels, Placement]:
    """The image as the network is shown it, height x width x 3, and where it lies there."""
    height, width = pixels.shape[:2]
    size = image.tensor_size(width, height)
    if image.fit == "stretch" or (width, height) == size:
        scale = (size[0] / width, size[1] / height)
        place = Placement(image=(width, height), shown=size, content=size, scale=scale, offset=(0, 0))
        return resize(pixels, size), place
    factor = min(size[0] / width, size[1] / height)
    content = max(1, round(width * factor)), max(1, round(height * factor))
    left, top = ((size[0] - content[0]) // 2, (size[1] - content[1]) // 2) if image.fit == "letterbox" else (0, 0)
    canvas = np.full((size[1], size[0], 3), np.array(image.fill), np.uint8)
    canvas[top : top + content[1], left : left + content[0]] = resize(pixels, content)
    scale = (factor, factor)
    place = Placement(image=(width, height), shown=size, content=content, scale=scale, offset=(left, top))
    return canvas, place


def batched(shown: Pixels, image: ImageInput) -> Pixels:
    """With the batch's dimension, if the network has one."""
    return shown[np.newaxis] if "N" in image.layout else shown


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pixels stretched to width x height; averaged where they shrink to half or less, so that thin things survive.

    Above half, each pixel counts in linear interpolation, too, which takes a fifth of the time.
    """
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return np.ascontiguousarray(pixels)
    halved = size[0] <= width and size[1] <= height and (2 * size[0] <= width or 2 * size[1] <= height)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if halved else cv2.INTER_LINEAR), np.uint8)

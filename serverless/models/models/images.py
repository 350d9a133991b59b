"""Turns the base64 text of a request into pixels, once."""

import base64
import binascii
import io
import struct

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from models.errors import RequestError, TooLargeError

Pixels = npt.NDArray[np.uint8]
"""An image: height x width x 3, red green blue, 0 to 255."""

MAX_PIXELS = 40_000_000
"""120 MB once decoded. A small PNG can claim any size: the header is asked before pixels are decoded."""

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
"""What CVAT stores and sends; Pillow's rarer decoders are not offered to strangers."""

Image.MAX_IMAGE_PIXELS = None  # Pillow only warns at its own limit; ours is enforced below


def decode_image(text: str, field: str = "image") -> Pixels:
    """The pixels of a base64 image in any mode. Like CVAT's functions, EXIF rotation is not applied."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(f"{field} is not base64 text") from None
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(image, field)
            return _to_rgb(image)
    except UnidentifiedImageError:
        raise RequestError(f"{field} ({len(data)} bytes) is no image of a known format: {', '.join(FORMATS)}") from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise RequestError(f"{field} cannot be decoded: {error}") from None


def _check_size(image: Image.Image, field: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLargeError(
            f"{field} is {width}x{height} = {width * height / 1e6:.0f} megapixels; "
            f"at most {MAX_PIXELS / 1e6:.0f} are taken, send a smaller one"
        )
    if width * height == 0:
        raise RequestError(f"{field} has no pixels: it is {width}x{height}")


def _to_rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I;16") or image.mode == "I":
        # Pillow clips 16-bit greys at 255 instead of scaling them.
        grey = (np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))

"""Turns the base64 text of a request into pixels, once."""

import numpy as np
import numpy.typing as npt
from cvat_images import ImageError, ImageTooLargeError, decode_base64, load, open_image, to_rgb

from models.errors import RequestError, TooLargeError

Pixels = npt.NDArray[np.uint8]
"""An image: height x width x 3, red green blue, 0 to 255."""

MAX_PIXELS = 40_000_000
"""120 MB once decoded. A small PNG can claim any size: the header is asked before pixels are decoded."""


def decode_image(text: str, field: str = "image") -> Pixels:
    """The pixels of a base64 image in any format and mode that CVAT shows. Raises RequestError."""
    try:
        with open_image(decode_base64(text), MAX_PIXELS) as image:
            load(image)
            return np.asarray(to_rgb(image))
    except ImageTooLargeError as error:
        raise TooLargeError(f"{field}: {error}; send a smaller one") from None
    except ImageError as error:
        raise RequestError(f"{field}: {error}") from None

"""Images of CVAT's tasks: which formats are read, and how pixels become RGB.

The gateway and the model containers share this package, so that neither refuses what the other takes. Like CVAT it
shows a file whose end is missing and skips text chunks that are broken or too long.
"""

import base64
import binascii
import io
import math
import warnings

from PIL import (  # each plugin by itself: to find one, Pillow would load all of its forty
    AvifImagePlugin,
    BmpImagePlugin,
    CurImagePlugin,
    DdsImagePlugin,
    GifImagePlugin,
    IcnsImagePlugin,
    IcoImagePlugin,
    Image,
    ImageFile,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PcdImagePlugin,
    PcxImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    PsdImagePlugin,
    SgiImagePlugin,
    SunImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
    XbmImagePlugin,
    XpmImagePlugin,
)

_PLUGINS = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    AvifImagePlugin.AvifImageFile,
    Jpeg2KImagePlugin.Jpeg2KImageFile,
    TiffImagePlugin.TiffImageFile,
    BmpImagePlugin.BmpImageFile,
    GifImagePlugin.GifImageFile,
    PpmImagePlugin.PpmImageFile,
    PsdImagePlugin.PsdImageFile,
    DdsImagePlugin.DdsImageFile,
    SgiImagePlugin.SgiImageFile,
    SunImagePlugin.SunImageFile,
    IcnsImagePlugin.IcnsImageFile,
    IcoImagePlugin.IcoImageFile,
    CurImagePlugin.CurImageFile,
    XbmImagePlugin.XbmImageFile,
    XpmImagePlugin.XpmImageFile,
    PcdImagePlugin.PcdImageFile,
    PcxImagePlugin.PcxImageFile,
    TgaImagePlugin.TgaImageFile,
)
FORMATS = tuple(plugin.format for plugin in _PLUGINS)
"""Pillow's names of the raster formats that CVAT's media.mimetypes lists, in the order in which they are tried: TGA has
no signature and comes last. Left out are EPS and WMF, which call other programs, and FITS, whose compressed form Pillow
unpacks without a limit."""

MAX_PIXELS = 64_000_000
"""Of any image. A decoded pixel takes up to 4 bytes."""

ImageFile.LOAD_TRUNCATED_IMAGES = True  # as CVAT does; it also makes Pillow skip text chunks that are too long
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow raises above twice this, also for an image inside of an ICO or ICNS
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # and warns above this


class ImageError(ValueError):
    """A file is no image that can be shown; the text says why."""


class ImageTooLargeError(ImageError):
    """An image has more pixels than are taken; the text names its size."""


def decode_base64(text: str | bytes) -> bytes:
    """The bytes of an image file in a request. Raises ImageError."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ImageError("not base64 text") from None


def open_image(data: bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """An image of which the header has been read, but no pixel. Raises ImageError."""
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError:
        raise ImageTooLargeError(f"more than {MAX_PIXELS / 1e6:.0f} megapixels") from None
    except UnidentifiedImageError:
        raise ImageError(f"no image of a known format: {', '.join(FORMATS)}") from None
    except Exception as error:  # of hostile bytes, Pillow's decoders raise nearly everything
        raise ImageError(f"cannot be decoded: {error}") from None
    pixels = math.prod(image.size)
    if pixels > max_pixels:
        raise ImageTooLargeError(
            f"{image.width} x {image.height} pixels = {pixels / 1e6:.0f} megapixels; "
            f"at most {max_pixels / 1e6:.0f} are taken"
        )
    if pixels == 0:
        raise ImageError(f"no pixels: it is {image.width} x {image.height}")
    return image


def load(image: Image.Image) -> None:
    """Decode the pixels of an opened image. Raises ImageError."""
    try:
        image.load()
    except Image.DecompressionBombError:  # of an image inside of an ICO or ICNS
        raise ImageTooLargeError("an image of too many pixels inside") from None
    except Exception as error:  # of hostile bytes, Pillow's decoders raise nearly everything
        raise ImageError(f"cannot be decoded: {error}") from None


def to_rgb(image: Image.Image) -> Image.Image:
    """The image in mode RGB. EXIF rotation is not applied, as in CVAT's own functions. Raises ImageError."""
    try:
        if image.mode.startswith("I"):  # I;16 and its kin, 16 bits a pixel: Pillow clips them at 255
            wide = image if image.mode in ("I", "I;16") else image.convert("I")
            image = wide.point(lambda value: value * (1 / 256)).convert("L")
        return image if image.mode == "RGB" else image.convert("RGB")
    except Exception as error:
        raise ImageError(f"mode {image.mode} cannot be shown: {error}") from None

"""Pixels: requests that are too large are re-encoded and scaled, and answers brought back to CVAT's own image."""

import base64
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import orjson
from cvat_images import ImageError, ImageTooLargeError, decode_base64, load, open_image, to_rgb
from PIL import Image

from gateway.answers import known_to, storable
from gateway.contract import IMAGE_HEAD, IMAGES, MALFORMED_REQUEST, OBJECT_INTERACTORS, Call
from gateway.errors import GatewayError, reported_as
from gateway.masks import detected_mask, interactor_mask

QUALITIES = (90, 75)
"""Of JPEG. The second is tried before the image is scaled: scaling costs more than compression."""
FIRST_LOOK = 4 * 1024
"""Characters of base64, a multiple of 4: most images say within them how large they are."""
SENT_PIXELS = 40_000_000
"""What a model container takes. An image of more is re-encoded, however few bytes it has."""
REENCODED_PIXELS = 24_000_000
"""Of all images of a request that is re-encoded: at the lower quality, more does not fit into SageMaker's 6 MiB."""
MAX_DECODING_BYTES = 280_000_000
"""For one image. All other memory is small beside it, as one image at a time is decoded."""
STRIP_PIXELS = 1_000_000
"""That are converted or scaled at a time, so that no second copy of a large image is made."""
MIN_SIDE = 64
"""Pixels. An image that must be smaller to fit shows nothing."""
ORIENTATION = 0x0112
"""The EXIF tag."""
SCALE_KEY = "gateway_scale"
"""Marks a tracker's state that was made on a scaled frame."""
COORDINATES = {"points", "pos_points", "neg_points", "obj_bbox", "shapes", "max_distance"}
OPAQUE = {"mask", "bounds", "state", "states"}
"""Fields that must not be searched for coordinates."""


class Frame(NamedTuple):
    """An image as it is to be encoded."""

    pixels: Image.Image
    """In mode RGB."""
    orientation: int | None
    """EXIF's, from which a container may know how to turn it."""


@contextmanager
def _image_faults_reported() -> Iterator[None]:
    try:
        yield
    except ImageTooLargeError as error:
        raise GatewayError("too_large", f"Image too large: {error}") from None
    except ImageError as error:
        raise GatewayError("request", f"Image not decodable: {error}") from None


@reported_as("request", MALFORMED_REQUEST)
@_image_faults_reported()
def fits(call: Call, limit: int) -> bool:
    """Whether a request can be sent as it came; notes the image's size in `call` if the answer needs it."""
    if call.whole_masks:
        call.size = _size(call, "image")
    if len(call.body) > limit or _scale_of_states(call) not in {None, 1.0}:
        return False
    try:
        return all(math.prod(_size(call, name)) <= SENT_PIXELS for name in IMAGES[call.kind])
    except ImageTooLargeError:
        return False
    except ImageError:  # the container refuses it, and says why
        if call.whole_masks:
            raise
        return True


def _size(call: Call, name: str) -> tuple[int, int]:
    """Width and height of an image, from its first bytes, its head, or all of it. Raises ImageError."""
    head = call.fields[name]
    for length in (FIRST_LOOK, IMAGE_HEAD):
        if len(head) < length:
            break
        with suppress(ImageError):
            return open_image(decode_base64(head[:length])).size
    text = head if len(head) < IMAGE_HEAD else orjson.loads(call.body)[name]
    return open_image(decode_base64(text)).size


@reported_as("request", MALFORMED_REQUEST)
@_image_faults_reported()
def fit(call: Call, limit: int) -> None:
    """Makes `call` travel as at most `limit` bytes. Takes seconds and much memory: one at a time, in a thread.

    Raises GatewayError where the images cannot be decoded or made small enough.
    """
    payload = orjson.loads(call.body)
    call.body = b""  # no longer needed: what is decoded takes its place in memory
    files = {name: decode_base64(payload.pop(name)) for name in IMAGES[call.kind]}
    sizes = {name: open_image(data).size for name, data in files.items()}
    call.size = next(iter(sizes.values()))
    fixed = _scale_of_states(call)
    own_states = {"states": [state["state"] for state in payload["states"]]} if fixed and fixed < 1 else {}
    room = (limit - len(orjson.dumps(payload)) - 64) // 4 * 3  # bytes of JPEG that become 4/3 as many of base64
    area = sum(math.prod(size) for size in sizes.values())
    scale = fixed or min(1.0, math.sqrt(REENCODED_PIXELS / area))
    frames = {name: _frame(files.pop(name), _scaled_size(size, scale)) for name, size in sizes.items()}
    quality = QUALITIES[0]
    while room > 0 and all(scale == 1 or min(size) * scale >= MIN_SIDE for size in sizes.values()):
        encoded = {name: _jpeg(frame, _scaled_size(sizes[name], scale), quality) for name, frame in frames.items()}
        taken = sum(map(len, encoded.values()))
        if taken <= room:
            texts = {name: base64.b64encode(data).decode() for name, data in encoded.items()}
            call.body, call.scale = orjson.dumps(scaled(payload, scale) | own_states | texts), scale
            return
        if quality == QUALITIES[-1]:
            if fixed:
                break
            scale *= min(0.95 * math.sqrt(room / taken), 0.9)
        quality = QUALITIES[-1]
    raise GatewayError("too_large", f"Image too large: it cannot be made to fit {limit} bytes")


def _scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _frame(data: bytes, size: tuple[int, int]) -> Frame:
    """An image file brought to this size, which is not larger than its own."""
    image = open_image(data)
    del data  # it goes when the pixels are there
    if _decoding_bytes(image, size) > MAX_DECODING_BYTES:
        raise ImageTooLargeError(f"{image.width} x {image.height} pixels take too much memory as {image.format}")
    image.draft(None, size)  # a JPEG can be decoded at half its size, or less
    load(image)
    return Frame(_resized(image, size), _orientation(image))


def _decoding_bytes(image: Any, size: tuple[int, int]) -> float:
    """Memory that Pillow's decoder takes, beside the file: pixels, and what the format's library holds of its own."""
    pixels, bands = math.prod(image.size), len(image.getbands())
    decoded = pixels * (1 if bands == 1 and image.mode in ("1", "L", "P") else 4)
    if image.format in ("WEBP", "AVIF"):
        return float(3 * decoded)
    if image.format == "JPEG2000":
        return float(decoded + 4 * bands * pixels)
    if image.format == "TIFF":  # one strip may hold it all
        return float(decoded + bands * pixels)
    if image.format != "JPEG":
        return float(decoded)
    shrinking = 4 ** max(0, min(3, int(math.log2(max(1, min(image.width / size[0], image.height / size[1]))))))
    layers = [across * down for _, across, down, _ in image.layer] if image.info.get("progressive") else []
    coefficients = 2 * pixels * sum(layers) / max(layers, default=1)
    return float(decoded / shrinking + coefficients)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image as RGB of this size, strip by strip: the same pixels as at once, and little memory beside them."""
    if image.mode == "RGB" and image.size == size:
        return image
    frame = Image.new("RGB", size)
    step = image.height / size[1]
    rows = max(1, int(STRIP_PIXELS / image.width / step))
    for top in range(0, size[1], rows):
        bottom = min(size[1], top + rows)
        first = max(
            0, math.floor(top * step - step) - 1
        )  # what bilinear filtering looks at beside the strip's own rows
        last = min(image.height, math.ceil(bottom * step + step) + 1)
        strip = to_rgb(image.crop((0, first, image.width, last)))
        box = (0, top * step - first, image.width, min(bottom * step, image.height) - first)
        frame.paste(strip.resize((size[0], bottom - top), Image.Resampling.BILINEAR, box=box), (0, top))
    return frame


def _orientation(image: Image.Image) -> int | None:
    """How a container may have to turn the image; broken EXIF data say nothing."""
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # of hostile bytes, Pillow's parser raises nearly everything
        return None
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else None  # noqa: PLR2004


def _jpeg(frame: Frame, size: tuple[int, int], quality: int) -> bytes:
    """JPEG of a frame at this size. All EXIF data of a file may exceed JPEG's 64 KiB: only the orientation stays."""
    out, exif = io.BytesIO(), Image.Exif()
    if frame.orientation:
        exif[ORIENTATION] = frame.orientation
    pixels = frame.pixels if frame.pixels.size == size else frame.pixels.resize(size, Image.Resampling.BILINEAR)
    pixels.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def _scale_of_states(call: Call) -> float | None:
    """Scale at which a tracker's states were made: the model's own coordinates in them stay as they are."""
    states = call.fields["states"] if call.kind == "tracker" else []
    marked = {SCALE_KEY, "state"}
    scales = {float(s[SCALE_KEY]) if isinstance(s, dict) and s.keys() == marked else 1.0 for s in states}
    if len(scales) > 1 or not all(0 < scale <= 1 for scale in scales):
        raise GatewayError("too_large", "Image too large: the objects were started at different scales")
    return scales.pop() if scales else None


def scaled(value: Any, factor: float, key: str = "") -> Any:
    """`value` with all numbers under the COORDINATES of its objects times `factor`."""
    if isinstance(value, dict) and factor != 1:
        return {name: part if name in OPAQUE else scaled(part, factor, name) for name, part in value.items()}
    if isinstance(value, list) and factor != 1:
        return [scaled(part, factor, key) for part in value]
    return value * factor if key in COORDINATES and isinstance(value, int | float) else value


def draws(call: Call, raw: bytes) -> bool:
    """Whether `translate` may have to draw a mask, or to scale one."""
    drawn = call.kind == "interactor" and call.version >= OBJECT_INTERACTORS and b'"mask"' not in raw
    return drawn or call.whole_masks or call.scale is not None


@reported_as("model", "The model's answer is malformed")
def translate(call: Call, raw: bytes) -> bytes:
    """A container's answer for the CVAT that calls; its very bytes where nothing has to change. Blocks to draw."""
    try:
        original = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ValueError("it is not JSON") from None
    answer, factor = storable(call, original), 1 / (call.scale or 1)
    result = scaled(answer, factor)
    if call.kind == "detector":
        result = [known for item in result if (known := known_to(call.version, detected_mask(item, factor)))]
    if call.kind == "tracker" and factor > 1:
        result |= {"states": [{SCALE_KEY: call.scale, "state": state} for state in answer["states"]]}
    if call.singular:
        result = {"shape": result["shapes"][0], "state": result["states"][0]}
    if call.kind == "interactor" and "blob" not in answer:
        result = interactor_mask(call, result, factor) if call.version >= OBJECT_INTERACTORS else result["points"]
    return raw if result == original else orjson.dumps(result)

"""Pixels: requests that are too large are re-encoded and scaled, and answers brought back to CVAT's own image."""

import base64
import io
import math
from typing import Any

import orjson
from PIL import Image, ImageDraw, TiffImagePlugin, WebPImagePlugin  # noqa: F401 - registers two of FORMATS

from .contract import FIELDS, OBJECT_INTERACTORS, Call, Payload, dumps
from .errors import GatewayError, malformed

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
QUALITIES = (90, 75)  # tried at full size first: scaling costs more than compression
MAX_PIXELS = 64_000_000  # of an image or a mask; a decoded image takes 3 bytes a pixel
SENT_PIXELS = 40_000_000  # that a model container takes; larger images are scaled down to it
MIN_SIDE = 64  # pixels; an image that must be smaller to fit shows nothing
HEAD = 16 * 1024  # characters of base64, in which most images tell their size
SCALE_KEY = "gateway_scale"  # marks a tracker's state that was made on a scaled frame
COORDINATES = {"points", "pos_points", "neg_points", "obj_bbox", "shapes", "max_distance"}
OPAQUE = {"mask", "bounds", "state", "states"}  # what must not be searched for coordinates


def fits(call: Call, payload: Payload, limit: int) -> bool:
    """Whether a request can travel as it came; notes the image's size in `call` if the answer needs it."""
    if call.whole_masks:
        call.size = _open(payload["image"], decode=False).size
    if len(call.body) > limit or _scale_of_states(call, payload) not in {None, 1.0}:
        return False
    return not any(_too_many_pixels(payload[name]) for name, form in FIELDS[call.kind].items() if form is str)


def fit(call: Call, payload: Payload, limit: int) -> None:
    """Make `call` travel as at most `limit` bytes, with images of at most SENT_PIXELS.

    Blocks for as long as decoding and encoding take: run it in a thread.
    """
    frames = {name: _open(payload[name], decode=True) for name, form in FIELDS[call.kind].items() if form is str}
    call.size = next(iter(frames.values())).size
    rest = len(dumps({key: value for key, value in payload.items() if key not in frames}))
    room = (limit - rest - 64) // 4 * 3  # bytes of JPEG that become 4/3 as many of base64
    most = max(frame.width * frame.height for frame in frames.values())
    fixed = _scale_of_states(call, payload)
    scale, quality = fixed or min(1.0, 0.999 * math.sqrt(SENT_PIXELS / most)), QUALITIES[0]
    while room > 0 and all(scale == 1 or min(frame.size) * scale >= MIN_SIDE for frame in frames.values()):
        encoded = {name: _encode(frame, scale, quality) for name, frame in frames.items()}
        size = sum(map(len, encoded.values()))
        if size <= room:
            texts = {name: base64.b64encode(data).decode() for name, data in encoded.items()}
            call.body, call.scale = dumps(_scale_request(call, payload, scale) | texts), scale
            return
        if quality == QUALITIES[-1]:
            if fixed:
                break
            scale *= min(0.95 * math.sqrt(room / size), 0.9)
        quality = QUALITIES[-1]
    raise GatewayError("too_large", f"Image too large: it cannot be made to fit {limit} bytes")


def _open(text: str, *, decode: bool) -> Image.Image:
    """An image as RGB, or one of which no more than the header is read."""
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text)), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise GatewayError("too_large", f"Image too large: {image.width} x {image.height} pixels")
        if decode:
            image.load()
        return image.convert("RGB") if decode and image.mode != "RGB" else image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise GatewayError("too_large", f"Image too large: over {MAX_PIXELS} pixels") from None
    except (OSError, ValueError, SyntaxError):
        fault = "too large to be sent as it is, and " if decode else ""
        raise GatewayError("request", f"Image {fault}not decodable") from None


def _too_many_pixels(text: str) -> bool:
    """Of an image that tells its size early; others are judged by the containers themselves."""
    try:
        image = _open(text[:HEAD], decode=False)
    except GatewayError as error:
        return error.kind == "too_large"
    return image.width * image.height > SENT_PIXELS


def _encode(image: Image.Image, scale: float, quality: int) -> bytes:
    """JPEG of the scaled image; its EXIF data stay, since a container may turn the image as they say."""
    exif, out = image.info.get("exif", b""), io.BytesIO()
    if scale < 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    image.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def _scale_of_states(call: Call, payload: Payload) -> float | None:
    """Scale at which a tracker's states were made: the model's own coordinates in them stay as they are."""
    states, marked = payload["states"] if call.kind == "tracker" else [], {SCALE_KEY, "state"}
    scales = {float(s[SCALE_KEY]) if isinstance(s, dict) and s.keys() == marked else 1.0 for s in states}
    if len(scales) > 1 or not all(0 < scale <= 1 for scale in scales):
        raise GatewayError("too_large", "Image too large: the objects were started at different scales")
    return scales.pop() if scales else None


def _scaled(value: Any, factor: float, key: str = "") -> Any:
    """`value` with all numbers under the COORDINATES of its objects times `factor`."""
    if isinstance(value, dict):
        return {name: part if name in OPAQUE else _scaled(part, factor, name) for name, part in value.items()}
    if isinstance(value, list):
        return [_scaled(part, factor, key) for part in value]
    return value * factor if key in COORDINATES and isinstance(value, int | float) else value


def _scale_request(call: Call, payload: Payload, scale: float) -> Payload:
    """All coordinates in pixels of the scaled image; a tracker's states as the model made them."""
    if scale == 1:
        return payload
    states = {"states": [state["state"] for state in payload["states"]]} if call.kind == "tracker" else {}
    return {**_scaled(payload, scale), **states}


def to_original(call: Call, answer: Any) -> Any:
    """An answer in pixels of the image that CVAT sent, and an interactor's mask as CVAT takes it.

    The same object if nothing has to change. Blocks while it draws: run it in a thread.
    """
    factor = 1 / (call.scale or 1)
    result = _scaled(answer, factor) if factor > 1 and call.kind != "reid" else answer
    if call.kind == "interactor" and call.version >= OBJECT_INTERACTORS and "blob" not in answer:
        return _interactor(call, result, factor)
    if call.kind == "detector" and factor > 1:
        return [_mask_item(item, factor) if item["type"] == "mask" else item for item in result]
    if call.kind == "tracker" and factor > 1:
        return result | {"states": [{SCALE_KEY: call.scale, "state": state} for state in answer["states"]]}
    return result


def _mask_item(item: Payload, factor: float) -> Payload:
    left, top, right, bottom = (int(edge) for edge in item["mask"][-4:])
    mask = _picture(item["mask"][:-4], right - left + 1, bottom - top + 1)
    mask, left, top = _enlarged(mask, left, top, factor)
    return item | {"mask": [*mask.tobytes(), left, top, left + mask.width - 1, top + mask.height - 1]}


def _interactor(call: Call, answer: Payload, factor: float) -> Payload:
    """With a mask, drawn if it was left out: the crop that `bounds` names, or the whole image's for an old CVAT."""
    rows, bounds = answer.get("mask"), answer.get("bounds")
    if rows and factor == 1 and not (bounds and call.whole_masks):
        return answer
    if not rows:
        mask, left, top = _drawn(answer["points"])
    else:
        mask = _picture([value for row in rows for value in row], len(rows[0]), len(rows))
        mask, left, top = _enlarged(mask, bounds[0], bounds[1], factor) if bounds else (_resized(mask, call.size), 0, 0)
    if call.whole_masks:
        frame = Image.new("L", call.size)
        frame.paste(mask, (left, top))
        return {"points": answer["points"], "mask": _rows(frame)}
    box = [left, top, left + mask.width - 1, top + mask.height - 1]
    return answer | {"mask": _rows(mask), "bounds": box}


def _drawn(points: list[list[float]]) -> tuple[Image.Image, int, int]:
    """The filled polygon with its left and top: containers leave out a mask that would be too large an answer."""
    corners = [(round(x), round(y)) for x, y in points] or [(0, 0)]
    left, top, right, bottom = (edge(axis) for edge in (min, max) for axis in zip(*corners, strict=True))
    mask = _resized(Image.new("L", (1, 1)), (right - left + 1, bottom - top + 1))
    if points:
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in corners], fill=1, outline=1)
    return mask, left, top


def _picture(values: list[int], width: int, height: int) -> Image.Image:
    """A picture of `width` x `height` values of 0 and 1."""
    if width < 1 or height < 1 or len(values) != width * height:
        raise malformed(f"a mask of {width} x {height} pixels has {len(values)} values")
    return Image.frombytes("L", (width, height), bytes(values))


def _rows(image: Image.Image) -> orjson.Fragment:
    """JSON of rows of 0 and 1: as a Python list, a large mask would take eight times its bytes."""
    text, width = image.tobytes().translate(bytes.maketrans(b"\0\1", b"01")).decode(), image.width
    rows = (",".join(text[start : start + width]) for start in range(0, len(text), width))
    return orjson.Fragment(f"[[{'],['.join(rows)}]]")


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    if size[0] * size[1] > MAX_PIXELS:
        raise malformed(f"a mask of {size[0]} x {size[1]} pixels is larger than any image")
    return image.resize((max(1, size[0]), max(1, size[1])), Image.Resampling.NEAREST)


def _enlarged(image: Image.Image, left: int, top: int, factor: float) -> tuple[Image.Image, int, int]:
    """A mask and its left and top, `factor` times as large."""
    x0, y0 = round(left * factor), round(top * factor)
    x1, y1 = round((left + image.width) * factor), round((top + image.height) * factor)
    return _resized(image, (x1 - x0, y1 - y0)), x0, y0

"""Pixels: requests that are too large are re-encoded and scaled, and answers brought back to CVAT's own image."""

import base64
import io
import math
from typing import Any

import orjson
from PIL import Image, ImageDraw, TiffImagePlugin, WebPImagePlugin  # noqa: F401 - registers two of FORMATS

from .contract import FIELDS, OBJECT_INTERACTORS, Call, Payload, dumps
from .errors import GatewayError, refuse_unless

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
    if len(call.body) > limit or scale_of_states(call, payload) not in {None, 1.0}:
        return False
    return not any(_too_many_pixels(payload[name]) for name, form in FIELDS[call.kind].items() if form is str)


def fit(call: Call, payload: Payload, limit: int) -> None:
    """Make `call` travel as at most `limit` bytes, with images of at most SENT_PIXELS.

    Blocks for as long as decoding and encoding take: run it in a thread.
    """
    frames = {name: _open(payload[name], decode=True) for name, form in FIELDS[call.kind].items() if form is str}
    rest = len(dumps({key: value for key, value in payload.items() if key not in frames}))
    room = (limit - rest - 64) // 4 * 3  # bytes of JPEG that become 4/3 as many of base64
    most = max(frame.width * frame.height for frame in frames.values())
    fixed = scale_of_states(call, payload)
    scale, quality = fixed or (1.0 if most <= SENT_PIXELS else 0.999 * math.sqrt(SENT_PIXELS / most)), QUALITIES[0]
    while room > 0 and all(scale == 1 or min(frame.size) * scale >= MIN_SIDE for frame in frames.values()):
        encoded = {name: _encode(frame, scale, quality) for name, frame in frames.items()}
        size = sum(len(data) for data in encoded.values())
        if size <= room:
            texts = {name: base64.b64encode(data).decode() for name, data in encoded.items()}
            call.body = dumps((_scale_request(call, payload, scale) if scale < 1 else payload) | texts)
            call.scale, call.size = scale, next(iter(frames.values())).size
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


def scale_of_states(call: Call, payload: Payload) -> float | None:
    """Scale at which a tracker's states were made: the model's own coordinates in them stay as they are."""
    states = payload["states"] if call.kind == "tracker" else []
    marked = {SCALE_KEY, "state"}
    scales = {float(s[SCALE_KEY]) if isinstance(s, dict) and s.keys() == marked else 1.0 for s in states}
    if len(scales) > 1 or not all(0 < scale <= 1 for scale in scales):
        raise GatewayError("too_large", "Image too large: the objects were started at different scales")
    return scales.pop() if scales else None


def scaled(value: Any, factor: float, key: str = "") -> Any:
    """`value` with all numbers under the COORDINATES of its objects times `factor`."""
    if isinstance(value, dict):
        return {name: part if name in OPAQUE else scaled(part, factor, name) for name, part in value.items()}
    if isinstance(value, list):
        return [scaled(part, factor, key) for part in value]
    return value * factor if key in COORDINATES and isinstance(value, int | float) else value


def _scale_request(call: Call, payload: Payload, scale: float) -> Payload:
    """All coordinates in pixels of the scaled image; a tracker's states as the model made them."""
    request: Payload = scaled(payload, scale)
    return request | ({"states": [state["state"] for state in payload["states"]]} if call.kind == "tracker" else {})


def to_original(call: Call, answer: Any) -> Any:
    """An answer in pixels of the image that CVAT sent, and an interactor's mask as CVAT takes it.

    The same object if nothing has to change. Blocks while it draws: run it in a thread.
    """
    factor = 1 / (call.scale or 1)
    result = answer if factor == 1 or call.kind == "reid" else scaled(answer, factor)
    if call.kind == "detector" and factor > 1:
        return [_scale_mask(item, factor) if item["type"] == "mask" else item for item in result]
    if call.kind == "tracker" and factor > 1:
        return result | {"states": [{SCALE_KEY: call.scale, "state": state} for state in answer["states"]]}
    if call.kind == "interactor" and call.version >= OBJECT_INTERACTORS and "blob" not in answer:
        return _masked(call, result, factor)
    return result


def _scale_mask(item: Payload, factor: float) -> Payload:
    left, top, right, bottom = (int(edge) for edge in item["mask"][-4:])
    mask, box = _enlarged(_picture(item["mask"][:-4], right - left + 1, bottom - top + 1), left, top, factor)
    return item | {"mask": [*mask.tobytes(), *box]}


def _masked(call: Call, answer: Payload, factor: float) -> Payload:
    """An interactor's answer with a mask: drawn if there is none, scaled, and of the whole image for an old CVAT."""
    if "mask" in answer and factor == 1 and not (call.whole_masks and "bounds" in answer):
        return answer
    left, top = answer.get("bounds", (0, 0))[:2]
    if rows := answer.get("mask"):
        mask = _picture([value for row in rows for value in row], len(rows[0]), len(rows))
        mask, box = _enlarged(mask, left, top, factor)
    else:
        mask, box = _drawn(answer["points"], answer.get("bounds"), factor)
    if "bounds" not in answer and rows and all(abs(a - b) <= factor for a, b in zip(mask.size, call.size, strict=True)):
        mask = _resized(mask, *call.size)  # CVAT takes a mask without bounds for the whole image's
    if call.whole_masks:
        frame = Image.new("L", call.size)
        frame.paste(mask, (box[0], box[1]))
        mask = frame
    plain = {key: value for key, value in answer.items() if key != "bounds"}
    bounds = {"bounds": box} if not call.whole_masks and ("bounds" in answer or not rows) else {}
    return plain | bounds | {"mask": _rows(mask)}


def _drawn(points: list[list[float]], bounds: list[int] | None, factor: float) -> tuple[Image.Image, list[int]]:
    """The filled polygon of a container that left out the mask for its size, and its box."""
    corners = [(point[0], point[1]) for point in points] or [(0, 0)]
    xs, ys = zip(*corners, strict=True)
    left, top, right, bottom = (round(edge) for edge in (min(xs), min(ys), max(xs), max(ys)))
    if bounds:
        left, top = round(bounds[0] * factor), round(bounds[1] * factor)
        right, bottom = round((bounds[2] + 1) * factor) - 1, round((bounds[3] + 1) * factor) - 1
    mask = _blank(right - left + 1, bottom - top + 1)
    if len(points) > 1:
        ImageDraw.Draw(mask).polygon([(round(x) - left, round(y) - top) for x, y in corners], fill=1, outline=1)
    return mask, [left, top, right, bottom]


def _blank(width: int, height: int) -> Image.Image:
    refuse_unless(0 < width * height <= MAX_PIXELS, f"a mask of {width} x {height} pixels is larger than any image")
    return Image.new("L", (width, height))


def _picture(values: list[int], width: int, height: int) -> Image.Image:
    """A picture of `width` x `height` values of 0 and 1."""
    right = width > 0 and height > 0 and len(values) == width * height
    refuse_unless(right, f"a mask of {width} x {height} pixels has {len(values)} values")
    return Image.frombytes("L", (width, height), bytes(values))


def _rows(image: Image.Image) -> orjson.Fragment:
    """JSON of rows of 0 and 1: as a Python list, a large mask would take eight times its bytes."""
    text, width = image.tobytes().translate(bytes.maketrans(b"\0\1", b"01")).decode(), image.width
    rows = (",".join(text[start : start + width]) for start in range(0, len(text), width))
    return orjson.Fragment(f"[[{'],['.join(rows)}]]")


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    refuse_unless(width * height <= MAX_PIXELS, f"a mask of {width} x {height} pixels is larger than any image")
    return image.resize((max(1, width), max(1, height)), Image.Resampling.NEAREST)


def _enlarged(image: Image.Image, left: int, top: int, factor: float) -> tuple[Image.Image, list[int]]:
    """A mask at `left`, `top` and its inclusive box [left, top, right, bottom], `factor` times as large."""
    x0, y0 = round(left * factor), round(top * factor)
    x1, y1 = round((left + image.width) * factor), round((top + image.height) * factor)
    larger = _resized(image, x1 - x0, y1 - y0)
    return larger, [x0, y0, x0 + larger.width - 1, y0 + larger.height - 1]

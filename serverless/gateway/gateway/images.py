"""Pixels: requests that are too large are re-encoded and scaled, and answers brought back to CVAT's own image."""

import base64
import io
import math
from contextlib import suppress
from typing import Any

import orjson
from PIL import Image, ImageDraw, ImageOps, TiffImagePlugin, WebPImagePlugin  # noqa: F401 - registers two of FORMATS

from .contract import NOT_CVATS, OBJECT_INTERACTORS, Call, Payload, older, read_answer
from .errors import GatewayError, blamed

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
QUALITIES = (90, 75)  # tried at full size first: scaling costs more than compression
MAX_PIXELS = 64_000_000  # of an image or a mask; a decoded image takes 3 bytes a pixel
Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound, of which it warns before it fails
SENT_PIXELS = 40_000_000  # that a model container takes; larger images are scaled down to it
MIN_SIDE = 64  # pixels; an image that must be smaller to fit shows nothing
HEAD = 16 * 1024  # characters of base64, in which most images tell their size
SCALE_KEY = "gateway_scale"  # marks a tracker's state that was made on a scaled frame
COORDINATES = {"points", "pos_points", "neg_points", "obj_bbox", "shapes", "max_distance"}
OPAQUE = {"mask", "bounds", "state", "states"}  # what must not be searched for coordinates


@blamed("request", NOT_CVATS)
def fits(call: Call, payload: Payload, limit: int) -> bool:
    """Whether a request can travel as it came; notes the image's size in `call` if the answer needs it."""
    if call.whole_masks:
        call.size = opened(payload["image"], decode=False).size
    if len(call.body) > limit or _scale_of_states(call, payload) not in {None, 1.0}:
        return False
    for name in call.images:
        with suppress(GatewayError):  # its head does not tell: the container judges it
            if math.prod(opened(payload[name][:HEAD], decode=False).size) > SENT_PIXELS:
                return False
    return True


@blamed("request", NOT_CVATS)
def fit(call: Call, payload: Payload, limit: int) -> None:
    """Make `call` travel as at most `limit` bytes, with images of at most SENT_PIXELS. Blocks: run it in a thread."""
    frames = {name: opened(payload[name], decode=True) for name in call.images}
    call.size = next(iter(frames.values())).size
    rest = len(orjson.dumps({key: value for key, value in payload.items() if key not in frames}))
    room = (limit - rest - 64) // 4 * 3  # bytes of JPEG that become 4/3 as many of base64
    area = max(math.prod(frame.size) for frame in frames.values())
    fixed = _scale_of_states(call, payload)
    own_states = {"states": [state["state"] for state in payload["states"]]} if fixed and fixed < 1 else {}
    scale, quality = fixed or min(1.0, 0.999 * math.sqrt(SENT_PIXELS / area)), QUALITIES[0]
    while room > 0 and all(scale == 1 or min(frame.size) * scale >= MIN_SIDE for frame in frames.values()):
        encoded = {name: _encode(frame, scale, quality) for name, frame in frames.items()}
        size = sum(map(len, encoded.values()))
        if size <= room:
            texts = {name: base64.b64encode(data).decode() for name, data in encoded.items()}
            call.body, call.scale = orjson.dumps(_scaled(payload, scale) | own_states | texts), scale
            return
        if quality == QUALITIES[-1]:
            if fixed:
                break
            scale *= min(0.95 * math.sqrt(room / size), 0.9)
        quality = QUALITIES[-1]
    raise GatewayError("too_large", f"Image too large: it cannot be made to fit {limit} bytes")


def opened(text: str, *, decode: bool) -> Image.Image:
    """An image as RGB, or one of which no more than the header is read."""
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text)), formats=FORMATS)
        if not decode:
            return image
        if math.prod(image.size) > MAX_PIXELS:
            raise GatewayError("too_large", f"Image too large: {image.width} x {image.height} pixels")
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        raise GatewayError("request", f"Image {'too large to be sent as it is, and ' * decode}not decodable") from None


def _encode(image: Image.Image, scale: float, quality: int) -> bytes:
    """JPEG of the scaled image; its EXIF data stay, since a container may turn the image as they say."""
    out, image = io.BytesIO(), image if scale == 1 else ImageOps.scale(image, scale, Image.Resampling.BILINEAR)
    image.save(out, "JPEG", quality=quality, exif=image.info.get("exif", b""))
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
    if isinstance(value, dict) and factor != 1:
        return {name: part if name in OPAQUE else _scaled(part, factor, name) for name, part in value.items()}
    if isinstance(value, list) and factor != 1:
        return [_scaled(part, factor, key) for part in value]
    return value * factor if key in COORDINATES and isinstance(value, int | float) else value


@blamed("model", "The model's answer is malformed")
def translate(call: Call, raw: bytes) -> bytes:
    """A container's answer for the CVAT that calls; its very bytes where nothing has to change. Blocks to draw."""
    answer, factor = read_answer(call, raw), 1 / (call.scale or 1)
    result = _scaled(answer, factor)
    if call.kind == "detector":
        items = [taken for item in result if (taken := older(call, _detected(item, factor)))]
        result = items if items != answer else answer
    if call.kind == "tracker" and factor > 1:
        result |= {"states": [{SCALE_KEY: call.scale, "state": state} for state in answer["states"]]}
    if call.singular:
        result = {"shape": result["shapes"][0], "state": result["states"][0]}
    if call.kind == "interactor" and "blob" not in answer:
        result = _interactor(call, result, factor) if call.version >= OBJECT_INTERACTORS else result["points"]
    return raw if result is answer else orjson.dumps(result)


def _detected(item: Payload, factor: float) -> Payload:
    if item["type"] != "mask" or factor == 1:
        return item
    picture, box = _moved(item["mask"][:-4], item["mask"][-4:], factor, [])
    return item | {"mask": [*picture.tobytes(), *box]}


def _interactor(call: Call, answer: Payload, factor: float) -> Payload:
    """With a mask, drawn if the container left it out (it would be too large an answer), as this CVAT takes it."""
    rows, bounds, points = answer.get("mask"), answer.get("bounds"), answer.get("points", [])
    whole = [0, 0, call.size[0] - 1, call.size[1] - 1]
    if rows and factor == 1 and not (bounds and call.whole_masks):
        return answer
    if rows:
        values, filled = [value for row in rows for value in row], bounds or [0, 0, len(rows[0]) - 1, len(rows) - 1]
        picture, box = _moved(values, filled, factor, [] if bounds and not call.whole_masks else whole)
    else:
        corners = [(round(x), round(y)) for x, y in points] or [(0, 0)]
        box = whole if call.whole_masks else [edge(axis) for edge in (min, max) for axis in zip(*corners, strict=True)]
        picture = Image.new("L", _size(box))
        if points:
            ImageDraw.Draw(picture).polygon([(x - box[0], y - box[1]) for x, y in corners], fill=1, outline=1)
    return (
        {"points": points, "mask": _rows(picture)}
        if call.whole_masks
        else answer | {"mask": _rows(picture), "bounds": box}
    )


def _size(box: list[int]) -> tuple[int, int]:
    """Width and height of a mask with this box: left, top, right, bottom."""
    width, height = int(box[2]) - int(box[0]) + 1, int(box[3]) - int(box[1]) + 1
    if min(width, height) < 1 or width * height > MAX_PIXELS:
        raise ValueError(f"a mask of {width} x {height} pixels is larger than any image, or empty")
    return width, height


def _moved(values: list[int], filled: list[int], factor: float, box: list[int]) -> tuple[Image.Image, list[int]]:
    """A mask of 0 and 1, row by row, that filled one box: what of it is in another (none given: its own), enlarged."""
    if len(values) != math.prod(size := _size(filled)):
        raise ValueError(f"a mask of {size[0]} x {size[1]} pixels has {len(values)} values")
    box = box or [round((edge + last) * factor) - last for edge, last in zip(filled, (0, 0, 1, 1), strict=True)]
    corners = zip((box[0], box[1], box[2] + 1, box[3] + 1), [*filled[:2]] * 2, strict=True)
    extent, picture = [edge / factor - start for edge, start in corners], Image.frombytes("L", size, bytes(values))
    return picture.transform(_size(box), Image.Transform.EXTENT, extent, Image.Resampling.NEAREST), box


def _rows(picture: Image.Image) -> orjson.Fragment:
    """JSON of rows of 0 and 1: as a Python list, a large mask would take eight times its bytes."""
    text, width = picture.tobytes().translate(bytes.maketrans(b"\0\1", b"01")).decode(), picture.width
    rows = (",".join(text[start : start + width]) for start in range(0, len(text), width))
    return orjson.Fragment(f"[[{'],['.join(rows)}]]")

"""Requests too large for SageMaker: the image as JPEG, scaled if need be, and all coordinates with it."""

import base64
import io
import math
from typing import Any, NamedTuple

from PIL import Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401 - registers two of FORMATS

from . import masks
from .contract import FIELDS, Caller, Payload, dumps
from .errors import GatewayError

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
QUALITIES = (90, 75)  # tried at full size first: scaling costs more than compression
MIN_SIDE = 64  # pixels; an image that must be smaller to fit shows nothing
SCALE_KEY = "gateway_scale"  # marks a tracker's state that was made on a scaled frame
COORDINATES = ("pos_points", "neg_points", "obj_bbox", "shapes", "max_distance")


class Fitted(NamedTuple):
    """A request as it travels, and by how much its image was scaled on the way."""

    body: bytes
    scale: float = 1.0
    size: tuple[int, int] = (0, 0)
    """Width and height of the image that CVAT sent, if it was decoded."""


def fit(caller: Caller, payload: Payload, limit: int) -> Fitted:
    """`payload` as at most `limit` bytes of JSON.

    Blocks for as long as decoding and encoding take: run it in a thread.
    """
    frames = {name: _decode(payload[name]) for name, form in FIELDS[caller.kind].items() if form is str}
    rest = len(dumps({key: value for key, value in payload.items() if key not in frames}))
    room = (limit - rest - 64) // 4 * 3  # bytes of JPEG that become 4/3 as many of base64
    fixed = scale_of_states(caller, payload)
    scale, quality = fixed or 1.0, QUALITIES[0]
    while room > 0 and all(scale == 1 or min(frame.size) * scale >= MIN_SIDE for frame in frames.values()):
        encoded = {name: _encode(frame, scale, quality) for name, frame in frames.items()}
        size = sum(len(data) for data in encoded.values())
        if size <= room:
            texts = {name: base64.b64encode(data).decode() for name, data in encoded.items()}
            body = dumps(_scale_request(caller, payload, scale) | texts)
            return Fitted(body, scale, next(iter(frames.values())).size)
        if quality == QUALITIES[-1]:
            if fixed:
                break
            scale *= min(0.95 * math.sqrt(room / size), 0.9)
        quality = QUALITIES[-1]
    raise GatewayError("too_large", f"Image too large: it cannot be made to fit {limit} bytes")


def _decode(text: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text)), formats=FORMATS)
        if image.width * image.height > masks.MAX_PIXELS:
            raise GatewayError("too_large", f"Image too large: {image.width} x {image.height} pixels")
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise GatewayError("too_large", f"Image too large: over {masks.MAX_PIXELS} pixels") from None
    except (OSError, ValueError, SyntaxError):
        raise GatewayError("request", "Image too large to be sent as it is, and not decodable") from None


def _encode(image: Image.Image, scale: float, quality: int) -> bytes:
    """JPEG of the scaled image; its EXIF data stay, since a container may turn the image as they say."""
    exif, out = image.info.get("exif", b""), io.BytesIO()
    if scale < 1:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    image.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def _marked(state: Any) -> bool:
    return isinstance(state, dict) and state.keys() == {SCALE_KEY, "state"}


def scale_of_states(caller: Caller, payload: Payload) -> float | None:
    """Scale at which a tracker's states were made: the model's own coordinates in them stay as they are."""
    states = payload["states"] if caller.kind == "tracker" else []
    scales = {float(state[SCALE_KEY]) if _marked(state) else 1.0 for state in states}
    if len(scales) > 1 or not all(0 < scale <= 1 for scale in scales):
        raise GatewayError("too_large", "Image too large: the objects were started at different scales")
    return scales.pop() if scales else None


def multiplied(value: Any, factor: float) -> Any:
    """All numbers of a nested list times `factor`."""
    if isinstance(value, list):
        return [multiplied(item, factor) for item in value]
    return value * factor if isinstance(value, int | float) else value


def _scale_request(caller: Caller, payload: Payload, scale: float) -> Payload:
    """All coordinates in pixels of the scaled image; a tracker's states as the model made them."""
    if scale == 1:
        return payload
    scaled = payload | {key: multiplied(payload[key], scale) for key in COORDINATES if key in payload}
    for key in ("boxes0", "boxes1") if caller.kind == "reid" else ():
        scaled[key] = [box | {"points": multiplied(box.get("points"), scale)} for box in payload[key]]
    if caller.kind == "tracker":
        scaled["states"] = [state["state"] for state in payload["states"]]
    return scaled


def scale_answer(caller: Caller, answer: Any, fitted: Fitted) -> Any:
    """All coordinates and masks of an answer in pixels of the image that CVAT sent."""
    factor = 1 / fitted.scale
    if caller.kind == "detector":
        return [_scale_item(item, factor) for item in answer]
    if caller.kind == "interactor":
        return _scale_interactor(answer, factor, fitted.size)
    if caller.kind == "tracker":
        states = [{SCALE_KEY: fitted.scale, "state": state} for state in answer["states"]]
        return {"shapes": multiplied(answer["shapes"], factor), "states": states}
    return answer


def _scale_item(item: Payload, factor: float) -> Payload:
    scaled = item | {key: multiplied(item[key], factor) for key in ("points",) if key in item}
    if item.get("type") == "mask":
        left, top, right, bottom = (int(edge) for edge in item["mask"][-4:])
        mask = masks.picture(item["mask"][:-4], right - left + 1, bottom - top + 1)
        mask, box = masks.enlarged(mask, left, top, factor)
        scaled["mask"] = [*mask.tobytes(), *box]
    if "elements" in item:
        scaled["elements"] = [_scale_item(part, factor) for part in item["elements"]]
    return scaled


def _scale_interactor(answer: Payload, factor: float, size: tuple[int, int]) -> Payload:
    scaled = answer | {key: multiplied(answer[key], factor) for key in ("points",) if key in answer}
    if "mask" in answer:
        left, top = answer.get("bounds", (0, 0))[:2]
        mask, box = masks.enlarged(masks.from_rows(answer["mask"]), left, top, factor)
        if "bounds" in answer:
            scaled["bounds"] = box
        elif all(abs(mine - whole) <= factor for mine, whole in zip(mask.size, size, strict=True)):
            mask = masks.resized(mask, *size)  # CVAT takes a mask without bounds for the whole frame's
        scaled["mask"] = masks.to_rows(mask)
    return scaled

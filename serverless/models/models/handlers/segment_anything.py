"""Segment Anything and its kin (MobileSAM, SAM 2): an encoder that sees the image once, a decoder for each click."""

import base64
import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models.errors import ModelError, RequestError
from models.function import Function
from models.handlers.segmentation import Point, Points, SegmentationRequest, answer_of
from models.image_input import ImageInput, Placement, batched, show
from models.images import decode_image
from models.masks import sample
from models.runtime import Array, Names, Network, Runtime, find_part
from models.validation import Options, parse_options, parse_request

NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT, PADDING = 0, 1, 2, 3, -1
"""Labels of the points that the decoder takes."""
PLANE = 2
"""Dimensions of a mask."""


class DecoderNames(Options):
    """The decoder's names for its inputs and outputs; those of SAM's own export."""

    points: str = "point_coords"
    labels: str = "point_labels"
    masks: str = "masks"
    scores: str = "iou_predictions"
    image_size: str | None = "orig_im_size"
    """Height and width of the image, where the decoder scales masks to it; null: it leaves them coarse."""
    mask_input: str | None = "mask_input"
    """A mask of an earlier click, which is never given."""
    has_mask_input: str | None = "has_mask_input"
    ignored: tuple[str, ...] = ("low_res_masks",)


class SegmentAnythingOptions(Options):
    """sagemaker.options. The archive holds `encoder` and `decoder` networks."""

    input: ImageInput = ImageInput(
        fit="pad", fill=(124, 116, 104), mean=(123.675, 116.28, 103.53), divide=(58.395, 57.12, 57.375)
    )
    """Of the encoder. SAM fills up with zeros after normalising, which are this colour before it."""
    longest_side: Annotated[int, Field(ge=16, le=4096)] | None = None
    """Where the encoder takes images of any proportions: the length that the longer side is brought to."""
    features: dict[str, str] = Field(default_factory=lambda: {"image_embeddings": "image_embeddings"}, min_length=1)
    """Outputs of the encoder -> inputs of the decoder: SAM 2 has three."""
    decoder: DecoderNames = DecoderNames()
    padding_point: bool = True
    """Whether a point that is none is added where there is no box, as SAM's export wants it."""
    cache: Annotated[int, Field(ge=0, le=256)] = 32
    """Images whose features are remembered, 4 MB each with SAM: a second click does not encode again."""
    threshold: float = 0.0
    """Logits above belong to the object, where the request names no threshold."""
    answer: Literal["mask", "blob"] = "mask"
    """blob: the features alone, as the plugin of CVAT's interface takes them, whose decoder runs in the browser."""


class SegmentAnything:
    """Clicks and boxes to a mask and its outline, both in pixels of the image that was sent."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime) -> None:
        self._options = options = parse_options(SegmentAnythingOptions, function.name, function.options)
        features: Names = {name: name for name in options.features}
        self.encoder = runtime.load(find_part(folder, "encoder"), {}, features, image=options.input)
        self._input = self.encoder.image or options.input
        self._features: OrderedDict[bytes, tuple[dict[str, Array], Placement]] = OrderedDict()
        self.decoder: Network | None = None
        if options.answer == "mask":
            self.decoder = self._load_decoder(folder, runtime)

    def _load_decoder(self, folder: Path, runtime: Runtime) -> Network:
        names = self._options.decoder
        inputs: dict[str, str | None] = {name: name for name in self._options.features.values()}
        inputs |= {"points": names.points, "labels": names.labels}
        optional = {"image_size": names.image_size, "mask": names.mask_input, "has_mask": names.has_mask_input}
        inputs |= {ours: theirs for ours, theirs in optional.items() if theirs}
        path = find_part(folder, "decoder")
        network = runtime.load(path, inputs, {"masks": names.masks, "scores": names.scores})
        unread = [port for port in network.unread if port.isdisjoint(names.ignored)]
        if unread:
            raise ModelError(
                f"{path.name} has an output that its handler does not read: {'/'.join(sorted(unread[0]))}. "
                "Name it in sagemaker.options.decoder.ignored if it need not be read"
            )
        return network

    def __call__(self, body: Any) -> dict[str, Any]:
        """{"points": [[x, y], ...], "mask": rows of 0 and 1, "bounds"}, or {"blob"}."""
        request = parse_request(SegmentationRequest, body)
        features, place = self._encoded(request.image)
        if self.decoder is None:
            return {"blob": _blob(next(iter(features.values())))}
        points = self._points(request, place)
        feeds = {theirs: features[ours] for ours, theirs in self._options.features.items()}
        results = self.decoder({**feeds, **points, **self._rest(place)})
        scores, masks = results["scores"].ravel(), results["masks"]
        if masks.ndim < PLANE or masks.size % max(1, len(scores)):
            raise ModelError(f"the decoder answers masks {masks.shape} and {len(scores)} scores")
        chosen = masks.reshape(-1, *masks.shape[-PLANE:])[int(scores.argmax())]
        threshold = self._options.threshold if request.threshold is None else request.threshold
        mask = (self._in_image(chosen, place) > threshold).astype(np.uint8)
        return answer_of(mask, (0, 0, place.image[0] - 1, place.image[1] - 1))

    def _encoded(self, text: str) -> tuple[dict[str, Array], Placement]:
        """The image's features, and where it lies in what the encoder was shown."""
        key = hashlib.sha256(text.encode()).digest()
        if key in self._features:
            self._features.move_to_end(key)
            return self._features[key]
        pixels = decode_image(text)
        declared = self._input
        if self._options.longest_side:
            height, width = pixels.shape[:2]
            factor = self._options.longest_side / max(height, width)
            size = max(1, round(width * factor)), max(1, round(height * factor))
            declared = declared.model_copy(update={"size": size, "fit": "stretch"})
        shown, place = show(pixels, declared)
        results = self.encoder({"image": batched(shown, declared)})
        features = {name: value.copy() for name, value in results.items()}
        if self._options.cache:
            self._features[key] = features, place
            while len(self._features) > self._options.cache:
                self._features.popitem(last=False)
        return features, place

    def _points(self, request: SegmentationRequest, place: Placement) -> dict[str, Array]:
        """The clicks and the box in pixels of what the encoder was shown, with their labels."""
        points: list[Point] = [*request.pos_points, *request.neg_points]
        labels = [POSITIVE] * len(request.pos_points) + [NEGATIVE] * len(request.neg_points)
        if request.obj_bbox is not None:
            corners = np.sort(np.array(request.obj_bbox, np.float64), axis=0)
            points += [tuple(corner) for corner in corners.tolist()]
            labels += [TOP_LEFT, BOTTOM_RIGHT]
        if POSITIVE not in labels and TOP_LEFT not in labels:
            raise RequestError("pos_points is empty: click on the object, or draw a box around it")
        shown = _in_what_is_shown(tuple(points), place)
        if self._options.padding_point and request.obj_bbox is None:
            shown, labels = np.concatenate((shown, np.zeros((1, 2)))), [*labels, PADDING]
        return {"points": shown[np.newaxis].astype(np.float32), "labels": np.array([labels], np.float32)}

    def _rest(self, place: Placement) -> dict[str, Array]:
        """Inputs that say nothing of the clicks."""
        names = self._options.decoder
        rest: dict[str, Array] = {}
        if names.image_size:
            rest["image_size"] = np.array(place.image[::-1], np.float32)
        if names.mask_input and self.decoder:
            shape = [length or 1 for length in self.decoder.shape("mask")]
            rest["mask"] = np.zeros(shape, np.float32)
        if names.has_mask_input:
            rest["has_mask"] = np.zeros(1, np.float32)
        return rest

    def _in_image(self, logits: Array, place: Placement) -> npt.NDArray[np.float32]:
        """Logits for each pixel of the image: scaled here unless the decoder has done it."""
        if self._options.decoder.image_size and logits.shape == place.image[::-1]:
            return np.asarray(logits, np.float32)
        cells = np.array(logits.shape[::-1]) / place.shown
        scale = cells * place.scale
        window = (0, 0, *place.image)
        return np.asarray(sample(logits, window, (scale[0], scale[1]), cells * place.offset), np.float32)


def _in_what_is_shown(points: Points, place: Placement) -> npt.NDArray[np.float64]:
    return np.array(points, np.float64).reshape(-1, 2) * place.scale + place.offset


def _blob(features: Array) -> str:
    return base64.b64encode(np.ascontiguousarray(features, "<f4").tobytes()).decode("ascii")

"""Object detectors with boxes, scores and classes as outputs, non-maximum suppression inside the network."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models.errors import ModelError
from models.function import Function
from models.image_input import ImageInput, batched, show
from models.images import Pixels, decode_image
from models.masks import MaskItems, sample
from models.runtime import Array, Runtime, find_model
from models.validation import Options, Request, parse_options, parse_request

Threshold = Annotated[float, Field(ge=0, le=1)]

BOX_NUMBERS = 4
MANY_BOXES = 10
"""Of so many, most have an area if the box order is right, whatever the image."""


class DetectorOutputs(Options):
    """The network's names for its outputs."""

    boxes: str
    """... x 4."""
    scores: str
    """One a box, 0 to 1."""
    labels: str
    """One a box: the id of the registry's spec."""
    count: str | None = None
    """How many of the boxes are meant; without it, all."""
    masks: str | None = None
    """One a box, probabilities 0 to 1 of the pixels inside of it: ... x n x height x width (Mask R-CNN)."""
    ignored: tuple[str, ...] = ()
    """Outputs that are known and not needed. Any other one is refused: it may say what the rest means."""


class DetectorOptions(Options):
    """sagemaker.options of a detector. The two handlers differ in nothing but the defaults."""

    model: str | None = None
    """File of the archive; not needed where it holds one network."""
    input: ImageInput
    output: DetectorOutputs
    box_order: Literal["xyxy", "yxyx"]
    box_units: Literal["pixels", "fractions"]
    """Pixels of the image as the network was shown it, or fractions 0 to 1 of it."""
    threshold: Threshold = 0.5
    """Where the request names none."""


class TorchvisionOptions(DetectorOptions):
    """Defaults: torchvision.models.detection exported to ONNX, which scales and normalises inside."""

    input: ImageInput = ImageInput(layout="CHW", divide=(255,))
    output: DetectorOutputs = DetectorOutputs(boxes="boxes", scores="scores", labels="labels")
    box_order: Literal["xyxy", "yxyx"] = "xyxy"
    box_units: Literal["pixels", "fractions"] = "pixels"


class TensorflowOptions(DetectorOptions):
    """Defaults: TensorFlow's object detection API. CVAT's function halves what exceeds 1920x1080."""

    input: ImageInput = ImageInput(name="image_tensor", layout="NHWC", max_size=(1920, 1080))
    output: DetectorOutputs = DetectorOutputs(
        boxes="detection_boxes",
        scores="detection_scores",
        labels="detection_classes",
        count="num_detections",
        ignored=(
            "raw_detection_boxes",
            "raw_detection_scores",
            "detection_anchor_indices",
            "detection_multiclass_scores",
            "detection_features",
        ),
    )
    box_order: Literal["xyxy", "yxyx"] = "yxyx"
    box_units: Literal["pixels", "fractions"] = "fractions"


class DetectorRequest(Request):
    """CVAT's call of a detector."""

    image: str
    threshold: Threshold | None = None


class Detector:
    """Rectangles with labels in pixels of the image that was sent."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime, options: DetectorOptions) -> None:
        if not function.labels:
            raise ModelError(f"function {function.name}: a detector needs labels in metadata.annotations.spec")
        self._labels = function.labels
        self._options = options
        path = find_model(folder, options.model)
        outputs = options.output.model_dump(exclude_none=True, exclude={"ignored"})
        self.network = runtime.load(path, {}, outputs, image=options.input)
        self._input = self.network.image or options.input
        self._check_outputs(path)

    def __call__(self, body: Any) -> list[dict[str, Any]]:
        """A list of {"label", "type": "rectangle", "points": [x1, y1, x2, y2], "confidence"}."""
        request = parse_request(DetectorRequest, body)
        threshold = self._options.threshold if request.threshold is None else request.threshold
        pixels = decode_image(request.image)
        height, width = pixels.shape[:2]
        return self._answer(*self._found(pixels, threshold), (width, height))

    def check_example(self, body: Any) -> None:
        """Raises ModelError where what the network says of an image cannot be boxes, scores and labels."""
        boxes, scores, ids, _ = self._found(decode_image(parse_request(DetectorRequest, body).image), 0)
        if (scores > 1).any():
            raise ModelError(f"the network's scores go up to {scores.max():.3g}; they must be 0 to 1, not logits")
        if (ids != np.floor(ids)).any():
            raise ModelError(
                "the network's labels are not whole numbers; they must be ids of metadata.annotations.spec"
            )
        solid = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        if len(boxes) >= MANY_BOXES and solid.mean() < 1 / 2:
            raise ModelError(
                f"{len(boxes) - solid.sum()} of the network's {len(boxes)} boxes end before they begin: "
                f"they are not in order {self._options.box_order}, or not corners"
            )

    def _check_outputs(self, path: Path) -> None:
        """Raises ModelError where the outputs cannot be n boxes of one image with a score and a label each."""
        unread = [names for names in self.network.unread if names.isdisjoint(self._options.output.ignored)]
        if unread:
            raise ModelError(
                f"{path.name} has an output that its handler does not read: {'/'.join(sorted(unread[0]))}. Export the "
                "network without it, or name it in sagemaker.options.output.ignored if the others say all"
            )
        boxes = self.network.output_shape("boxes")
        if boxes and (boxes[-1] not in (BOX_NUMBERS, None) or any(length not in (1, None) for length in boxes[:-2])):
            raise ModelError(f"{path.name}: the boxes are {_shown(boxes)}; they must be n x 4, of one image")
        for name in ("scores", "labels"):
            shape = self.network.output_shape(name)
            several = any(length not in (1, None) for length in shape[:-1])
            if several or (shape and boxes and None not in (shape[-1], boxes[-2]) and shape[-1] != boxes[-2]):
                raise ModelError(
                    f"{path.name}: the {name} are {_shown(shape)} for boxes {_shown(boxes)}; "
                    "they must be one for each box of one image"
                )

    def _found(self, pixels: Pixels, threshold: float) -> tuple[Array, Array, Array, Array | None]:
        """Boxes in fractions of the image, scores, ids and masks, if any, of what reaches the threshold."""
        shown, _ = show(pixels, self._input)
        results = self.network({"image": batched(shown, self._input)})
        boxes, scores, ids, masks = self._detections(results, threshold)
        factors = (1, 1) if self._options.box_units == "fractions" else shown.shape[1::-1]
        return boxes / np.tile(factors, 2), scores, ids, masks

    def _detections(self, results: dict[str, Array], threshold: float) -> tuple[Array, Array, Array, Array | None]:
        """Boxes (n x 4, x y x y), scores, ids and masks, if any, of what reaches the threshold."""
        boxes, scores, ids = results["boxes"], results["scores"].ravel(), results["labels"].ravel()
        if boxes.size != BOX_NUMBERS * len(scores) or len(scores) != len(ids):
            raise ModelError(
                f"the network answers boxes {_shown(boxes.shape)}, {len(scores)} scores and {len(ids)} labels; "
                "there must be one score and one label for each box"
            )
        boxes = boxes.reshape(-1, BOX_NUMBERS)
        count = int(results["count"].ravel()[0]) if "count" in results else len(boxes)
        # A network's unused rows may hold anything: NaN fails both comparisons and is left out.
        kept = np.flatnonzero((scores[:count] >= threshold) & np.isfinite(boxes[:count]).all(axis=1))
        if self._options.box_order == "yxyx":
            boxes = boxes[:, [1, 0, 3, 2]]
        masks = results.get("masks")
        if masks is not None:
            masks = masks.reshape(-1, *masks.shape[-2:])[kept]
        return boxes[kept].astype(np.float64), scores[kept], ids[kept], masks

    def _answer(
        self, boxes: Array, scores: Array, ids: Array, masks: Array | None, size: tuple[int, int]
    ) -> list[dict[str, Any]]:
        """Boxes in fractions of the image become items in pixels.

        What lies outside of the image, is flat or has no label in the spec is left out.
        """
        points = (boxes.clip(0, 1) * np.tile(size, 2)).round(2)
        solid = (points[:, 2] > points[:, 0]) & (points[:, 3] > points[:, 1])
        drawn = MaskItems()
        items = []
        for index in np.flatnonzero(solid):
            if int(ids[index]) not in self._labels:
                continue
            shape: dict[str, Any] | None = {"type": "rectangle", "points": points[index].tolist()}
            if masks is not None:
                shape = _inside(masks[index], points[index], size, drawn)
            if shape is not None:
                confidence = round(float(scores[index]), 4)
                items.append({"label": self._labels[int(ids[index])], **shape, "confidence": confidence})
        return items


def _inside(field: Array, box: Array, size: tuple[int, int], drawn: MaskItems) -> dict[str, Any] | None:
    """The item of a mask that fills its box; half of a probability and more is the object."""
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.minimum(np.ceil(box[2:]).astype(int), size)
    scale = np.array(field.shape[::-1]) / (box[2:] - box[:2])
    values = sample(field, (left, top, right, bottom), (scale[0], scale[1]), -box[:2] * scale)
    return drawn.item((values >= 1 / 2).astype(np.uint8), (int(left), int(top)))


def _shown(shape: Sequence[int | None]) -> str:
    return " x ".join("?" if length is None else str(length) for length in shape) or "of an unknown shape"


def detector(model: type[DetectorOptions]) -> Callable[[Function, Path, Runtime], Detector]:
    """What makes a detector whose options have these defaults."""

    def make(function: Function, folder: Path, runtime: Runtime) -> Detector:
        return Detector(function, folder, runtime, parse_options(model, function.name, function.options))

    return make

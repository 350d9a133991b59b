"""Detectors whose form of output the registry declares: DETR and YOLO in all their kinds, with masks and keypoints."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models.errors import ModelError
from models.function import Function
from models.handlers.detector import DetectorRequest, Threshold
from models.image_input import ImageInput, Placement, batched, show
from models.images import Pixels, decode_image
from models.masks import MaskItems, sample
from models.output_forms import FORMS, AnyForm, Found
from models.runtime import Array, Runtime, find_model
from models.validation import Options, parse_options, parse_request

MANY_BOXES = 10
"""Of so many, most do not end before they begin if they are read as they are meant, whatever the image."""


class DeclaredOptions(Options):
    """sagemaker.options of a detector. The handlers differ in nothing but the default of output.form."""

    model: str | None = None
    """File of the archive; not needed where it holds one network."""
    input: ImageInput
    constants: dict[str, list[Any] | float] = Field(default_factory=dict)
    """Other inputs of the network -> the value that each is always fed, e.g. orig_target_sizes: [[640, 640]]."""
    output: AnyForm
    prompts: dict[str, list[str]] = Field(default_factory=dict)
    """Of an open vocabulary: label -> phrases that were folded into the network when it was exported."""
    threshold: Threshold = 0.5
    """Where the request names none."""
    shape: Literal["mask", "polygon", "rectangle"] = "mask"
    """Of objects with masks."""
    keypoint_threshold: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Keypoints with a lower score are marked as outside of the picture."""


class DeclaredDetector:
    """Rectangles, masks, skeletons or points with labels in pixels of the image that was sent."""

    def __init__(self, function: Function, folder: Path, runtime: Runtime, options: DeclaredOptions) -> None:
        if not function.labels:
            raise ModelError(f"function {function.name}: a detector needs labels in metadata.annotations.spec")
        self._function = function
        self._options = options
        unknown = sorted(set(options.prompts) - set(function.labels.values()))
        if unknown:
            raise ModelError(
                f"function {function.name}: sagemaker.options.prompts has {', '.join(unknown)}, "
                "which metadata.annotations.spec has not"
            )
        self._read = FORMS[options.output.form][1]
        path = find_model(folder, options.model)
        self.network = runtime.load(
            path, {}, options.output.outputs(), image=options.input, constants=options.constants
        )
        self._input = self.network.image or options.input
        unread = [names for names in self.network.unread if names.isdisjoint(options.output.ignored)]
        if unread:
            raise ModelError(
                f"{path.name} has an output that its handler does not read: {'/'.join(sorted(unread[0]))}. Export the "
                "network without it, or name it in sagemaker.options.output.ignored if the others say all"
            )
        self._check_keypoints()

    def __call__(self, body: Any) -> list[dict[str, Any]]:
        """A list of {"label", "type", "points", "confidence"}, of skeletons with "elements", of masks with "mask"."""
        request = parse_request(DetectorRequest, body)
        threshold = self._options.threshold if request.threshold is None else request.threshold
        pixels = decode_image(request.image)
        detections, place = self._find(pixels, threshold)
        boxes = place.to_image(detections.boxes).clip(0, np.tile(place.image, 2)).round(2)
        solid = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        known = np.array(
            [label == int(label) and int(label) in self._function.labels for label in detections.ids], bool
        )
        chosen = np.flatnonzero(solid & known)
        return self._items(detections[chosen], boxes[chosen], place)

    def check_example(self, body: Any) -> None:
        """Raises ModelError where what the network says of an image cannot be what the options declare."""
        detections, _ = self._find(decode_image(parse_request(DetectorRequest, body).image), 0)
        if (detections.scores > 1).any():
            raise ModelError(
                f"the network's scores go up to {detections.scores.max():.3g}; they must be 0 to 1: are they logits, "
                "sagemaker.options.output.activation says so"
            )
        if (detections.ids != np.floor(detections.ids)).any():
            raise ModelError("the network's labels are not whole numbers: output.columns is not in its order")
        boxes = detections.boxes
        backwards = (boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])  # unused rows are often all zeros
        if len(boxes) >= MANY_BOXES and backwards.mean() > 1 / 2:
            raise ModelError(
                f"{backwards.sum()} of the network's {len(boxes)} boxes end before they begin: "
                "they are not in the format that sagemaker.options.output declares"
            )

    def _find(self, pixels: Pixels, threshold: float) -> tuple[Found, Placement]:
        shown, place = show(pixels, self._input)
        results = self.network({"image": batched(shown, self._input)})
        return self._read(self._options.output, results, place.shown, threshold), place

    def _items(self, detections: Found, boxes: Array, place: Placement) -> list[dict[str, Any]]:
        masks = MaskItems(self._options.shape)
        items = []
        for index, (box, score) in enumerate(zip(boxes, detections.scores, strict=True)):
            label = self._function.labels[int(detections.ids[index])]
            shape: Mapping[str, Any] | None = {"type": "rectangle", "points": box.tolist()}
            if detections.keypoints is not None:
                shape = self._keypoints(label, detections.keypoints[index], place)
            elif detections.masks is not None and self._options.shape != "rectangle":
                shape = _mask(detections.masks[index], box, place, masks)
            if shape is not None:
                items.append({"label": label, **shape, "confidence": round(float(score), 4)})
        return items

    def _keypoints(self, label: str, keypoints: Array, place: Placement) -> dict[str, Any] | None:
        """A skeleton where the label has sublabels, else points: of what is seen."""
        points = place.to_image(keypoints[:, :2].astype(np.float64)).round(2)
        seen = keypoints[:, 2] >= self._options.keypoint_threshold
        if not seen.any():
            return None
        names = self._function.sublabels.get(label)
        if not names:
            return {"type": "points", "points": points[seen].ravel().tolist()}
        elements = [
            {
                "label": name,
                "type": "points",
                "points": points[index].tolist(),
                "outside": int(not seen[index]),
                "confidence": round(float(keypoints[index, 2].clip(0, 1)), 4),
            }
            for index, name in enumerate(names)
        ]
        return {"type": "skeleton", "elements": elements}

    def _check_keypoints(self) -> None:
        count = getattr(self._options.output, "keypoints", 0)
        for label, names in self._function.sublabels.items():
            if count and len(names) != count:
                raise ModelError(
                    f"function {self._function.name}: label {label!r} has {len(names)} sublabels; "
                    f"the network has {count} keypoints, and each is one, in this order"
                )


def _mask(field: Array, box: Array, place: Placement, masks: MaskItems) -> dict[str, Any] | None:
    """The item of a mask over all that was shown, cut to the object's box."""
    left, top = np.floor(box[:2]).astype(int)
    right, bottom = np.minimum(np.ceil(box[2:]).astype(int), place.image)
    cells = np.array(field.shape[::-1]) / place.shown
    scale = cells * place.scale
    values = sample(field, (left, top, right, bottom), (scale[0], scale[1]), cells * place.offset)
    return masks.item((values > 0).astype(np.uint8), (int(left), int(top)))


def declared_detector(form: str) -> Callable[[Function, Path, Runtime], DeclaredDetector]:
    """What makes a detector whose output.form is this unless the registry file names another."""

    def make(function: Function, folder: Path, runtime: Runtime) -> DeclaredDetector:
        given = dict(function.options)
        output = given.get("output", {})
        given["output"] = {"form": form, **output} if isinstance(output, dict) else output
        options = parse_options(DeclaredOptions, function.name, given)
        return DeclaredDetector(function, folder, runtime, options)

    return make

"""Exports torchvision's own detector to ONNX, where torch and torchvision are installed: not in the image."""

from pathlib import Path
from typing import Any

from models.errors import ModelError

REMEDY = "install them first, e.g. `pip install torch torchvision onnx`"
OPSET = 17
"""The newest that torch's tracing exporter writes without conversion, and all that the network needs."""
EXAMPLE_SIZE = (480, 640)
"""Height and width of the image that is traced; any size can be served."""


def export_faster_rcnn(output: Path, weights: Path | None = None) -> None:
    """Writes torchvision's fasterrcnn_resnet50_fpn: images 3 x H x W, 0 to 1, to boxes, labels, scores.

    weights is a state dict saved by torch; without it torchvision downloads its COCO_V1 weights. A
    ModelError where torch is missing or the weights do not fit.
    """
    try:
        import torch  # noqa: PLC0415
        from torchvision.models import detection  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(f"export needs torch and torchvision ({error}): {REMEDY}") from None
    chosen = None if weights else detection.FasterRCNN_ResNet50_FPN_Weights.COCO_V1
    network = detection.fasterrcnn_resnet50_fpn(weights=chosen, weights_backbone=None)
    if weights:
        try:
            network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
        except (OSError, RuntimeError) as error:
            raise ModelError(f"--weights {weights} does not fit fasterrcnn_resnet50_fpn: {error}") from None
    export_detector(network, output)


def export_detector(network: Any, output: Path) -> None:
    """Writes any of torchvision's detectors as ONNX with the signature that torchvision-detector serves."""
    import torch  # noqa: PLC0415

    names = ["boxes", "labels", "scores"]
    network.eval()
    output.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        ([torch.rand(3, *EXAMPLE_SIZE)],),
        str(output),
        dynamo=False,  # torchvision keeps its ONNX branches (dynamic resize, NMS) for the tracing exporter
        opset_version=OPSET,
        input_names=["images"],
        output_names=names,
        dynamic_axes={"images": {1: "height", 2: "width"}, **{name: {0: "n"} for name in names}},
    )

"""Networks of the catalogue's architectures with random weights, which take as long as the real ones.

Needs torch, transformers and mobile_sam (PyPI mobilesam-mirror); what is not installed is left out, and said.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openvino as ov


def rtdetr_v2_r18(folder: Path) -> None:
    """RT-DETRv2 with ResNet 18, as PekingU/rtdetr_v2_r18vd is configured."""
    transformers = importlib.import_module("transformers")
    backbone = transformers.RTDetrResNetConfig(
        embedding_size=64,
        hidden_sizes=[64, 128, 256, 512],
        depths=[2, 2, 2, 2],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = transformers.RTDetrV2Config(
        backbone_config=backbone,
        encoder_in_channels=[128, 256, 512],
        hidden_expansion=0.5,
        decoder_layers=3,
        num_labels=80,
        anchor_image_size=[640, 640],
    )
    network = transformers.RTDetrV2ForObjectDetection(config)
    _write(_detector(network), 640, folder / "model.xml")


def owlv2_base(folder: Path) -> None:
    """OWLv2 base with patches of 16 pixels, two labels folded in."""
    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
    owlv2 = importlib.import_module("exports.owlv2")
    vision = {"hidden_size": 768, "image_size": 960, "patch_size": 16, "num_hidden_layers": 12}
    network = transformers.Owlv2ForObjectDetection(transformers.Owlv2Config(vision_config=vision))
    tokens = torch.randint(1, 1000, (2, 16))
    _write(owlv2.Folded(network, tokens, torch.ones_like(tokens), (1, 1)), 960, folder / "model.xml")


def mobile_sam(folder: Path) -> None:
    """MobileSAM's encoder, and its decoder as SAM exports it."""
    torch = importlib.import_module("torch")
    sam = importlib.import_module("mobile_sam").build_sam_vit_t().eval()
    exported = importlib.import_module("mobile_sam.utils.onnx").SamOnnxModel(sam, return_single_mask=True)
    _write(sam.image_encoder, 1024, folder / "encoder.xml", ("image",), ("image_embeddings",))
    feeds = {
        "image_embeddings": torch.randn(1, 256, 64, 64),
        "point_coords": torch.rand(1, 2, 2) * 1024,
        "point_labels": torch.tensor([[1.0, -1.0]]),
        "mask_input": torch.zeros(1, 1, 256, 256),
        "has_mask_input": torch.zeros(1),
        "orig_im_size": torch.tensor([1080.0, 1920.0]),
    }
    torch.onnx.export(
        exported,
        tuple(feeds.values()),
        str(folder / "decoder.onnx"),
        dynamo=False,
        opset_version=17,
        input_names=list(feeds),
        output_names=["masks", "iou_predictions", "low_res_masks"],
        dynamic_axes={"point_coords": {1: "points"}, "point_labels": {1: "points"}},
    )


BUILDERS: dict[str, Callable[[Path], None]] = {
    "mobile-sam": mobile_sam,
    "owlv2-words": owlv2_base,
    "rtdetr-v2-r18": rtdetr_v2_r18,
}
"""Models of the catalogue -> what writes their networks into a folder. ImportError where a package is missing."""
OPTIONS: dict[str, dict[str, Any]] = {"mobile-sam": {"input": {"fit": "pad", "fill": [124, 116, 104]}}}
"""sagemaker.options for a network that is built here otherwise than the published file."""


def _detector(network: Any) -> Any:
    """The network with plain tensors as its answer."""
    torch = importlib.import_module("torch")

    class Plain(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixel_values: Any) -> Any:
            answer = self.network(pixel_values)
            return answer.logits, answer.pred_boxes

    return Plain()


def _write(
    network: Any,
    side: int,
    path: Path,
    inputs: tuple[str, ...] = ("pixel_values",),
    outputs: tuple[str, ...] = ("logits", "pred_boxes"),
) -> None:
    """OpenVINO IR of a network that takes one square image."""
    torch = importlib.import_module("torch")
    network.eval().requires_grad_(False)
    model = ov.convert_model(network, example_input=torch.rand(1, 3, side, side), input=[(1, 3, side, side)])
    for ports, names in ((model.inputs, inputs), (model.outputs, outputs)):
        for port, name in zip(ports, names, strict=True):
            port.get_tensor().set_names({name})
    ov.save_model(model, path, compress_to_fp16=False)

"""Writes IOG's network as ONNX, from a checkout of its own code. Run it where torch is installed.

git clone https://github.com/shiyinzhang/Inside-Outside-Guidance
python exports/iog.py --source Inside-Outside-Guidance --weights IOG_PASCAL_SBD.pth --output model.onnx
"""

import argparse
import importlib
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

SIDE = 512
"""Pixels of the network's input, as in CVAT's function."""
STRIDE = 16
"""Pixels of the input for one of the deepest features (output_stride)."""
FINE = 4
"""Which of the network's five answers is the refined mask."""
OPSET = 17


class Fine(nn.Module):
    """Image and clicks, 1 x 5 x 512 x 512, 0 to 255 -> the refined mask's scores, 1 x 1 x 512 x 512."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Any) -> Any:
        return self.net(image)[FINE]


class FixedPool(nn.Module):
    """AdaptiveAvgPool2d for one known input size, as two products: ONNX has no pooling of uneven bins."""

    def __init__(self, bins: int, side: int) -> None:
        super().__init__()
        weights = torch.zeros(bins, side)
        for index in range(bins):
            first, last = index * side // bins, -(-(index + 1) * side // bins)
            weights[index, first:last] = 1 / (last - first)
        self.register_buffer("weights", weights)

    def forward(self, features: Any) -> Any:
        return self.weights @ features @ self.weights.T


def load(source: Path, weights: Path | None) -> Any:
    """IOG's network in evaluation mode; random weights (for trials) where none are given."""
    sys.path.insert(0, str(source))
    network = importlib.import_module("networks.mainnetwork").Network(
        nInputChannels=5,
        num_classes=1,
        backbone="resnet101",
        output_stride=STRIDE,
        sync_bn=None,
        freeze_bn=False,
    )
    if weights:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=False))
    return network.eval()


def export(net: Any, output: Path) -> None:
    """Writes the ONNX file."""
    output.parent.mkdir(parents=True, exist_ok=True)
    for stage in net.psp4.stages:
        stage[0] = FixedPool(stage[0].output_size[0], SIDE // STRIDE)
    torch.onnx.export(
        Fine(net).eval(),
        (torch.rand(1, 5, SIDE, SIDE) * 255,),
        str(output),
        dynamo=False,
        opset_version=OPSET,
        input_names=["image"],
        output_names=["mask"],
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, metavar="DIR", help="checkout of Inside-Outside-Guidance")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="IOG_PASCAL_SBD.pth; without it, random weights")
    parser.add_argument("--output", type=Path, default=Path("model.onnx"), metavar="FILE", help="default: %(default)s")
    parsed = parser.parse_args()
    torch.manual_seed(0)
    export(load(parsed.source, parsed.weights), parsed.output)


if __name__ == "__main__":
    main()

"""Writes SiamMask's three networks as ONNX, from a checkout of its own code. Run it where torch is installed.

    git clone https://github.com/foolwood/SiamMask
    python exports/siammask.py --source SiamMask --weights SiamMask_DAVIS.pth --output onnx

A script and not a part of the package: SiamMask's code has a package `models` of its own.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

FEATURES = ("f0", "f1", "f2")
OPSET = 17


class Template(nn.Module):
    """Exemplar 127 x 127 -> its features."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.features = net.features

    def forward(self, z: Any) -> Any:
        return self.features(z)


class Search(nn.Module):
    """Template features and search window 255 x 255 -> scores, boxes, three stages, correlation."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.features, self.rpn, self.mask = net.features, net.rpn_model, net.mask_model.mask

    def forward(self, zf: Any, x: Any) -> Any:
        stages, top = self.features.forward_all(x)
        score, delta = self.rpn(zf, top)
        return score, delta, *stages[: len(FEATURES)], self.mask.forward_corr(zf, top)


class Refine(nn.Module):
    """Pieces of the features around one candidate -> its mask, 127 x 127: Refine.forward() after its cuts."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net.refine_model

    def forward(self, f0: Any, f1: Any, f2: Any, corr: Any) -> Any:
        net, resize = self.net, nn.functional.interpolate
        out = net.deconv(corr)
        out = net.post0(resize(net.h2(out) + net.v2(f2), size=(31, 31)))
        out = net.post1(resize(net.h1(out) + net.v1(f1), size=(61, 61)))
        out = net.post2(resize(net.h0(out) + net.v0(f0), size=(127, 127)))
        return out.reshape(1, 127 * 127)


def load(source: Path, weights: Path | None) -> Any:
    """SiamMask's network in evaluation mode; random weights (for trials) where none are given."""
    experiment = source / "experiments" / "siammask_sharp"
    sys.path[:0] = [str(source), str(experiment)]
    config = json.loads((experiment / "config_davis.json").read_text())
    net = importlib.import_module("custom").Custom(anchors=config["anchors"])
    if weights:
        state = torch.load(weights, map_location="cpu", weights_only=False)
        state = state.get("state_dict", state)
        net.load_state_dict({name.removeprefix("module."): value for name, value in state.items()})
    return net.eval()


def export(net: Any, output: Path) -> None:
    """Writes template.onnx, search.onnx and refine.onnx."""
    output.mkdir(parents=True, exist_ok=True)
    z, x = torch.rand(1, 3, 127, 127) * 255, torch.rand(1, 3, 255, 255) * 255
    with torch.no_grad():
        zf = net.features(z)
    patches = (
        torch.rand(1, 64, 61, 61),
        torch.rand(1, 256, 31, 31),
        torch.rand(1, 512, 15, 15),
        torch.rand(1, 256, 1, 1),
    )
    names = (*FEATURES, "corr")
    parts: tuple[tuple[str, Any, Any, list[str], list[str]], ...] = (
        ("template", Template, (z,), ["z"], ["zf"]),
        ("search", Search, (zf, x), ["zf", "x"], ["score", "delta", *names]),
        ("refine", Refine, patches, list(names), ["mask"]),
    )
    for part, network, inputs, sent, answered in parts:
        torch.onnx.export(
            network(net).eval(),
            inputs,
            str(output / f"{part}.onnx"),
            dynamo=False,
            opset_version=OPSET,
            input_names=sent,
            output_names=answered,
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, metavar="DIR", help="checkout of foolwood/SiamMask")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="SiamMask_DAVIS.pth; without it, random weights")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where to put the ONNX files")
    parsed = parser.parse_args()
    torch.manual_seed(0)
    export(load(parsed.source, parsed.weights), parsed.output)


if __name__ == "__main__":
    main()

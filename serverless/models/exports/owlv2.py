"""Folds a team's own words into OWLv2: the text tower runs once, here, and the network keeps what it said.

    python exports/owlv2.py FUNCTION.yaml --weights google/owlv2-base-patch16-ensemble --output model.onnx

The words are sagemaker.options.prompts of the registry file, which must have its labels in metadata.annotations.spec.
Needs torch, transformers and onnx; neither they nor a tokenizer are in the container. With other words, run it and
`pack` again.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from models.function import Function, read_function
from torch import nn

OPSET = 17


class Folded(nn.Module):
    """Image to logits of labels and boxes: a label's logit is the highest of its phrases'."""

    def __init__(
        self, network: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, counts: Sequence[int]
    ) -> None:
        """input_ids and attention_mask: one row a phrase; counts: phrases of each label, in the order of the rows."""
        super().__init__()
        self.network = network.eval()
        self.counts = tuple(counts)
        with torch.no_grad():
            text = network.owlv2.get_text_features(input_ids=input_ids, attention_mask=attention_mask)
            text = getattr(text, "pooler_output", text)
        self.register_buffer("queries", (text / text.norm(dim=-1, keepdim=True))[None])
        self.register_buffer("mask", torch.ones(1, len(input_ids), dtype=torch.bool))

    def forward(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """1 x 3 x S x S -> logits 1 x patches x labels, boxes 1 x patches x 4 (centre and size, fractions)."""
        features = self.network.image_embedder(pixel_values)[0]
        flat = features.flatten(1, 2)
        phrases = self.network.class_predictor(flat, self.queries, self.mask)[0]
        labels = [part.amax(dim=-1) for part in phrases.split(self.counts, dim=-1)]
        return torch.stack(labels, dim=-1), self.network.box_predictor(flat, features)


def phrases_of(function: Function) -> Mapping[str, Sequence[str]]:
    """Label -> its phrases, in the order of the labels' ids, which must be 0, 1, 2 and so on. Raises ValueError."""
    prompts = function.options.get("prompts") or {}
    if sorted(function.labels) != list(range(len(function.labels))) or set(prompts) != set(function.labels.values()):
        raise ValueError(
            f"{function.name}: sagemaker.options.prompts has {sorted(prompts)}; it must have the labels of the spec, "
            f"{sorted(function.labels.values())}, whose ids must be 0, 1, 2 and so on"
        )
    return {function.labels[index]: prompts[function.labels[index]] for index in sorted(function.labels)}


def export(folded: Folded, output: Path) -> None:
    """Writes the folded network as ONNX, for one image at the network's own size."""
    side = folded.network.config.vision_config.image_size
    torch.onnx.export(
        folded,
        (torch.zeros(1, 3, side, side),),
        str(output),
        dynamo=False,
        opset_version=OPSET,
        input_names=["pixel_values"],
        output_names=["logits", "pred_boxes"],
    )


def main() -> None:
    """The command line."""
    from transformers import AutoTokenizer, Owlv2ForObjectDetection  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("function", type=Path, help="registry file")
    parser.add_argument("--weights", required=True, help="folder, or name on the hub, of the two-tower network")
    parser.add_argument("--output", type=Path, default=Path("model.onnx"))
    parsed = parser.parse_args()
    phrases = phrases_of(read_function(parsed.function))
    tokenizer = AutoTokenizer.from_pretrained(parsed.weights)
    words = [phrase for several in phrases.values() for phrase in several]
    tokens = tokenizer(words, padding="max_length", max_length=16, truncation=True, return_tensors="pt")
    network = Owlv2ForObjectDetection.from_pretrained(parsed.weights)
    counts = [len(several) for several in phrases.values()]
    export(Folded(network, tokens.input_ids, tokens.attention_mask, counts), parsed.output)


if __name__ == "__main__":
    main()

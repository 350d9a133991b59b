"""Networks that are exported, packed and served answer as their authors' own code does, with random weights.

The weights of the scoring layers are spread out: with those of an untrained network all candidates tie, each runtime
chooses others, and a comparison proves nothing.
"""

import importlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import openvino as ov
import pytest
import yaml
from models.archive import pack
from models.examples import encode
from models.image_input import ImageInput, show
from models.runtime import RUNTIMES
from models.service import Service, load_service

from tests.support.models.model_process import unpack
from tests.support.models.service import ask, document

segment_anything = pytest.importorskip(
    "segment_anything", reason="torch, transformers and segment-anything are not installed"
)
transformers = pytest.importorskip("transformers", reason="torch, transformers and segment-anything are not installed")
torch = pytest.importorskip("torch", reason="torch, transformers and segment-anything are not installed")
torch.set_num_threads(1)
owlv2 = importlib.import_module("exports.owlv2")
sam_export = importlib.import_module("segment_anything.utils.onnx")

SIDE = 320
LABELS = [{"id": index, "name": f"class {index}"} for index in range(20)]


def photo(width: int, height: int) -> np.typing.NDArray[np.uint8]:
    """Smooth colours, with edges."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 23 + k) + np.cos(y / 17 * (k + 1)) + (x // 40 + y // 30) % 2 for k in range(3)]
    pixels = np.stack(waves, axis=2) * 55 + 110 + rng.normal(0, 4, (height, width, 3))
    return pixels.clip(0, 255).astype(np.uint8)


def packed(tmp_path: Path, content: dict[str, Any], weights: list[Path], runtime: str) -> Service:
    (tmp_path / "made.yaml").write_text(yaml.safe_dump(content))
    archive = pack(tmp_path, "made", weights, tmp_path / runtime)
    return load_service(unpack(archive.path, tmp_path / runtime / "unpacked"), 2, runtime=runtime)


def spread(network: Any, values: Any) -> None:
    """Makes the scores and boxes of a DETR-like network differ from candidate to candidate: logits around 0, by 1.5."""
    torch.manual_seed(3)
    spreads: dict[str, tuple[float, float]] = {}
    scored = ("enc_score_head", "class_embed")
    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, torch.nn.Linear)}
    scoring = {name: layer for name, layer in layers.items() if any(part in name.split(".") for part in scored)}
    with torch.no_grad():
        for name, layer in layers.items():
            if name in scoring or "bbox" in name:
                layer.weight.normal_(0, 1 / layer.in_features**0.5)

        def note(name: str) -> Any:
            return lambda _layer, _inputs, output: spreads.__setitem__(
                name, (float(output.mean()), float(output.std()))
            )

        hooks = [layer.register_forward_hook(note(name)) for name, layer in scoring.items()]
        for _ in range(2):  # what the decoder is given changes with what the encoder scores
            network(values)
            for name, layer in scoring.items():
                if name in spreads:
                    mean, deviation = spreads[name]
                    layer.weight.mul_(1.5 / deviation)
                    layer.bias.sub_(mean).mul_(1.5 / deviation)
        for hook in hooks:
            hook.remove()


def detr_like(kind: str) -> Any:
    """A small D-FINE or RT-DETRv2."""

    torch.manual_seed(1)
    sizes = {"num_labels": 20, "num_queries": 60, "decoder_layers": 2, "anchor_image_size": [SIDE, SIDE]}
    if kind == "RT-DETRv2":
        network = transformers.RTDetrV2ForObjectDetection(transformers.RTDetrV2Config(**sizes)).eval()
    else:
        network = transformers.DFineForObjectDetection(transformers.DFineConfig(**sizes)).eval()
    return network


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["D-FINE", "RT-DETRv2"])
def test_detr_likes_answer_as_transformers_does(tmp_path: Path, kind: str) -> None:

    network = detr_like(kind)
    width, height = 640, 480
    pixels = photo(width, height)

    shown, _ = show(pixels, ImageInput(size=(SIDE, SIDE)))
    values = torch.from_numpy(shown).permute(2, 0, 1)[None].float() / 255
    spread(network, values)
    with torch.no_grad():
        outputs = network(values)
    (truth,) = transformers.RTDetrImageProcessor().post_process_object_detection(
        outputs, threshold=0.5, target_sizes=[(height, width)]
    )

    class Plain(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = network.requires_grad_(False)

        def forward(self, pixel_values: Any) -> Any:
            answer = self.network(pixel_values)
            return answer.logits, answer.pred_boxes

    model = ov.convert_model(Plain(), example_input=values, input=[("pixel_values", [1, 3, SIDE, SIDE])])
    model.input(0).get_tensor().set_names({"pixel_values"})
    for port, name in zip(model.outputs, ("logits", "pred_boxes"), strict=True):
        port.get_tensor().set_names({name})
    ov.save_model(model, tmp_path / "model.xml", compress_to_fp16=False)
    content = document(
        "detector",
        "detr-detector",
        {"input": {"name": "pixel_values", "divide": [255]}, "output": {"top": 60}},
        LABELS,
    )
    service = packed(tmp_path, content, sorted(tmp_path.glob("model.*")), "openvino")
    items = ask(service, image=encode(pixels), threshold=0.5)
    agree(items, truth, (width, height))


def agree(items: list[dict[str, Any]], truth: dict[str, Any], size: tuple[int, int]) -> None:
    """Boxes to half a pixel and scores to 0.001, after both were cut to the image."""
    boxes = truth["boxes"].numpy().astype(np.float64).clip(0, np.tile(size, 2))
    scores, labels = truth["scores"].numpy(), truth["labels"].numpy()
    solid = (boxes[:, 2] - boxes[:, 0] > 0.02) & (boxes[:, 3] - boxes[:, 1] > 0.02)
    boxes, scores, labels = boxes[solid], scores[solid], labels[solid]
    assert len(scores) >= 15, "random weights that find little prove little"
    assert len(set(scores.round(4))) > len(scores) * 0.8, "scores that tie prove no order"
    order = np.argsort(-scores, kind="stable")
    theirs = sorted(zip(labels[order].tolist(), scores[order].tolist(), boxes[order].tolist(), strict=True))
    ours = sorted((int(item["label"].split()[1]), item["confidence"], item["points"]) for item in items)
    assert len(ours) == len(theirs)
    assert [label for label, *_ in ours] == [label for label, *_ in theirs]
    left = list(theirs)
    worst_box = worst_score = 0.0
    for label, score, box in ours:
        same = [entry for entry in left if entry[0] == label and abs(entry[1] - score) < 1e-3]
        assert same, f"class {label} with score {score} is not among the original's"
        best = min(same, key=lambda entry: np.abs(np.array(entry[2]) - box).max())
        left.remove(best)
        worst_box = max(worst_box, float(np.abs(np.array(best[2]) - box).max()))
        worst_score = max(worst_score, abs(best[1] - score))
    print(f"\n{len(ours)} boxes; up to {worst_box:.3f} pixels and {worst_score:.5f} in score")  # noqa: T201
    assert worst_box < 0.5
    assert worst_score < 1e-3


@pytest.fixture(scope="module")
def owl() -> Any:
    """A small OWLv2 whose scores differ."""

    torch.manual_seed(2)
    tower = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4}
    config = transformers.Owlv2Config(
        text_config={**tower, "vocab_size": 200, "max_position_embeddings": 16, "eos_token_id": 199},
        vision_config={**tower, "image_size": 96, "patch_size": 8},
        projection_dim=64,
    )
    network = transformers.Owlv2ForObjectDetection(config).eval()
    with torch.no_grad():
        network.owlv2.vision_model.embeddings.patch_embedding.weight.normal_(0, 0.3)
        network.class_head.logit_scale.weight.zero_()
        network.class_head.logit_scale.bias.fill_(4)
        network.class_head.logit_shift.weight.mul_(0.05)
        network.box_head.dense2.bias.zero_()
        raw: list[Any] = []
        hook = network.box_head.dense2.register_forward_hook(
            lambda _layer, _inputs, output: raw.append(output.abs().max())
        )
        ids, attention = phrases()
        network(input_ids=ids, pixel_values=torch.rand(1, 3, 96, 96), attention_mask=attention)
        hook.remove()
        network.box_head.dense2.weight.mul_(1.5 / raw[0])
    return network


def phrases() -> tuple[Any, Any]:
    """Tokens of five phrases: two of the first label, one of the second, two of the third."""
    rng = np.random.default_rng(8)
    ids = torch.from_numpy(rng.integers(1, 198, (5, 16)))
    ids[:, 9:] = 0
    ids[:, 8] = 199
    return ids, (ids > 0).long()


COUNTS = (2, 1, 2)


def test_the_folded_network_is_the_two_tower_network(owl: Any) -> None:

    ids, attention = phrases()
    values = torch.randn(1, 3, 96, 96)
    with torch.no_grad():
        both = owl(input_ids=ids, pixel_values=values, attention_mask=attention)
        logits, boxes = owlv2.Folded(owl, ids, attention, COUNTS)(values)
    expected = torch.stack([part.amax(-1) for part in both.logits.split(COUNTS, -1)], -1)
    assert both.logits.std() > 0.1, "scores all alike prove nothing"
    assert (logits - expected).abs().max() < 1e-4
    assert (boxes - both.pred_boxes).abs().max() < 1e-4


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_folded_words_are_found_as_transformers_finds_them(owl: Any, tmp_path: Path, runtime: str) -> None:

    ids, attention = phrases()
    width, height = 192, 144
    pixels = photo(width, height)
    shown, _ = show(pixels, ImageInput(size=(96, 96), fit="pad", fill=0))
    values = torch.from_numpy(shown).permute(2, 0, 1)[None].float() / 255
    folded = owlv2.Folded(owl, ids, attention, COUNTS)
    with torch.no_grad():
        both = owl(input_ids=ids, pixel_values=values, attention_mask=attention)
    grouped = SimpleNamespace(
        logits=torch.stack([part.amax(-1) for part in both.logits.split(COUNTS, -1)], -1), pred_boxes=both.pred_boxes
    )
    threshold = float(grouped.logits.sigmoid().amax(-1).flatten().sort().values[-40])
    (truth,) = transformers.Owlv2ImageProcessor().post_process_object_detection(
        grouped, threshold=threshold, target_sizes=[(max(width, height), max(width, height))]
    )
    owlv2.export(folded, tmp_path / "model.onnx")
    options = {
        "input": {"name": "pixel_values", "divide": [255], "fit": "pad", "fill": 0},
        "output": {"pick": "best"},
        "prompts": {"class 0": ["a forklift"], "class 1": ["a pallet"], "class 2": ["a crate"]},
    }
    service = packed(
        tmp_path, document("detector", "detr-detector", options, LABELS[:3]), [tmp_path / "model.onnx"], runtime
    )
    agree(ask(service, image=encode(pixels), threshold=threshold), truth, (width, height))


def test_words_must_be_labels(tmp_path: Path) -> None:

    def function(prompts: Any, ids: tuple[int, ...] = (0, 1)) -> Any:
        labels = dict(zip(ids, ("forklift", "pallet"), strict=True))
        return SimpleNamespace(name="owl", labels=labels, options={"prompts": prompts})

    words = {"pallet": ["a wooden pallet"], "forklift": ["a forklift", "an orange truck"]}
    assert list(owlv2.phrases_of(function(words))) == ["forklift", "pallet"], "in the order of the ids"
    for wrong in (function({"pallet": []}), function(words | {"dog": ["a dog"]}), function(words, (1, 2))):
        with pytest.raises(ValueError, match=r"prompts has .*; it must have the labels of the spec"):
            owlv2.phrases_of(wrong)


def segment_anything_network(side: int) -> Any:
    """The authors' modules at a small size, with random weights whose masks have edges."""
    torch.manual_seed(4)
    grid = side // 16
    transformer = segment_anything.modeling.TwoWayTransformer(depth=2, embedding_dim=64, mlp_dim=128, num_heads=4)
    sam = segment_anything.modeling.Sam(
        image_encoder=segment_anything.modeling.ImageEncoderViT(
            img_size=side, embed_dim=64, depth=2, num_heads=4, out_chans=64
        ),
        prompt_encoder=segment_anything.modeling.PromptEncoder(
            embed_dim=64, image_embedding_size=(grid, grid), input_image_size=(side, side), mask_in_chans=16
        ),
        mask_decoder=segment_anything.modeling.MaskDecoder(
            num_multimask_outputs=3, transformer=transformer, transformer_dim=64
        ),
    ).eval()
    with torch.no_grad():
        for name, parameter in sam.named_parameters():
            if "output_hypernetworks" in name or "output_upscaling" in name:
                parameter.mul_(3)
    return sam


def export_segment_anything(sam: Any, side: int, folder: Path) -> tuple[Path, Path]:
    """Encoder and decoder, by the authors' own export."""
    grid = side // 16
    encoder, decoder = folder / "encoder.onnx", folder / "decoder.onnx"
    torch.onnx.export(
        sam.image_encoder,
        (torch.zeros(1, 3, side, side),),
        str(encoder),
        dynamo=False,
        opset_version=17,
        input_names=["image"],
        output_names=["image_embeddings"],
    )
    feeds = {
        "image_embeddings": torch.randn(1, 64, grid, grid),
        "point_coords": torch.rand(1, 5, 2) * side,
        "point_labels": torch.tensor([[1.0, 0, 1, 2, 3]]),
        "mask_input": torch.zeros(1, 1, 4 * grid, 4 * grid),
        "has_mask_input": torch.zeros(1),
        "orig_im_size": torch.tensor([300.0, 400.0]),
    }
    torch.onnx.export(
        sam_export.SamOnnxModel(sam, return_single_mask=True),
        tuple(feeds.values()),
        str(decoder),
        dynamo=False,
        opset_version=17,
        input_names=list(feeds),
        output_names=["masks", "iou_predictions", "low_res_masks"],
        dynamic_axes={"point_coords": {1: "n"}, "point_labels": {1: "n"}},
    )
    return encoder, decoder


@pytest.mark.slow
def test_masks_of_clicks_are_those_of_segment_anythings_own_predictor(tmp_path: Path) -> None:
    """Twenty prompts on one image: points, negative ones, boxes."""
    side = 256
    sam = segment_anything_network(side)
    encoder, decoder = export_segment_anything(sam, side, tmp_path)
    mean, deviation = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
    options = {"input": {"fit": "pad", "fill": [124, 116, 104], "mean": mean, "divide": deviation}}
    width, height = 400, 300
    pixels = photo(width, height)
    predictor = segment_anything.SamPredictor(sam)
    rng = np.random.default_rng(6)
    for runtime in RUNTIMES:
        service = packed(tmp_path, document("interactor", "segment-anything", options), [encoder, decoder], runtime)
        # SAM pads after normalising, with zeros. Whole numbers miss them by 0.006, which random weights amplify.
        shown, _ = show(pixels, ImageInput(size=(side, side), fit="pad", fill=(124, 116, 104)))
        value = torch.from_numpy(shown).permute(2, 0, 1)[None].float()
        value = (value - torch.tensor(mean)[:, None, None]) / torch.tensor(deviation)[:, None, None]
        predictor.reset_image()
        predictor.original_size, predictor.input_size = (height, width), (192, side)
        with torch.no_grad():
            predictor.features = sam.image_encoder(value)
        predictor.is_image_set = True
        overlaps = []
        for number in range(20):
            inside = rng.random((1 + number % 3, 2)) * (width, height)
            outside = rng.random((number % 2, 2)) * (width, height)
            corners = np.sort(rng.random((2, 2)) * (width, height), axis=0) if number % 4 == 3 else None
            request = {"pos_points": inside.tolist(), "neg_points": outside.tolist()}
            request["obj_bbox"] = None if corners is None else corners.tolist()
            answer = ask(service, image=encode(pixels), **request)
            points = np.concatenate((inside, outside))
            labels = np.array([1] * len(inside) + [0] * len(outside))
            # One mask: the predictor's first for several prompts, as SAM's own export selects it.
            several = len(points) + (2 if corners is not None else 1) > 2
            box = None if corners is None else corners.ravel()
            masks, scores, _ = predictor.predict(points, labels, box, multimask_output=not several)
            truth = masks[int(scores.argmax())]
            overlaps.append(overlap(truth, answer))
        print(f"\n{runtime}: least overlap {min(overlaps):.5f}")  # noqa: T201
        assert min(overlaps) >= 0.999


def overlap(truth: Any, answer: dict[str, Any]) -> float:
    """Intersection over union of a mask and an answer."""
    drawn = np.zeros(truth.shape, bool)
    left, top, right, bottom = answer["bounds"]
    if answer["points"]:
        drawn[top : bottom + 1, left : right + 1] = np.array(answer["mask"], bool)
    union = (truth | drawn).sum()
    return float((truth & drawn).sum() / union) if union else 1.0

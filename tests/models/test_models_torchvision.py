"""torchvision's own Faster R-CNN, exported and served, against torchvision itself. Needs both installed.

The weights are random (seeded), as none are shipped: the two last layers are scaled so that scores spread.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models.__main__ import main
from models.archive import pack
from models.examples import encode
from models.export import export_detector
from models.function import read_function

from tests.support.models.model_process import FUNCTIONS, RCNN, running, unpack

pytestmark = [
    pytest.mark.slow,
    # torch warns about its own tracing of torchvision's code, which cannot be changed here.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Converting a tensor"),
]


def _torchvision() -> tuple[Any, Any]:
    try:
        import torch  # noqa: PLC0415
        from torchvision.models import detection  # noqa: PLC0415
    except (ImportError, RuntimeError) as error:  # a torchvision built for another torch raises RuntimeError
        pytest.skip(f"torch and torchvision are not installed, or do not fit each other: {error}")
    return torch, detection


def _network(torch: Any, detection: Any, tensor: Any) -> Any:
    """Faster R-CNN with random weights whose scores are neither all alike nor all 0 or 1."""
    torch.manual_seed(0)
    network = detection.fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, min_size=240, max_size=400, box_score_thresh=0.05
    ).eval()
    spreads: dict[Any, float] = {}
    layers = (network.roi_heads.box_predictor.cls_score, network.rpn.head.cls_logits)

    def note(layer: Any, _inputs: Any, output: Any) -> None:
        spreads.setdefault(layer, float(output.std()))

    hooks = [layer.register_forward_hook(note) for layer in layers]
    with torch.no_grad():
        network([tensor])
        for layer in layers:
            layer.weight.mul_(2.0 / spreads[layer])
    for hook in hooks:
        hook.remove()
    return network


def test_the_exported_network_served_over_http_agrees_with_torchvision(tmp_path: Path) -> None:
    torch, detection = _torchvision()
    rng = np.random.default_rng(3)
    coarse = torch.from_numpy(rng.random((1, 3, 12, 16), np.float32))
    smooth = torch.nn.functional.interpolate(coarse, size=(240, 320), mode="bicubic")[0].clamp(0, 1)
    pixels = (smooth.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    network = _network(torch, detection, tensor)
    with torch.no_grad():
        truth = {key: value.numpy() for key, value in network([tensor])[0].items()}
    export_detector(network, tmp_path / "model.onnx")
    pack(FUNCTIONS, RCNN, [tmp_path / "model.onnx"], tmp_path)
    with running(unpack(tmp_path / f"{RCNN}.tar.gz", tmp_path / "unpacked")) as server:
        answer = server.call({"image": encode(pixels), "threshold": 0.05})
    labels = read_function(FUNCTIONS / f"{RCNN}.yaml").labels
    named = [index for index, label in enumerate(truth["labels"]) if int(label) in labels]
    named = [index for index in named if (truth["boxes"][index, 2:] > truth["boxes"][index, :2]).all()]
    assert len(named) > 10, "random weights that find nothing prove nothing"
    assert len({round(float(score), 3) for score in truth["scores"][named]}) > 5, "scores all alike prove no order"
    boxes = np.array([item["points"] for item in answer])
    scores = np.array([item["confidence"] for item in answer])
    assert [item["label"] for item in answer] == [labels[int(truth["labels"][index])] for index in named]
    print(  # noqa: T201  the figures that a report asks for
        f"\n{len(answer)} boxes; differences up to {np.abs(boxes - truth['boxes'][named]).max():.3f} pixels, "
        f"{np.abs(scores - truth['scores'][named]).max():.5f} in score"
    )
    assert boxes == pytest.approx(truth["boxes"][named], abs=0.1)
    assert scores == pytest.approx(truth["scores"][named], abs=0.001)


def test_without_torch_the_export_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["export", "pth-faster-rcnn", "--output", str(tmp_path / "model.onnx")]) == 1
    assert "export needs torch and torchvision" in capsys.readouterr().err

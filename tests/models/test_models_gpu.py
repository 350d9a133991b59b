"""What computes where the image is built for a GPU: the GPU, or a sentence; never a slow CPU that nobody knows of.

ONNX Runtime's CPU build says that it has CUDA here; what it then does with a session is its own.
"""

import logging
import re
import warnings
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
from models import runtime_onnxruntime
from models.errors import ModelError
from models.runtime import RUNTIMES
from models.runtime_onnxruntime import CPU, CUDA, make
from models.samples import embedding, save

from tests.support.models.model_process import PROGRAM


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return save(embedding(), tmp_path)[0]


@pytest.fixture
def cuda_build(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """ONNX Runtime as in the GPU image; what is done with it."""
    done: list[str] = []
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: done.append("libraries"), raising=False)
    return done


def load(network: Path) -> Any:
    return make(1).load(network, {"image": "data"}, {"vectors": "reid_embedding"})


def test_the_gpu_comes_first_and_answers_in_full_precision(
    network: Path, cuda_build: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(runtime_onnxruntime, "GPU", tmp_path)
    asked: list[Any] = []

    class Session(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, path: Path, options: Any, providers: list[Any]) -> None:
            asked.extend(providers)
            super().__init__(path, options, providers=[CPU])

        def get_providers(self) -> list[str]:
            return [CUDA, CPU]

    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)
    load(network)
    assert asked == [(CUDA, {"use_tf32": "0"}), CPU], "operations that CUDA lacks are computed on the CPU"
    assert cuda_build == ["libraries"], "CUDA's libraries are packages, where the loader does not look"


def test_an_instance_without_a_gpu_computes_on_the_cpu_and_the_log_says_so(
    network: Path,
    cuda_build: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(runtime_onnxruntime, "GPU", tmp_path / "none")
    with caplog.at_level(logging.WARNING):
        load(network)
    assert "no GPU is found" in caplog.text
    assert "such as ml.g4dn.xlarge, or build the image with RUNTIME=onnxruntime" in caplog.text
    assert not cuda_build, "2 GB of libraries are not read for nothing"


def test_a_gpu_that_cannot_be_used_ends_the_start(
    network: Path, cuda_build: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(runtime_onnxruntime, "GPU", tmp_path)
    with (
        warnings.catch_warnings(),
        pytest.raises(ModelError, match=r"has a GPU, but ONNX Runtime cannot use it: the driver"),
    ):
        warnings.simplefilter("ignore")  # ONNX Runtime's own words, and then it goes on with the CPU
        load(network)
    assert cuda_build


def test_the_gpu_image_has_one_runtime_for_cuda_12_and_no_other() -> None:
    locked = (PROGRAM / "requirements-cuda.lock").read_text()
    assert not re.search(r"^(openvino|onnxruntime)==", locked, re.MULTILINE), "the other one would be chosen"
    cuda = re.findall(r"^nvidia-[a-z0-9-]+-cu(\d+)==", locked, re.MULTILINE)
    assert set(cuda) == {"12"}, "the drivers of SageMaker's default hosts know no CUDA 13"
    assert re.search(r"^onnxruntime-gpu==1\.2[0-9]\.", locked, re.MULTILINE)
    assert list(RUNTIMES) == ["openvino", "onnxruntime"]

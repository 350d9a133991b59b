"""Sample archives, and a running server of each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from models.runtime import RUNTIMES
from models.samples import pack_samples

from tests.support.models.model_process import (
    FUNCTIONS,
    IOG,
    RCNN,
    REID,
    SIAMMASK,
    TENSORFLOW,
    ModelProcess,
    running,
    unpack,
)


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with <function>.tar.gz for all five."""
    folder = tmp_path_factory.mktemp("archives")
    pack_samples(folder, FUNCTIONS)
    return folder


@pytest.fixture(scope="session")
def unpacked(archives: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each archive as SageMaker unpacks it."""
    folders = {}
    for archive in sorted(archives.iterdir()):
        name = archive.name.removesuffix(".tar.gz")
        folders[name] = unpack(archive, tmp_path_factory.mktemp(name))
    return folders


@pytest.fixture(scope="session", params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> str:
    """Each runtime in turn: what a handler's suite claims holds for both."""
    return str(request.param)


@pytest.fixture(scope="session")
def reid(unpacked: dict[str, Path], runtime: str) -> Iterator[ModelProcess]:
    with running(unpacked[REID], {"FUNCTION": REID, "RUNTIME": runtime}) as server:
        yield server


@pytest.fixture(scope="session")
def torchvision(unpacked: dict[str, Path], runtime: str) -> Iterator[ModelProcess]:
    with running(unpacked[RCNN], {"FUNCTION": RCNN, "RUNTIME": runtime}) as server:
        yield server


@pytest.fixture(scope="session")
def tensorflow(unpacked: dict[str, Path], runtime: str) -> Iterator[ModelProcess]:
    with running(unpacked[TENSORFLOW], {"FUNCTION": TENSORFLOW, "RUNTIME": runtime}) as server:
        yield server


@pytest.fixture(scope="session")
def iog(unpacked: dict[str, Path], runtime: str) -> Iterator[ModelProcess]:
    with running(unpacked[IOG], {"FUNCTION": IOG, "RUNTIME": runtime}) as server:
        yield server


@pytest.fixture(scope="session")
def siammask(unpacked: dict[str, Path], runtime: str) -> Iterator[ModelProcess]:
    with running(unpacked[SIAMMASK], {"FUNCTION": SIAMMASK, "RUNTIME": runtime}) as server:
        yield server


@pytest.fixture(scope="session")
def servers(
    reid: ModelProcess,
    torchvision: ModelProcess,
    tensorflow: ModelProcess,
    iog: ModelProcess,
    siammask: ModelProcess,
) -> dict[str, ModelProcess]:
    """All five by the name of their fixture."""
    return {"reid": reid, "torchvision": torchvision, "tensorflow": tensorflow, "iog": iog, "siammask": siammask}

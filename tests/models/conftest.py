"""Sample archives, and a running server of each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
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


@pytest.fixture(scope="session")
def reid(unpacked: dict[str, Path]) -> Iterator[ModelProcess]:
    with running(unpacked[REID], {"FUNCTION": REID}) as server:
        yield server


@pytest.fixture(scope="session")
def torchvision(unpacked: dict[str, Path]) -> Iterator[ModelProcess]:
    with running(unpacked[RCNN], {"FUNCTION": RCNN}) as server:
        yield server


@pytest.fixture(scope="session")
def tensorflow(unpacked: dict[str, Path]) -> Iterator[ModelProcess]:
    with running(unpacked[TENSORFLOW], {"FUNCTION": TENSORFLOW}) as server:
        yield server


@pytest.fixture(scope="session")
def iog(unpacked: dict[str, Path]) -> Iterator[ModelProcess]:
    with running(unpacked[IOG], {"FUNCTION": IOG}) as server:
        yield server


@pytest.fixture(scope="session")
def siammask(unpacked: dict[str, Path]) -> Iterator[ModelProcess]:
    with running(unpacked[SIAMMASK], {"FUNCTION": SIAMMASK}) as server:
        yield server

"""Gateways before a stub of SageMaker's runtime."""

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from gateway.app import Gateway
from gateway.server import make_runner
from gateway.settings import Settings
from gateway_bench.stub import Stub

from tests.support.gateway.serving import CREDENTIALS, FUNCTIONS, serve, serve_stub
from tests.support.gateway.sleeping_gateway import DRIVERS, player


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One function of each kind, named after it."""
    folder = tmp_path_factory.mktemp("functions")
    for kind, keys in FUNCTIONS.items():
        annotations = {"name": f"A {kind}", "type": kind, "framework": "pytorch", **keys}
        document = {
            "metadata": {"name": kind, "namespace": "cvat", "annotations": annotations},
            "spec": {"description": f"Describes the {kind}"},
        }
        (folder / f"{kind}.yaml").write_text(yaml.safe_dump(document))
    return folder


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
def start(registry: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Starts gateways before the stub, with settings as keyword arguments; gives addresses."""
    with contextlib.ExitStack() as stack:
        runtime = stack.enter_context(serve_stub(stub))
        endpoints = {kind: {"endpoint": kind} for kind in FUNCTIONS}
        common = {
            "FUNCTIONS_DIR": str(registry),
            "SERVERLESS_ENDPOINTS": json.dumps(endpoints),
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime,
            **CREDENTIALS,
        }

        def begin(**own: str) -> str:
            for name, value in (common | own).items():  # botocore reads them for itself
                monkeypatch.setenv(name, value)
            return stack.enter_context(serve(lambda: make_runner(Gateway(Settings.from_environ(os.environ)).app, 1)))

        yield begin


@pytest.fixture
def gateway(start: Callable[..., str]) -> str:
    """Address of a gateway with default settings."""
    return start()


@pytest.fixture(params=sorted(DRIVERS))
def driver(request: pytest.FixtureRequest) -> str:
    """Each way in which an endpoint sleeps."""
    return str(request.param)


@pytest.fixture
def play(registry: Path, driver: str) -> Callable[..., None]:
    """See player."""
    return player(registry, driver)

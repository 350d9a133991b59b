"""A gateway and a stub of SageMaker's runtime, each in a thread of its own, called over real HTTP."""

import asyncio
import contextlib
import io
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from gateway.app import Gateway
from gateway.settings import Settings
from gateway_bench.stub import Stub
from PIL import Image

REGISTRY = Path(__file__).parents[2] / "serverless" / "functions"
CREDENTIALS = {
    "AWS_REGION": "cn-northwest-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "very-secret-key",
    "AWS_SESSION_TOKEN": "very-secret-token",
}
LABELS = [
    {"id": 1, "name": "car", "attributes": [{"name": "colour", "input_type": "text", "values": []}]},
    {"id": 2, "name": "person"},
]
FUNCTIONS: dict[str, dict[str, object]] = {
    "detector": {"spec": json.dumps(LABELS)},
    "interactor": {"min_pos_points": 1, "min_neg_points": 0, "startswith_box": True},
    "tracker": {"startswith_box": "false"},
    "reid": {},
}


@contextlib.contextmanager
def serve(make: Callable[[], web.Application]) -> Iterator[str]:
    """Run an application in a thread; gives its address."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    address: list[str] = []

    async def run() -> web.AppRunner:
        runner = web.AppRunner(make(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        return runner

    def main() -> None:
        runner = loop.run_until_complete(run())
        started.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    assert started.wait(30), "the application did not start within 30 s"
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


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
        runtime = stack.enter_context(serve(stub.app))
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
            return stack.enter_context(serve(lambda: Gateway(Settings.from_environ(os.environ)).app))

        yield begin


@pytest.fixture
def gateway(start: Callable[..., str]) -> str:
    """Address of a gateway with default settings."""
    return start()


def picture(width: int = 64, height: int = 48, form: str = "JPEG") -> bytes:
    """An image file."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, form)
    return out.getvalue()

"""A gateway and a stub of SageMaker's runtime: in a thread of their own or as a process, called over real HTTP."""

import asyncio
import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
from aiohttp import web
from PIL import Image

from patches.trial.serving import free_port

FOLDER = Path(__file__).parents[3] / "serverless" / "gateway"
REGISTRY = FOLDER.parent / "functions"
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
def serve(make: Callable[[], web.AppRunner]) -> Iterator[str]:
    """Runs an application in a thread; gives its address."""
    loop, started = asyncio.new_event_loop(), threading.Event()
    address: list[str] = []

    async def run() -> web.AppRunner:
        runner = make()
        await runner.setup()
        listening = web.TCPSite(runner, "127.0.0.1", 0)
        await listening.start()
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


def serve_stub(stub: Any) -> contextlib.AbstractContextManager[str]:
    """Address of a stub of SageMaker's runtime."""
    return serve(lambda: web.AppRunner(stub.app(), access_log=None, shutdown_timeout=1))


@contextlib.contextmanager
def process(*options: str, **environ: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`python -m gateway` with exactly these variables, once it answers; its address and the process."""
    port = free_port()
    command = [sys.executable, "-m", "gateway", *options]
    variables = {"PATH": os.environ["PATH"], "PORT": str(port), **environ}
    with subprocess.Popen(command, cwd=FOLDER, env=variables, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address)
            yield address, running
        finally:
            running.kill()


def wait_for(address: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{address}/healthz", timeout=5).ok:
                return
        time.sleep(0.05)
    raise AssertionError("the gateway did not answer within 20 s")


def picture(width: int = 64, height: int = 48, form: str = "JPEG") -> bytes:
    """An image file."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, form)
    return out.getvalue()

"""Starts the model containers' program and the gateway on this machine, as a deployment runs them."""

import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from models.errors import ModelError

from models_demo.runtime_stand_in import ENDPOINT, endpoint

SERVERLESS = Path(__file__).resolve().parents[2]
START_S = 60


@contextmanager
def running(archives: Sequence[Path], functions: Path) -> Iterator[str]:
    """The address of a gateway behind which each archive is served by a process of its own."""
    with ExitStack() as stack:
        ports = {}
        for archive in archives:
            name = archive.name.removesuffix(".tar.gz")
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            variables = {"MODEL_DIR": str(folder), "FUNCTION": name, "MODEL_CONTAINERS": str(len(archives))}
            port = free_port()
            variables |= {"SAGEMAKER_BIND_TO_PORT": str(port)}
            stack.enter_context(_process("models", ["serve"], SERVERLESS / "models", variables, f"{port}/ping"))
            ports[name] = port
        runtime = stack.enter_context(endpoint(ports))
        port = free_port()
        variables = {
            "PORT": str(port),
            "FUNCTIONS_DIR": str(functions.resolve()),
            "SERVERLESS_SAGEMAKER_ENDPOINT": ENDPOINT,
            "SHUTDOWN_DELAY_S": "0",
            "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime,
            "AWS_REGION": "cn-northwest-1",
            "AWS_ACCESS_KEY_ID": "demonstration",
            "AWS_SECRET_ACCESS_KEY": "demonstration",
        }
        stack.enter_context(_process("gateway", [], SERVERLESS / "gateway", variables, f"{port}/healthz"))
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _process(
    package: str, arguments: Sequence[str], folder: Path, variables: Mapping[str, str], ready: str
) -> Iterator[None]:
    """A process of `python -m package`, once it answers 200 to GET 127.0.0.1:ready. Raises ModelError."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603  our own packages
            [sys.executable, "-m", package, *arguments],
            cwd=folder,
            env={**os.environ, **variables},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_S
            while not _answers(f"http://127.0.0.1:{ready}"):
                if process.poll() is not None or time.monotonic() > deadline:
                    output.seek(0)
                    raise ModelError(f"`python -m {package}` does not start: {output.read().decode()[-500:]}")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  this machine
            return bool(answer.status == 200)  # noqa: PLR2004
    except OSError:
        return False

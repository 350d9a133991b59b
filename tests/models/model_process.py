"""Starts the real server process on a free port, and calls it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "serverless" / "functions"
PROGRAM = ROOT / "serverless" / "models"
REID, RCNN, SIAMMASK, IOG, TENSORFLOW = (
    "openvino-person-reidentification-retail",
    "pth-faster-rcnn",
    "pth-foolwood-siammask",
    "pth-shiyinzhang-iog",
    "tf-faster-rcnn-inception-v2-coco",
)
START_S = 30


@dataclass
class Answer:
    status: int
    body: Any


@dataclass
class ModelProcess:
    """A running `python -m models serve`."""

    port: int
    process: subprocess.Popen[str]

    def call(self, body: Any) -> Any:
        """The answer to a good request."""
        answer = self.send(orjson.dumps(body))
        assert answer.status == 200, f"refused: {answer.body}"
        return answer.body

    def send(self, raw: bytes, path: str = "/invocations", method: str = "POST") -> Answer:
        """Whatever comes back for these bytes; every answer must be JSON."""
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=raw if method == "POST" else None, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Answer(response.status, orjson.loads(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, orjson.loads(error.read()))

    def refusal(self, body: Any) -> str:
        """The sentence with which a request is refused; it must be the caller's fault."""
        answer = self.send(body if isinstance(body, bytes) else orjson.dumps(body))
        assert 400 <= answer.status < 500, f"not refused as the caller's error: {answer}"
        assert set(answer.body) == {"error"}, "an error is one sentence"
        return str(answer.body["error"])

    def stop(self) -> tuple[int, str]:
        """SIGTERM; the exit code and what was logged."""
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=40)
        return self.process.returncode, output


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(folder: Path, environment: Mapping[str, str] | None = None) -> ModelProcess:
    """Starts a server for an unpacked archive and does not wait for it."""
    port = free_port()
    variables = {"MODEL_DIR": str(folder), "SAGEMAKER_BIND_TO_PORT": str(port), **(environment or {})}
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "models", "serve"],
        cwd=PROGRAM,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return ModelProcess(port, process)


def wait_until_ready(server: ModelProcess) -> None:
    """Returns when /ping answers 200; fails with the process's own words."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended: {server.process.communicate()[0]}")
        try:
            if server.send(b"", "/ping", "GET").status == 200:
                return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.02)
    raise AssertionError(f"not ready within {START_S} s")


@contextmanager
def running(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[ModelProcess]:
    """A server that answers, ended on the way out."""
    server = start(folder, environment)
    try:
        wait_until_ready(server)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
        server.process.communicate()

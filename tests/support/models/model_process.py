"""Starts the real server process on a free port, and calls it."""

import http.client
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from patches.trial.serving import free_port

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = ROOT / "serverless" / "functions"
PROGRAM = ROOT / "serverless" / "models"
REID, RCNN, SIAMMASK, IOG, TENSORFLOW = (
    "openvino-person-reidentification-retail",
    "pth-faster-rcnn",
    "pth-foolwood-siammask",
    "pth-shiyinzhang-iog",
    "tf-faster-rcnn-inception-v2-coco",
)
START_S = 120
"""Five processes at once on a busy machine need more than half a minute."""


@dataclass
class Answer:
    status: int
    body: Any


@dataclass
class ModelProcess:
    """A running `python -m models serve`."""

    port: int
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    """What it prints. A file, as a full pipe would stop the server."""

    def call(self, body: Any) -> Any:
        """The answer to a good request."""
        answer = self.send(orjson.dumps(body))
        assert answer.status == 200, f"refused: {answer.body}"
        return answer.body

    def send(
        self, raw: bytes, path: str = "/invocations", method: str = "POST", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Whatever comes back for these bytes; every answer must be JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with closing(connection):
            connection.request(method, path, raw if method == "POST" else None, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, orjson.loads(response.read()))

    def refusal(self, body: Any) -> str:
        """The sentence with which a request is refused; it must be the caller's fault."""
        answer = self.send(body if isinstance(body, bytes) else orjson.dumps(body))
        assert 400 <= answer.status < 500, f"not refused as the caller's error: {answer}"
        assert set(answer.body) == {"error"}, "an error is one sentence"
        return str(answer.body["error"])

    def logged(self) -> str:
        """What it has printed so far."""
        self.output.seek(0)
        return self.output.read().decode()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=40)

    def end(self) -> None:
        """Whatever state it is in, nothing is left of it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.output.close()


def unpack(archive: Path, folder: Path) -> Path:
    """Does what SageMaker does with model.tar.gz."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder


def start(folder: Path, environment: Mapping[str, str] | None = None) -> ModelProcess:
    """Starts a server for an unpacked archive and does not wait for it."""
    port = free_port()
    variables = {"MODEL_DIR": str(folder), "SAGEMAKER_BIND_TO_PORT": str(port), **(environment or {})}
    output = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the process does
    process = subprocess.Popen(
        [sys.executable, "-m", "models", "serve"],
        cwd=PROGRAM,
        env={**os.environ, **variables},
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    return ModelProcess(port, process, output)


def wait_until_ready(server: ModelProcess) -> None:
    """Returns when /ping answers 200; fails with the process's own words."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended: {server.logged()}")
        try:
            if server.send(b"", "/ping", "GET").status == 200:
                return
        except ConnectionError:
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
        server.end()

"""The gateway as a process, with the environment of its task; always ended."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

GATEWAY = Path("serverless") / "gateway"
"""Where the gateway's package is in the project."""
START_SECONDS = 60.0
"""Far more than it needs (under 2 s), for machines that do much else."""
STOP_SECONDS = 10.0
CALL_SECONDS = 30.0
POLL_SECONDS = 0.02
ATTEMPTS = 3
"""Another process may take the port between choosing and using it."""

OWN_SETTINGS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""Keeps the machine's own AWS settings out of a process that is to have its task's only."""


class StartError(Exception):
    """The gateway does not start; the text says why."""


class Gateway:
    """A context manager: inside the block it answers."""

    def __init__(self, project: Path, environment: Mapping[str, str]) -> None:
        self._folder = project / GATEWAY
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._port = self._batch_port = 0
        self._output: IO[bytes] | None = None

    def __enter__(self) -> Gateway:
        for attempt in range(1, ATTEMPTS + 1):
            self._start()
            try:
                self._wait()
            except BaseException as error:
                self._stop()
                if attempt < ATTEMPTS and "address already in use" in str(error):
                    continue
                raise
            return self
        raise AssertionError("the last attempt returns or raises")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def call(
        self, method: str, path: str, body: Any = None, *, batch: bool = False, **headers: str
    ) -> tuple[int, str, Any]:
        """Status, reason phrase and the JSON of one call; `batch`: at the port of CVAT's annotation worker."""
        port = self._batch_port if batch else self._port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_SECONDS)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except OSError as error:
            return 0, f"no answer: {error}{self._last_output()}", None
        finally:
            connection.close()
        try:
            return answer.status, answer.reason, json.loads(text)
        except ValueError:
            return answer.status, answer.reason, text.decode(errors="replace")

    def invoke(self, function: str, payload: Mapping[str, Any], *, batch: bool = False) -> tuple[int, str, Any]:
        """Call a function with the headers of CVAT at this project's commit (cvat/apps/lambda_manager/views.py)."""
        headers = {
            "Content-Type": "application/json",
            "x-nuclio-project-name": "cvat",
            "x-nuclio-function-namespace": "nuclio",
            "x-nuclio-function-name": function,
            "x-nuclio-path": "/",
        }
        return self.call("POST", "/api/function_invocations", payload, batch=batch, **headers)

    def _start(self) -> None:
        with socket.socket() as first, socket.socket() as second:
            for probe in (first, second):
                probe.bind(("127.0.0.1", 0))
            self._port, self._batch_port = (int(probe.getsockname()[1]) for probe in (first, second))
        ports = {"PORT": str(self._port), "BATCH_PORT": str(self._batch_port)}
        environment = {**self._environment, **OWN_SETTINGS, **ports}
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  (closed by _stop: the process outlives this call)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway"],
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def _wait(self) -> None:
        assert self._process is not None  # noqa: S101
        until, reason = time.monotonic() + START_SECONDS, ""
        while time.monotonic() < until:
            code = self._process.poll()
            if code is not None:
                raise StartError(f"the gateway ended with exit code {code}{self._last_output()}")
            status, reason, _ = self.call("GET", "/readyz")
            if status == http.client.OK:
                return
            time.sleep(POLL_SECONDS)
        raise StartError(f"the gateway was not ready within {START_SECONDS:.0f} s ({reason}){self._last_output()}")

    def _last_output(self) -> str:
        """The last lines of its output, and the remedy where something is not installed."""
        if self._output is None:
            return ""
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        last = "; ".join(lines[-1:] if any("Traceback" in line for line in lines) else lines[-5:])
        remedy = " Run `make setup`, which installs what it needs." if "ModuleNotFoundError" in last else ""
        return f": {last}.{remedy}" if last else "."

    def _stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # after SIGTERM, it would take calls for a while
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._output is not None:
            self._output.close()
            self._output = None

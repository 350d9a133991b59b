"""`python -m rehearsal serve` as a process of its own, and clients that speak to it."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from patches.trial.serving import free_port
from rehearsal.defaults import HOME

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

REGION = "cn-northwest-1"
START_S = 60
"""However busy the machine is."""


class ServedAccount:
    """A context manager: the server runs inside the block."""

    def __init__(self, *words: str, port: int | None = None, project: Path = HOME, prefix: Sequence[str] = ()) -> None:
        """`prefix`: a command that is to start the server."""
        self.port = port or free_port()
        self.words, self.project, self.prefix = words, project, prefix
        self.output = ""
        """All that it printed, once it has ended."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> ServedAccount:
        command = [*self.prefix, sys.executable, "-m", "rehearsal", "serve", "--port", str(self.port), *self.words]
        # A pipe that nobody reads would fill up, and the server would wait for ever.
        self._printed = tempfile.TemporaryFile("w+", encoding="utf-8")
        streams: Any = {"stdout": self._printed, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(command, cwd=self.project, **streams)  # noqa: S603
        deadline = time.monotonic() + START_S
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    break
            except OSError:
                time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> int:
        """SIGTERM, as a service manager sends it; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(START_S)
        if not self._printed.closed:
            with self._printed:
                self._printed.seek(0)
                self.output = self._printed.read()
        return code

    def client(self, service: str, region: str = REGION, attempts: int = 1) -> Any:
        """A boto3 client. `attempts`: how often it makes a call that fails for a while."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id="practice",
            aws_secret_access_key="practice",
            config=Config(
                retries={"total_max_attempts": attempts, "mode": "standard"}, s3={"addressing_style": "path"}
            ),
        )

    def ask(self, path: str, method: str = "GET", **form: Any) -> Any:
        """The answer of the server's own pages: an object, or a text."""
        body = json.dumps(form).encode() if method == "POST" else None
        request = urllib.request.Request(self.url + path, data=body, method=method)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request) as answer:
                text, kind = answer.read().decode(), answer.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            text, kind = error.read().decode(), error.headers["Content-Type"]
        return json.loads(text) if kind == "application/json" else text


def resident_mb(process: int) -> float:
    """Memory of a process."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {process} has no memory: it has ended")


def ends_of_sockets(process: int) -> set[tuple[IPAddress, IPAddress]]:
    """Own and far end of each TCP and UDP socket of a process, without ports."""
    own = {link.readlink().name for link in Path(f"/proc/{process}/fd").iterdir() if link.is_symlink()}
    ends = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in own:
                ends.add((_address(fields[1].partition(":")[0]), _address(fields[2].partition(":")[0])))
    return ends


def _address(digits: str) -> IPAddress:
    """From the kernel's form: hexadecimal, each four bytes in this machine's order."""
    words = (bytes.fromhex(digits[start : start + 8]) for start in range(0, len(digits), 8))
    raw = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    return ipaddress.ip_address(raw)


def environment(url: str) -> dict[str, str]:
    """Of a process whose AWS clients are to reach the server and nothing else."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return own | {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "practice",
        "AWS_SECRET_ACCESS_KEY": "practice",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }

"""What goes on beside the trial's steps: slow uploads, health checks, and a connection that stays idle."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from patches.trial.client import Client, RefusedError

HEALTH = "/api/v1/restrictions/user-agreements"
BOUNDARY = "trial-boundary"


def multipart(file: Path) -> bytes:
    """The form that CVAT's interface sends for one file."""
    disposition = 'Content-Disposition: form-data; name="{}"'
    parts = [
        f"--{BOUNDARY}\r\n{disposition.format('image_quality')}\r\n\r\n70\r\n",
        f'--{BOUNDARY}\r\n{disposition.format("client_files[0]")}; filename="{file.name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n",
    ]
    return "".join(parts).encode() + file.read_bytes() + f"\r\n--{BOUNDARY}--\r\n".encode()


@dataclass
class SlowUploads:
    """Uploads of one file each to tasks of their own, in pieces, evenly over `seconds`."""

    client: Client
    tasks: list[int]
    file: Path
    seconds: float
    statuses: list[int] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self.threads = [threading.Thread(target=self._upload, args=(task,), daemon=True) for task in self.tasks]
        for thread in self.threads:
            thread.start()

    def join(self) -> None:
        for thread in self.threads:
            thread.join(timeout=self.seconds + 60)

    def _upload(self, task: int) -> None:
        body = multipart(self.file)
        pieces = max(2, int(self.seconds))
        size = len(body) // pieces + 1
        connection = http.client.HTTPSConnection("localhost", self.client.port, timeout=120, context=self._tls())
        try:
            connection.putrequest("POST", f"/api/v1/tasks/{task}/data", skip_host=True)
            for name, value in self._headers(len(body)).items():
                connection.putheader(name, value)
            connection.endheaders()
            for start in range(0, len(body), size):
                connection.send(body[start : start + size])
                time.sleep(self.seconds / pieces)
            self.statuses.append(connection.getresponse().status)
        except (OSError, http.client.HTTPException) as error:
            self.statuses.append(getattr(error, "errno", None) or -1)
        finally:
            connection.close()

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.client.session.verify))

    def _headers(self, length: int) -> dict[str, str]:
        session = self.client.session.headers
        return {
            "Host": str(session["Host"]),
            "Authorization": str(session["Authorization"]),
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(length),
        }


@dataclass
class HealthChecks:
    """Asks web processes as a load balancer does, twice a second, until stopped."""

    ports: tuple[int, ...]
    answers: list[tuple[float, Any]] = field(default_factory=list)
    """Seconds and status (or error) of each."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=60)

    def _run(self) -> None:
        while not self._stopping.wait(0.5):
            for port in self.ports:
                began = time.monotonic()
                try:
                    status: Any = requests.get(f"http://127.0.0.1:{port}{HEALTH}", timeout=60).status_code
                except requests.RequestException as error:
                    status = type(error).__name__
                self.answers.append((time.monotonic() - began, status))


class IdleConnection:
    """A connection as the load balancer keeps them: one request, a long pause, another request."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._since = 0.0

    def ask(self) -> float:
        """Send a health check over the same connection; returns the seconds that it was idle before."""
        idle = time.monotonic() - self._since if self._since else 0.0
        was = self._connection.sock
        try:
            self._connection.request("GET", HEALTH)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise RefusedError(f"the connection was closed within {idle:.0f} s: {type(error).__name__}") from error
        if was is not None and self._connection.sock is not was:
            raise RefusedError("the connection was opened again")
        self._since = time.monotonic()
        return idle

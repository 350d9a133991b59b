"""A stub of the ECS agent's endpoint for task protection; it records the requests."""

from __future__ import annotations

import json
import time
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from patches.trial.serving import serving


class Agent(ThreadingHTTPServer):
    """`requests`: (method, path, body) of each request; `answer`: status and body of the next answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str, Any]] = []
        self.answer: tuple[int, str] = (200, '{"protection": {}}')
        self.delay_s = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def protected(self) -> list[bool]:
        """ProtectionEnabled of each request, in order."""
        return [bool(body["ProtectionEnabled"]) for _, _, body in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(("PUT", self.path, json.loads(body)))
        time.sleep(self.server.delay_s)
        code, text = self.server.answer
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Not on the terminal."""


def agent() -> AbstractContextManager[Agent]:
    return serving(Agent())

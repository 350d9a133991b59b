"""A stand-in for the gateway: a detector whose answer depends on the image alone, after a time that is set."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from patches.trial.serving import serving

FUNCTION = "trial-detector"
ITEM = {
    "metadata": {"name": FUNCTION, "annotations": {"type": "detector", "spec": '[{"id": 1, "name": "car"}]'}},
    "status": {"state": "ready", "httpPort": 0},
    "spec": {"description": "boxes from a hash of the image"},
}


@dataclass
class Round:
    """The settings of the calls since the last `reset`, and their record."""

    delay_s: float = 0.0
    failing: frozenset[str] = frozenset()
    """Images, by hash, whose calls fail."""
    calls: list[str] = field(default_factory=list)
    """Images, by hash."""
    at_once: int = 0
    most_at_once: int = 0


class Models(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.round = Round()
        self.lock = threading.Lock()

    def reset(self, delay_s: float, failing: frozenset[str] = frozenset()) -> Round:
        self.round = Round(delay_s, failing)
        return self.round


class _Handler(BaseHTTPRequestHandler):
    server: Models

    def do_GET(self) -> None:
        self._answer(200, ITEM if self.path.endswith(FUNCTION) else {FUNCTION: ITEM})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        image = hashlib.sha256(body["image"].encode()).hexdigest()
        now = self.server.round
        with self.server.lock:
            now.calls.append(image)
            now.at_once += 1
            now.most_at_once = max(now.most_at_once, now.at_once)
        time.sleep(now.delay_s)
        with self.server.lock:
            now.at_once -= 1
        if image in now.failing:
            self._answer(502, {"error": "the model failed"})
            return
        left, top = int(image[:2], 16) / 8, int(image[2:4], 16) / 8
        box = {"label": "car", "type": "rectangle", "points": [left, top, left + 10, top + 10], "confidence": "0.9"}
        self._answer(200, [box, {**box, "points": [top, left, top + 5, left + 5]}])

    def _answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the worker was killed meanwhile
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Not on the terminal."""


def models() -> AbstractContextManager[Models]:
    return serving(Models())

"""A small HTTP proxy as a thread: it tunnels (CONNECT), passes on plain requests, and notes what it was asked for."""

from __future__ import annotations

import http.client
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from patches.trial.serving import serving


@dataclass
class RunningProxy:
    url: str = ""
    asked: list[str] = field(default_factory=list)
    """`CONNECT host:port`, or method and whole URL."""


@contextmanager
def http_proxy(leads_to: str) -> Iterator[RunningProxy]:
    """A proxy that takes every host to be at the address `leads_to`, http://host:port."""
    target, running = urlsplit(leads_to), RunningProxy()

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            running.asked.append(f"CONNECT {self.path}")
            with socket.create_connection((str(target.hostname), target.port or 80)) as upstream:
                self.send_response(200)
                self.end_headers()
                _join(self.connection, upstream)
            self.close_connection = True

        def do_GET(self) -> None:
            running.asked.append(f"{self.command} {self.path}")
            body = self._body()
            connection = http.client.HTTPConnection(str(target.hostname), target.port, timeout=30)
            address = urlsplit(self.path)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
            connection.request(self.command, address.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def log_message(self, *_: object) -> None:
            """Not on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        yield running


def _join(near: socket.socket, far: socket.socket) -> None:
    """Copies in both directions until one side ends, or nothing comes for some seconds."""
    while readable := select.select([near, far], [], [], 5)[0]:
        for source in readable:
            data = source.recv(65536)
            if not data:
                return
            (far if source is near else near).sendall(data)

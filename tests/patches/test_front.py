"""nginx with our configuration in front of a server that can do one thing at a time, as Python threads are few."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cvat_aws import front

from patches.trial.serving import free_port

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 1
"""Stands for 300 s: an upload of three times as long stands for 15 minutes."""
PIECES, PAUSE_S = 12, 0.25
pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")


class OneThread(HTTPServer):
    """Answers one request after the other, with what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.received: list[int] = []
        self.headers: list[dict[str, str]] = []


class Echo(BaseHTTPRequestHandler):
    server: OneThread

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.server.received.append(len(body))
        self.server.headers.append(dict(self.headers))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Not on the terminal."""


@pytest.fixture(scope="module")
def behind() -> Iterator[OneThread]:
    server = OneThread()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def port(behind: OneThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, folder = free_port(), tmp_path_factory.mktemp("nginx")
    folder.chmod(0o777)  # as root, nginx gives its workers another user
    command = front.nginx(folder, front.configuration(folder, port, behind.server_port, TIMEOUT_S))
    process = subprocess.Popen(command)  # noqa: S603
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            time.sleep(0.05)
    yield port
    process.terminate()
    process.wait(10)


def slow_upload(port: int, statuses: list[int]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.putrequest("POST", "/upload")
    connection.putheader("Content-Length", str(PIECES))
    connection.endheaders()
    for _ in range(PIECES):
        time.sleep(PAUSE_S)
        connection.send(b"x")
    statuses.append(connection.getresponse().status)
    connection.close()


def test_slow_uploads_arrive_and_delay_no_other_request(port: int, behind: OneThread) -> None:
    statuses: list[int] = []
    uploads = [threading.Thread(target=slow_upload, args=(port, statuses)) for _ in range(8)]
    for upload in uploads:
        upload.start()
    slowest = 0.0
    while any(upload.is_alive() for upload in uploads):
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/health")
        assert connection.getresponse().status == http.client.OK
        connection.close()
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.1)
    assert statuses == [200] * 8, "they took three times as long as a client may be silent"
    assert behind.received.count(PIECES) == 8
    assert slowest < 1.0, "the one thread was held by an upload"


def test_a_client_that_falls_silent_is_given_up(port: int, behind: OneThread) -> None:
    before = len(behind.received)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: cvat\r\nContent-Length: 5\r\n\r\nab")
        assert connection.recv(1000) in (b"", *[b"HTTP/1.1 408"]), "nginx closes the connection"
    assert len(behind.received) == before, "Python never heard of it"


def test_what_the_load_balancer_wrote_into_the_request_arrives_unchanged(port: int, behind: OneThread) -> None:
    sent = {"Host": "cvat.example:8443", "X-Forwarded-For": "192.0.2.1, 198.51.100.7", "X-Forwarded-Proto": "https"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/api//v1/tasks?x=%2F", headers=sent)
    connection.getresponse().read()
    connection.close()
    arrived = behind.headers[-1]
    assert {name: arrived[name] for name in sent} == sent


def test_an_idle_connection_outlives_the_longest_idle_timeout_of_a_load_balancer() -> None:
    for text in (front.configuration(Path("folder"), 1, 2, 300), (ROOT / "patches/ui.nginx.conf").read_text()):
        assert f"keepalive_timeout {front.KEEP_ALIVE_S}s;" in text
    for image in ("server", "ui"):
        declared = json.loads((ROOT / f"patches/{image}.environment.json").read_text())["keepAliveSeconds"]
        assert declared == front.KEEP_ALIVE_S, "the rehearsal compares it with the load balancer's"
    assert front.KEEP_ALIVE_S > 4000, "the most that an Application Load Balancer can be set to"


def test_idle_connections_are_used_again(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for pause_s in (2.5, 0):  # Apache with mod_wsgi closes after 2 s
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        assert not answer.will_close
        time.sleep(pause_s)
    connection.close()


TOGETHER = (
    "import sys; sys.path.insert(0, 'patches/overlay'); from cvat_aws import front; sys.exit(front.run_together({}))"
)


def together(*commands: list[str], stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", TOGETHER.format(list(commands))]
    return subprocess.Popen(command, cwd=ROOT, stderr=stderr)  # noqa: S603


def test_when_one_program_ends_all_end_and_the_container_fails(tmp_path: Path) -> None:
    mark = tmp_path / "stopped"
    patient = ["sh", "-c", f"trap 'touch {mark}; exit' TERM; while :; do sleep 0.1; done"]
    process = together(["sh", "-c", "sleep 0.5; exit 7"], patient, stderr=subprocess.PIPE)
    _, output = process.communicate(timeout=10)
    assert process.returncode == 7
    assert b"ended with exit code 7" in output
    assert mark.exists(), "the other was stopped, not left behind"
    assert together(["true"], ["sleep", "60"]).wait(10) == 1, "a server that ends has failed, whatever it says"


def test_sigterm_ends_both_well() -> None:
    process = together(["sleep", "60"], ["sleep", "60"])
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
